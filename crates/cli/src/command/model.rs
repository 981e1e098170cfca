//! `model`: an encoder in one file.

use std::path::Path;
use std::process::ExitCode;

use twinprint_desk::{Told, pack_model, show_model};
use twinprint_run::{About, Measured};
use twinprint_signal::counted;

use super::gallery_text::{percent, short, thresholds_text};
use crate::exit_code;
use crate::failure::Failure;
use crate::model_arguments::ModelCommand;
use crate::say::say;

/// `twinprint model`.
pub(crate) fn manage(command: &ModelCommand) -> Result<ExitCode, Failure> {
    match command {
        ModelCommand::Pack { run, to, fold, force, json } => {
            let told = pack_model(run, *fold, to, *force)?;
            if *json {
                return as_json(&told);
            }
            let which = which(&told.about);
            say!(
                "{}: the {which}, which learnt from {}; `twinprint model show` tells the rest",
                to.display(),
                counted(told.about.card.people, "person")
            );
            Ok(ExitCode::SUCCESS)
        }
        ModelCommand::Show { model, json: true } => as_json(&show_model(model)?),
        ModelCommand::Show { model, json: false } => {
            say!("{}", text(&show_model(model)?));
            Ok(ExitCode::SUCCESS)
        }
        ModelCommand::Check { model } => check(model),
    }
}

fn as_json(told: &Told) -> Result<ExitCode, Failure> {
    say!("{}", serde_json::to_string_pretty(told)?);
    Ok(ExitCode::SUCCESS)
}

/// Says whether a file is what was packed; a missing one is an error, a damaged one a negative answer.
fn check(model: &Path) -> Result<ExitCode, Failure> {
    if !model.is_file() {
        return Err(Failure::message(format!("{}: there is no such file", model.display())));
    }
    match show_model(model) {
        Ok(told) => {
            say!("ok     {}: every byte as it was packed; encoder {}", model.display(), short(&told.encoder));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            say!("WRONG  {}", twinprint_run::error::chain(&error));
            Ok(exit_code::NEGATIVE.into())
        }
    }
}

fn which(about: &About) -> String {
    about.provenance.fold.map_or_else(|| "final model".to_owned(), |fold| format!("encoder of fold {fold}"))
}

/// The card and the rest, for people.
fn text(told: &Told) -> String {
    let (about, card) = (&told.about, &told.about.card);
    let mut lines = vec![format!("{:<12}{}: {}", "model", card.name, which(about))];
    if !card.description.is_empty() {
        lines.push(format!("{:<12}{}", "shows", card.description));
    }
    lines.push(format!(
        "{:<12}{} in {}",
        "learnt from",
        counted(card.people, "person"),
        counted(about.learnt_from.len(), "recording")
    ));
    for data in &card.data {
        lines.push(format!("{:<12}{}", "", data.title));
        lines.extend(data.licence.iter().map(|licence| format!("{:<12}licence {licence}", "")));
        lines.extend(data.citation.iter().map(|work| format!("{:<12}cite {work}", "")));
    }
    lines.push(format!(
        "{:<12}{} at {} Hz, epochs of {} s",
        "takes",
        told.channels.join(" "),
        told.rate,
        told.epoch_seconds
    ));
    lines.extend(card.measured.iter().map(measured));
    lines.extend(card.caveats.iter().map(|caveat| format!("{:<12}{caveat}", "note")));
    lines.extend(card.not_for.iter().map(|not| format!("{:<12}{not}", "not for")));
    let origin = &about.provenance;
    let commit =
        origin.git_commit.as_deref().map_or_else(String::new, |commit| format!(", commit {}", short(commit)));
    lines.push(format!(
        "{:<12}twinprint {}{commit}, plan {}, {}",
        "made by",
        origin.version,
        short(&origin.plan_hash),
        origin.made
    ));
    lines.push(format!("{:<12}{}", "encoder", short(&told.encoder)));
    lines.push(thresholds_text(&told.thresholds));
    lines.join("\n")
}

fn measured(row: &Measured) -> String {
    let eer = row.eer.map_or_else(
        || "no EER".to_owned(),
        |eer| {
            let interval = eer
                .ci95
                .map_or_else(String::new, |ci| format!(" ({}–{})", percent(ci.low), percent(ci.high)));
            format!("EER {}{interval}", percent(eer.value))
        },
    );
    format!(
        "{:<12}{eer} with templates of {} s and probes of {} s, {} people",
        "measured", row.enrol_seconds, row.probe_seconds, row.people
    )
}
