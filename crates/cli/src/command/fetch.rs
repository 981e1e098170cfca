//! `fetch`: a dataset's files, verified.

use std::path::PathBuf;
use std::process::ExitCode;

use twinprint_dataset::Manifest;
use twinprint_dataset::fetch::{Event, FetchError, Options, Outcome, Trust};
use twinprint_run::Progress;

use crate::arguments::FetchArguments;
use crate::failure::Failure;
use crate::progress::Terminal;
use crate::say::say;

/// How many failed files are listed.
const FAILURES: usize = 10;

/// Says under which licence the dataset stands, downloads what is missing and says what vouches for it.
pub(crate) fn download(given: &FetchArguments, progress: &Terminal) -> Result<ExitCode, Failure> {
    let manifest = Manifest::load(&given.dataset)?;
    let to = given.to.clone().unwrap_or_else(|| PathBuf::from("data").join(&manifest.name));
    let options = Options {
        mirror: given.mirror.clone(),
        only: given.only.clone(),
        parallel: given.parallel,
        retries: given.retries,
        replace: given.replace,
        proxy: proxy(),
        ..Options::new(&to)
    };
    progress.say(&attribution(&manifest));
    crate::interrupt::keeps("the files that are there stay: the same command downloads the rest");
    let told = |event: Event| match event {
        Event::Begun { files, .. } => progress.begin("fetch", Some(files as u64)),
        Event::Retrying { path, reason, wait, .. } => {
            progress.notice(&format!("{path}: {reason}; again in {:.1} s", wait.as_secs_f64()));
        }
        Event::Finished { path, .. } => progress.step(path),
        Event::Failed { path, reason } => progress.step(&format!("{path}: {reason}")),
        _ => {}
    };
    let report = match twinprint_dataset::fetch::fetch(&manifest, &options, &told) {
        Ok(report) => report,
        Err(FetchError::Incomplete { failures, report }) => {
            for failure in failures.iter().take(FAILURES) {
                progress.notice(&format!("{}: {}", failure.path, failure.reason));
            }
            return Err(FetchError::Incomplete { failures, report }.into());
        }
        Err(other) => return Err(other.into()),
    };
    report.notices.iter().for_each(|notice| progress.notice(notice));
    let count =
        |wanted: fn(Outcome) -> bool| report.files.iter().filter(|(_, outcome)| wanted(*outcome)).count();
    let downloaded = count(|outcome| matches!(outcome, Outcome::Downloaded(_)));
    let recorded = count(|outcome| {
        matches!(outcome, Outcome::Kept(Trust::Recorded) | Outcome::Downloaded(Trust::Recorded))
    });
    let (kept, verified) = (report.files.len() - downloaded, report.files.len() - recorded);
    progress.end(&format!(
        "{downloaded} downloaded, {kept} already there; {verified} verified by a checksum, {recorded} recorded for next time"
    ));
    if given.json {
        let Manifest { name, title, homepage, licence, citation, .. } = &manifest;
        let told = serde_json::json!({
            "folder": to, "name": name, "title": title, "homepage": homepage, "licence": licence,
            "citation": citation, "downloaded": downloaded, "kept": kept, "verified": verified,
            "recorded": recorded,
        });
        say!("{told:#}");
    } else {
        say!("{}", to.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// What the dataset is, what it may be used for and whom to credit.
fn attribution(manifest: &Manifest) -> String {
    let Manifest { title, homepage, licence, citation, .. } = manifest;
    let works: String = citation.iter().map(|work| format!("\n  cite: {work}")).collect();
    format!("{title}\n  see: {homepage}\n  licence: {licence}{works}")
}

/// The proxy that the environment names, in the spelling of other download tools.
fn proxy() -> Option<String> {
    ["https_proxy", "HTTPS_PROXY"].iter().find_map(std::env::var_os)?.into_string().ok()
}
