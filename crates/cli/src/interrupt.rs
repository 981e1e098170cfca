//! What is said after Ctrl-C: whether anything is lost, and how to go on.

use std::sync::Mutex;

use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

use crate::say::tell;

/// What to say; nothing while no command that goes on later runs.
static KEPT: Mutex<String> = Mutex::new(String::new());

/// Says from now on what becomes of the work when it is interrupted.
pub(crate) fn keeps(text: impl Into<String>) {
    *KEPT.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = text.into();
}

/// Waits for Ctrl-C beside the command, says what was kept, and ends as the signal ends a program.
pub(crate) fn listen() {
    // Without it Ctrl-C ends the program as ever, only in silence.
    let Ok(mut signals) = Signals::new([SIGINT]) else { return };
    let _ = std::thread::Builder::new().spawn(move || {
        if signals.forever().next().is_some() {
            let kept = KEPT.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
            let text = if kept.is_empty() { "nothing was left half written" } else { kept.as_str() };
            tell!("\nstopped; {text}");
            let _ = signal_hook::low_level::emulate_default_handler(SIGINT);
        }
    });
}
