//! `convert`: recordings as EDF+ in BIDS, or a header without its person.

use std::process::ExitCode;

use twinprint_run::{ConvertOptions, Converted, Owner, Progress, anonymise, convert_file, convert_plan};
use twinprint_signal::counted;

use super::run::resolve_unchanged;
use crate::convert_arguments::ConvertArguments;
use crate::failure::Failure;
use crate::progress::Terminal;
use crate::say::say;

/// Converts one recording or those of a pipeline, and says what was written.
pub(crate) fn write(given: &ConvertArguments, progress: &Terminal) -> Result<ExitCode, Failure> {
    let Some(to) = &given.to else {
        anonymise(&given.source, given.shift_days)?;
        say!("{}", given.source.display());
        return Ok(ExitCode::SUCCESS);
    };
    let options = ConvertOptions { to: to.clone(), shift_days: given.shift_days, lenient: given.lenient };
    let is_plan = given.source.extension().is_some_and(|ending| ending == "toml");
    let written = if is_plan {
        let named = [&given.subject, &given.session, &given.task, &given.run];
        if named.iter().any(|option| option.is_some()) || given.text.table().is_some() || given.lenient {
            return Err(Failure::message(
                "--subject, --session, --task, --run, --lenient and what describes text are for one recording: of a pipeline, [dataset] says all of it",
            ));
        }
        let plan = resolve_unchanged(&given.source)?;
        let written = convert_plan(&plan, &options, progress)?;
        progress.end(&format!("{} written", counted(written.len(), "recording")));
        written
    } else {
        let Some(subject) = given.subject.clone() else {
            return Err(Failure::message("write --subject NAME for the person who was recorded"));
        };
        let owner = Owner {
            subject,
            session: given.session.clone(),
            task: given.task.clone(),
            run: given.run.clone(),
        };
        vec![convert_file(&given.source, given.text.table().as_ref(), &owner, &options)?]
    };
    if given.json {
        say!("{}", serde_json::to_string_pretty(&written)?);
    } else {
        written.iter().for_each(|one| say!("{}", text(one)));
    }
    Ok(ExitCode::SUCCESS)
}

fn text(one: &Converted) -> String {
    let mut text = format!(
        "{}: {}, {:.1} s in {}, {}, steps of {:.3} µV or less",
        one.to.display(),
        counted(one.channels, "channel"),
        one.seconds,
        counted(one.segments, "segment"),
        counted(one.events, "event"),
        one.largest_step_uv
    );
    text.extend(one.notices.iter().map(|notice| format!("\n  note: {notice}")));
    text
}
