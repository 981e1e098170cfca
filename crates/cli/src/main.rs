//! The `twinprint` command.

mod arguments;
mod cache_arguments;
mod command;
mod convert_arguments;
mod evaluate_arguments;
mod exit_code;
mod failure;
mod gallery_arguments;
mod host;
mod interrupt;
mod mapped_file;
mod memory;
mod model_arguments;
mod number;
mod plan_arguments;
mod progress;
mod refused_arguments;
mod repeat_arguments;
mod run_arguments;
mod say;
mod second_process;
mod sweep_arguments;
#[cfg(test)]
mod written_commands;

use std::io::IsTerminal;
use std::panic::catch_unwind;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use clap::Parser;

use crate::say::tell;

#[global_allocator]
static ALLOCATOR: memory::Allocator = memory::Allocator;

fn main() -> ExitCode {
    let arguments = match arguments::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let Some(sentence) = refused_arguments::sentence(&error) else {
                let _ = error.print();
                return if error.use_stderr() { exit_code::INPUT.into() } else { ExitCode::SUCCESS };
            };
            return failure::Failure::message(sentence).show();
        }
    };
    if let arguments::Command::ReadForeign { path } = &arguments.command {
        second_process::read(path);
        return ExitCode::SUCCESS;
    }
    start_logging(arguments.verbose);
    interrupt::listen();
    second_process::have_it_read_first();
    mapped_file::explain_when_it_ends_early();
    keep_panics();
    // On a terminal lines are broken between words, never inside one: a path cut in two is no path. Elsewhere they stay whole.
    let wraps = std::io::stderr().is_terminal();
    let _ = miette::set_hook(Box::new(move |_| {
        let options = miette::MietteHandlerOpts::new().wrap_lines(wraps).break_words(false);
        Box::new(options.build())
    }));
    match catch_unwind(|| command::dispatch(&arguments)) {
        Ok(Ok(code)) => code,
        Ok(Err(failure)) => failure.show(),
        Err(_) => {
            let last = LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if memory::no_thread_is_to_be_had(&last) {
                tell!("{}", memory::NO_THREAD);
                return exit_code::INPUT.into();
            }
            tell!("{last}");
            tell!(
                "This is a fault in twinprint, not in your data. Please report it with the lines above, the command \
                 and `twinprint --version`."
            );
            exit_code::INTERNAL.into()
        }
    }
}

/// What the last panic said.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// Keeps what a panic says for when it ends the command: one that is caught at the edge of a library is an error like any
/// other, and is told as one. `RUST_BACKTRACE` shows all as they come.
#[expect(clippy::disallowed_methods, reason = "the command knows the environment")]
fn keep_panics() {
    if std::env::var("RUST_BACKTRACE").is_ok_and(|wanted| wanted != "0") {
        return;
    }
    std::panic::set_hook(Box::new(|panic| {
        *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string();
    }));
}

fn start_logging(verbose: bool) {
    let level = if verbose { "warn,twinprint_run=debug" } else { "warn" };
    let filter = tracing_subscriber::EnvFilter::try_from_env("TWINPRINT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();
}
