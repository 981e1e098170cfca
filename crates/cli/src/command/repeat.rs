//! `reproduce` and `bundle`: a run checked by a stranger.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use twinprint_run::{Options, Surroundings, Verdict};
use twinprint_signal::counted;

use crate::exit_code;
use crate::failure::Failure;
use crate::host;
use crate::progress::Terminal;
use crate::repeat_arguments::{BundleArguments, ReproduceArguments};
use crate::say::say;

/// Makes a run again and says of every file how alike the two are; exit code 1 where one differs.
pub(crate) fn reproduce(
    given: &ReproduceArguments,
    threads: usize,
    progress: &Terminal,
) -> Result<ExitCode, Failure> {
    let surroundings = Surroundings {
        data_folders: host::data_folders(),
        device: given.device.clone(),
        data: given.data.iter().map(|data| moved(data)).collect(),
        ..Surroundings::default()
    };
    let plan = twinprint_run::plan_of_run(&given.run, &surroundings)?;
    let out = given.to.clone().unwrap_or_else(|| beside(&given.run));
    let options = Options { everything: true, ..Options::complete(out, host::facts(threads), &host::now) };
    let found = twinprint_run::reproduce(&given.run, &plan, &options, progress)?;
    let first = found.first_difference();
    if given.json {
        say!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        for artefact in &found.artefacts {
            let verdict = match &artefact.verdict {
                Verdict::Identical => "identical".to_owned(),
                Verdict::Equal { largest } => format!("equal      numbers differ by at most {largest:.1e}"),
                Verdict::Different { cause } => format!("DIFFERENT  {cause}"),
            };
            say!("{:<10}  {:<32}  {verdict}", artefact.stage, artefact.file);
        }
        match first {
            None => say!("the run is reproduced: {}", found.folder.display()),
            Some(first) => {
                say!("first difference: {} of {}, in {}", first.file, first.stage, found.folder.display())
            }
        }
    }
    Ok(if first.is_none() { ExitCode::SUCCESS } else { exit_code::NEGATIVE.into() })
}

/// `DIR`, or `NAME=DIR` of a cohort.
fn moved(data: &str) -> (Option<String>, PathBuf) {
    match data.split_once('=') {
        Some((name, folder)) if !Path::new(data).is_dir() => (Some(name.to_owned()), PathBuf::from(folder)),
        _ => (None, PathBuf::from(data)),
    }
}

fn beside(run: &Path) -> PathBuf {
    let name = run.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    run.with_file_name(format!("{name}-reproduced"))
}

/// Packs a run for a paper's supplement.
pub(crate) fn bundle(given: &BundleArguments) -> Result<ExitCode, Failure> {
    let names = twinprint_run::bundle(&given.run, &given.to)?;
    for name in &names {
        say!("{name}");
    }
    let bytes = std::fs::metadata(&given.to).map_or(0, |file| file.len());
    say!("{} in {}, {}", counted(names.len(), "file"), given.to.display(), super::cache::bytes(bytes));
    Ok(ExitCode::SUCCESS)
}
