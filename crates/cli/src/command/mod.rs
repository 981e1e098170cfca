//! One file a command; each turns arguments into a library call and its answer into text.

mod attacks;
mod cache;
mod compare;
mod convert;
mod doctor;
mod documents;
mod export;
mod fetch;
mod gallery;
mod gallery_text;
mod init;
mod inspect;
mod model;
mod repeat;
mod report;
mod run;
mod runs;
mod scores;
mod sweep;
mod synth;

use std::process::ExitCode;

use crate::arguments::{Arguments, Command};
use crate::failure::Failure;
use crate::host;
use crate::progress::Terminal;

/// Runs the command that was asked for.
pub(crate) fn dispatch(arguments: &Arguments) -> Result<ExitCode, Failure> {
    host::check_clock()?;
    let threads = set_threads(arguments.threads)?;
    let progress = Terminal::new(arguments.quiet);
    match &arguments.command {
        Command::Run(given) => run::whole(given, threads, &progress),
        Command::Check(given) => run::check(given),
        Command::Preprocess(given) => run::stage(given, twinprint_run::Stage::Preprocess, threads, &progress),
        Command::Train(given) => run::stage(given, twinprint_run::Stage::Train, threads, &progress),
        Command::Embed(given) => run::stage(given, twinprint_run::Stage::Embed, threads, &progress),
        Command::Evaluate(given) => run::evaluate(given, threads, &progress),
        Command::Cache(given) => cache::tend(given),
        Command::Sweep(given) => sweep::run(given, threads, &progress),
        Command::Job(given) => sweep::job(given, threads, &progress),
        Command::Report(given) => report::write(given),
        Command::Reproduce(given) => repeat::reproduce(given, threads, &progress),
        Command::Bundle(given) => repeat::bundle(given),
        Command::Runs(given) => runs::list(given),
        Command::Diff(given) => runs::diff(given),
        Command::Compare(given) => compare::show(given),
        Command::Synth(given) => synth::write(given, &progress),
        Command::Fetch(given) => fetch::download(given, &progress),
        Command::Inspect(given) => inspect::show(given),
        Command::Convert(given) => convert::write(given, &progress),
        Command::Init(given) => init::write(given),
        Command::Doctor => doctor::show(threads),
        Command::Completions { shell } => documents::completions(*shell),
        Command::Man { folder } => documents::man(folder),
        Command::Reference => documents::reference(),
        Command::Schema { page } => documents::schema(*page),
        Command::Enrol(given) => gallery::enrol(given, &progress),
        Command::Verify(given) => gallery::verify(given),
        Command::Identify(given) => gallery::identify(given),
        Command::Gallery(given) => gallery::manage(given),
        Command::Model(given) => model::manage(given),
        Command::Export(given) => export::write(given),
        // Answered before anything else is set up.
        Command::ReadForeign { .. } => Ok(ExitCode::SUCCESS),
    }
}

/// More threads than any machine has cores are a slip of the hand, and each takes memory.
const MOST_THREADS: usize = 1024;

/// Sizes the worker pool; says how many threads there are.
fn set_threads(wanted: Option<usize>) -> Result<usize, Failure> {
    if wanted == Some(0) {
        return Err(Failure::message("--threads 0: write 1 or more, or leave it out to use every core"));
    }
    if let Some(threads) = wanted.filter(|&threads| threads > MOST_THREADS) {
        return Err(Failure::message(format!(
            "--threads {threads}: at most {MOST_THREADS}; leave it out to use every core"
        )));
    }
    let mut pool = rayon::ThreadPoolBuilder::new();
    if let Some(threads) = wanted {
        pool = pool.num_threads(threads);
    }
    pool.build_global()?;
    Ok(rayon::current_num_threads())
}
