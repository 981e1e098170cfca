//! The `twinprint` command.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to its user")]

mod arguments;
mod command;
mod failure;
mod gallery_arguments;
mod host;
mod progress;

use std::any::Any;
use std::panic::catch_unwind;
use std::process::ExitCode;

use clap::Parser;

/// Training and preprocessing allocate and free large buffers over and over; mimalloc keeps their pages.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match arguments::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { failure::INPUT.into() } else { ExitCode::SUCCESS };
        }
    };
    start_logging(arguments.verbose);
    // Lines are not broken by us: a path cut in two is no path.
    let _ =
        miette::set_hook(Box::new(|_| Box::new(miette::MietteHandlerOpts::new().wrap_lines(false).build())));
    be_quiet_where_nobody_reads();
    match catch_unwind(|| command::dispatch(&arguments)) {
        Ok(Ok(code)) => code,
        Ok(Err(failure)) => failure.show(),
        Err(payload) if nobody_reads(&*payload) => NOBODY_READS.into(),
        Err(_) => {
            eprintln!(
                "This is a fault in twinprint, not in your data. Please report it with the lines above, the command \
                 and `twinprint --version`."
            );
            failure::INTERNAL.into()
        }
    }
}

/// What a program that is ended by a closed pipe leaves a shell: 128 + SIGPIPE.
const NOBODY_READS: u8 = 141;

/// `println!` panics where the reader has gone, as `head` does after ten lines: that is no fault, and the end of the work.
fn be_quiet_where_nobody_reads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !nobody_reads(info.payload()) {
            usual(info);
        }
    }));
}

/// Whether a panic says that standard output or error was closed, on Unix or Windows.
fn nobody_reads(payload: &(dyn Any + Send)) -> bool {
    let said = payload.downcast_ref::<String>().map_or("", String::as_str);
    let closed = ["(os error 32)", "(os error 232)"].iter().any(|code| said.ends_with(code));
    closed && said.starts_with("failed printing to std")
}

fn start_logging(verbose: bool) {
    let level = if verbose { "warn,twinprint_run=debug" } else { "warn" };
    let filter = tracing_subscriber::EnvFilter::try_from_env("TWINPRINT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();
}
