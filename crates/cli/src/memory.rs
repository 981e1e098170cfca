//! What happens when there is no more memory: a sentence and the exit code of everything that is refused.

use std::alloc::{GlobalAlloc, Layout};
use std::io::Write;

use mimalloc::MiMalloc;

/// What is said where the system starts no more threads, which it mostly does for want of memory.
pub(crate) const NO_THREAD: &str = "the system starts no more threads: allow this program more memory or threads (`ulimit -v`, `ulimit -u`), \
     or write --threads 1";

/// Training and preprocessing allocate and free large buffers over and over; mimalloc keeps their pages. Where it has none to give,
/// the command says so and ends, where Rust would end it by a signal.
pub(crate) struct Allocator;

#[allow(unsafe_code, reason = "an allocator is unsafe by its nature")]
// SAFETY: every call goes to mimalloc's allocator as it comes, and what that gives back is given back, unless it is null.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: what the caller promises is what mimalloc asks for.
        had(unsafe { MiMalloc.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: what the caller promises is what mimalloc asks for.
        had(unsafe { MiMalloc.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: what the caller promises is what mimalloc asks for, which alone has given out memory here.
        had(unsafe { MiMalloc.realloc(memory, layout, size) }, size)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: what the caller promises is what mimalloc asks for, which alone has given out memory here.
        unsafe { MiMalloc.dealloc(memory, layout) }
    }
}

fn had(memory: *mut u8, size: usize) -> *mut u8 {
    if memory.is_null() {
        end(size);
    }
    memory
}

/// Ends the process with as little as can be done without memory.
#[cold]
#[allow(clippy::disallowed_methods, reason = "nothing can be returned any more")]
fn end(size: usize) -> ! {
    let _ = writeln!(
        std::io::stderr(),
        "\n  x there is no more memory: {size} bytes more were asked for; close other programs, allow this one more (`ulimit -v`), or take \
         fewer --threads, smaller batches or fewer recordings; nothing is left half written"
    );
    leave()
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "what `exit` would run takes memory")]
fn leave() -> ! {
    // SAFETY: the call takes a number and does not come back.
    unsafe { libc::_exit(crate::exit_code::INPUT.into()) }
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::disallowed_methods, reason = "nothing can be returned any more")]
fn leave() -> ! {
    std::process::exit(crate::exit_code::INPUT.into())
}

/// Whether a library ended in a panic because the system started no thread for it.
pub(crate) fn no_thread_is_to_be_had(panic: &str) -> bool {
    ["failed to spawn thread", "could not spawn threads", "failed to spawn"]
        .iter()
        .any(|words| panic.contains(words))
}
