//! `init`: a pipeline for a folder of recordings.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use twinprint_staged::{Readers, Staged};

use crate::arguments::InitArguments;
use crate::exit_code::NEGATIVE;
use crate::failure::Failure;
use crate::say::{say, tell};

/// Lines of a refusal that are shown.
const LINES: usize = 6;

/// Looks at the folder, writes the pipeline and says what was guessed.
pub(crate) fn write(given: &InitArguments) -> Result<ExitCode, Failure> {
    let folder = &given.folder;
    if !folder.is_dir() {
        return Err(Failure::message(format!(
            "{}: there is no such folder: give the one that holds the recordings",
            folder.display()
        )));
    }
    let full = folder.canonicalize().unwrap_or_else(|_| folder.clone());
    let name = full.file_name().map_or_else(|| "pipeline".into(), |name| name.to_string_lossy().into_owned());
    let to = given.to.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.toml")));
    let draft = twinprint_run::init(folder, &to)?;
    let refuse = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::message(format!(
            "{} is there already: name another file with --to, or replace it with --force",
            to.display()
        )),
        _ => Failure::message(format!(
            "{}: the pipeline cannot be written: {error}; name another file with --to",
            to.display()
        )),
    };
    let write = || {
        let mut staged = Staged::new(&to, Readers::AsUsual).map_err(|error| error.source)?;
        staged.file().write_all(draft.text.as_bytes())?;
        let published = if given.force { staged.publish() } else { staged.publish_new() };
        published.map_err(|error| error.source)
    };
    write().map_err(refuse)?;
    for (what, guess) in &draft.guessed {
        say!("{what:<11} {guess}");
    }
    say!("pipeline    {}", to.display());
    match &draft.refused {
        None => {
            say!(
                "\nEach line is a guess; the file says where to change it. Next:\n  twinprint check {0}\n  twinprint run {0}",
                to.display()
            );
            Ok(ExitCode::SUCCESS)
        }
        Some(reason) => {
            let lines: Vec<&str> = reason.lines().take(LINES).collect();
            let more =
                if reason.lines().count() > LINES { "\n  …; the command shows the rest" } else { "" };
            tell!("\n`twinprint check {}` does not accept it yet: {}{more}", to.display(), lines.join("\n"));
            Ok(NEGATIVE.into())
        }
    }
}
