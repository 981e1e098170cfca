//! `enroll`, `verify`, `identify`, `gallery`: arguments to library calls; `gallery_text` makes text of the answers.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use twinprint_desk::{
    self, Access, EnrolOptions, Enrolments, NewGalleryOptions, ProbeOptions, Secret, SubjectId, Update,
    Wanted,
};
use twinprint_foreign::{Filter, is_feature_file};
use twinprint_run::Progress;
use twinprint_signal::counted;

use super::gallery_text::{enrolled, identified, person_json, person_text, short, thresholds_text, verdict};
use crate::exit_code::NEGATIVE;
use crate::failure::Failure;
use crate::gallery_arguments::{
    EnrolArguments, GalleryArguments, GalleryCommand, GalleryShowArguments, IdentifyArguments,
    ProbeArguments, ReissueArguments, SecretArguments, UpdatePolicy, VerifyArguments,
};
use crate::host;
use crate::progress::Terminal;
use crate::say::{say, tell};

/// `twinprint enroll`.
pub(crate) fn enrol(given: &EnrolArguments, progress: &Terminal) -> Result<ExitCode, Failure> {
    let secret = secret_of(&given.gallery)?;
    let now = host::now();
    let options = EnrolOptions {
        access: access(&given.gallery, secret.as_ref()),
        new: NewGalleryOptions {
            fold: given.fold,
            wanted: Wanted { seal: given.encrypt, cancelable: given.cancelable },
            now: &now,
        },
        subject: given.subject.as_deref().map(SubjectId::new).transpose()?,
        files: &given.files,
        filter: Filter::new("--rows", &given.rows)?,
        lenient: given.lenient,
        seconds: given.seconds,
        epochs: given.epochs,
        update: match given.update {
            None => Update::Refuse,
            Some(UpdatePolicy::Append) => Update::Append,
            Some(UpdatePolicy::Weighted) => Update::Weighted(given.weight),
            Some(UpdatePolicy::Replace) => Update::Replace,
        },
        fmr: given.fmr,
        threshold: given.threshold,
        skip_enrolled: given.skip_enrolled,
        force: given.force,
    };
    let of_table = given.files.iter().any(|path| is_feature_file(path));
    // A new gallery sets its thresholds first, which takes as long as many enrolments.
    let sets_thresholds = !of_table && !given.gallery.gallery.exists();
    if sets_thresholds {
        progress.begin("gallery", None);
        progress.step("setting the thresholds on people the encoder has not seen");
    }
    let outcome = twinprint_desk::enrol(&options, progress, &mut host::random()?);
    if sets_thresholds {
        progress.end(if outcome.is_ok() { "made, its thresholds set" } else { "not made" });
    }
    let outcome = outcome?;
    if given.json && of_table {
        say!("{}", serde_json::to_string_pretty(&outcome)?);
    } else if given.json {
        say!("{}", serde_json::to_string_pretty(&outcome.enrolled)?);
    } else {
        show_enrolments(&outcome, of_table);
    }
    Ok(if outcome.refused.is_empty() { ExitCode::SUCCESS } else { NEGATIVE.into() })
}

/// How many people are shown one by one.
const SHOWN: usize = 20;

fn show_enrolments(outcome: &Enrolments, of_table: bool) {
    let Enrolments { enrolled: reports, refused, skipped, notices: of_all } = outcome;
    if reports.len() <= SHOWN {
        for report in reports {
            say!("{}", enrolled(report));
            notices(&report.notices);
        }
    }
    for refused in refused.iter().take(SHOWN) {
        say!("{:<11} refused: {}", refused.subject, refused.reason);
    }
    if refused.len() > SHOWN {
        say!("… and {} more are refused; --json lists all", refused.len() - SHOWN);
    }
    if of_table {
        say!(
            "{} enrolled, {} refused, {skipped} left out because they are enrolled",
            reports.len(),
            refused.len()
        );
    }
    notices(of_all);
}

/// `twinprint verify`.
pub(crate) fn verify(given: &VerifyArguments) -> Result<ExitCode, Failure> {
    let secret = secret_of(&given.probe.gallery)?;
    let subject = SubjectId::new(&given.subject)?;
    let answer = twinprint_desk::verify(&probe(&given.probe, secret.as_ref())?, &subject)?;
    if given.probe.json {
        say!("{}", serde_json::to_string_pretty(&answer)?);
    } else {
        say!("{}", verdict(&answer, decimals(given.probe.scores)));
        notices(&answer.notices);
    }
    Ok(if answer.matched { ExitCode::SUCCESS } else { NEGATIVE.into() })
}

/// `twinprint identify`.
pub(crate) fn identify(given: &IdentifyArguments) -> Result<ExitCode, Failure> {
    let secret = secret_of(&given.probe.gallery)?;
    let answer = twinprint_desk::identify(&probe(&given.probe, secret.as_ref())?, given.top)?;
    if given.probe.json {
        say!("{}", serde_json::to_string_pretty(&answer)?);
    } else {
        say!("{}", identified(&answer, decimals(given.probe.scores)));
        notices(&answer.notices);
    }
    let found = answer.candidates.iter().any(|(_, _, matched)| *matched);
    Ok(if found { ExitCode::SUCCESS } else { NEGATIVE.into() })
}

/// `twinprint gallery`.
pub(crate) fn manage(command: &GalleryCommand) -> Result<ExitCode, Failure> {
    match command {
        GalleryCommand::List(given) => list(given),
        GalleryCommand::Show(given) => show(given),
        GalleryCommand::Revoke(given) => revoke(given),
        GalleryCommand::Check(given) => check(given),
        GalleryCommand::Reissue(given) => reissue(given),
    }
}

/// Characters of a time up to its minute.
const MINUTE: usize = 16;

fn list(given: &GalleryShowArguments) -> Result<ExitCode, Failure> {
    let secret = secret_of(&given.gallery)?;
    let people = twinprint_desk::open(access(&given.gallery, secret.as_ref()))?.people()?;
    if given.json {
        let all: Vec<_> = people.iter().map(person_json).collect();
        say!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    say!("{:<24} {:>6} {:>7}  {:<16} last change", "subject", "epochs", "spread", "enrolled");
    for person in &people {
        let at = |event: Option<&twinprint_desk::Event>| -> String {
            let time = event.map_or("", |event| event.at.as_str());
            time.replace('T', " ").chars().take(MINUTE).collect()
        };
        say!(
            "{:<24} {:>6} {:>7.3}  {:<16} {}",
            person.subject,
            person.template.epochs(),
            person.template.spread(),
            at(person.events.first()),
            at(person.events.last())
        );
    }
    say!("{} enrolled", people.len());
    Ok(ExitCode::SUCCESS)
}

fn show(given: &GalleryShowArguments) -> Result<ExitCode, Failure> {
    let secret = secret_of(&given.gallery)?;
    let gallery = twinprint_desk::open(access(&given.gallery, secret.as_ref()))?;
    if let Some(subject) = &given.subject {
        let person = gallery.person(&SubjectId::new(subject)?)?;
        if given.json {
            say!("{}", serde_json::to_string_pretty(&person_json(&person))?);
        } else {
            say!("{}", person_text(&person));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let (encoder, protection, thresholds) = (gallery.encoder(), gallery.protection(), gallery.thresholds());
    if given.json {
        let all = json!({
            "created": gallery.created(), "people": gallery.len()?, "lock": encoder,
            "protection": protection, "thresholds": thresholds,
        });
        say!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    notices(gallery.notices());
    say!("made        {}, {} enrolled", gallery.created(), gallery.len()?);
    let which = encoder.fold.map_or_else(|| "final model".to_owned(), |fold| format!("of fold {fold}"));
    say!("encoder     {} {which}", short(&encoder.encoder));
    say!("from        {}", encoder.model);
    say!("plan        {}", short(&encoder.plan));
    say!(
        "takes       {} channels at {} Hz, epochs of {} s",
        encoder.channels.len(),
        encoder.rate,
        encoder.epoch_seconds
    );
    let cancelable = match protection.cancelable {
        Some(kept) => format!("cancelable ({kept} of {} dimensions)", encoder.dim),
        None => "not cancelable".to_owned(),
    };
    say!("protection  {}, {cancelable}", if protection.sealed { "sealed" } else { "not sealed" });
    say!("{}", thresholds_text(thresholds));
    Ok(ExitCode::SUCCESS)
}

fn revoke(given: &GalleryShowArguments) -> Result<ExitCode, Failure> {
    let Some(subject) = &given.subject else {
        return Err(Failure::message(
            "whom? Write --subject NAME; `twinprint gallery list` shows who is enrolled",
        ));
    };
    let secret = secret_of(&given.gallery)?;
    let gallery = twinprint_desk::open(access(&given.gallery, secret.as_ref()))?;
    let revoked = gallery.revoke(&SubjectId::new(subject)?, &host::now(), &mut host::random()?)?;
    if given.json {
        let all = json!({ "subject": revoked.subject, "epochs": revoked.epochs, "events": revoked.events, "left": revoked.left });
        say!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        say!(
            "{} removed: a template of {} and {}; {} left",
            revoked.subject,
            counted(revoked.epochs, "epoch"),
            counted(revoked.events, "log entry"),
            revoked.left
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn check(given: &GalleryShowArguments) -> Result<ExitCode, Failure> {
    let secret = secret_of(&given.gallery)?;
    let findings = twinprint_desk::check(access(&given.gallery, secret.as_ref()))?;
    let passed = findings.iter().all(|finding| finding.passed);
    if given.json {
        let all: Vec<_> = findings
            .iter()
            .map(
                |finding| json!({ "what": finding.what, "passed": finding.passed, "detail": finding.detail }),
            )
            .collect();
        say!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        for finding in &findings {
            say!(
                "{:<6} {:<20} {}",
                if finding.passed { "ok" } else { "WRONG" },
                finding.what,
                finding.detail
            );
        }
    }
    Ok(if passed { ExitCode::SUCCESS } else { NEGATIVE.into() })
}

fn reissue(given: &ReissueArguments) -> Result<ExitCode, Failure> {
    let old = secret_of(&given.gallery)?;
    let new = read_secret(given.new_key_file.as_deref(), given.new_passphrase_file.as_deref())?;
    let Some(new) = new else { return Err(Failure::message("give --new-key-file or --new-passphrase-file")) };
    let gallery = twinprint_desk::open(access(&given.gallery, old.as_ref()))?;
    let mut gallery = gallery.reissue(&new, &host::now(), &mut host::random()?)?;
    let beside = given.new_key_file.as_deref().or(given.new_passphrase_file.as_deref());
    if let Some(beside) = beside.filter(|path| *path != Path::new("-")) {
        gallery = gallery.counted_beside(beside)?;
        notices(gallery.notices());
    }
    say!("{} reissued; the old secret opens nothing here any more", counted(gallery.len()?, "template"));
    Ok(ExitCode::SUCCESS)
}

fn access<'a>(given: &'a GalleryArguments, secret: Option<&'a Secret>) -> Access<'a> {
    let SecretArguments { key_file, passphrase_file } = &given.secret;
    let key_file = key_file.as_deref().or(passphrase_file.as_deref()).filter(|path| *path != Path::new("-"));
    Access { gallery: &given.gallery, secret, key_file, model: given.model.as_deref() }
}

fn probe<'a>(given: &'a ProbeArguments, secret: Option<&'a Secret>) -> Result<ProbeOptions<'a>, Failure> {
    Ok(ProbeOptions {
        access: access(&given.gallery, secret),
        file: given.file.clone(),
        filter: Filter::new("--rows", &given.rows)?,
        lenient: given.lenient,
        fmr: given.fmr,
        threshold: given.threshold,
        allow_replay: given.allow_replay,
        full_scores: given.scores,
        now: host::seconds(),
        seconds: given.seconds,
    })
}

fn secret_of(given: &GalleryArguments) -> Result<Option<Secret>, Failure> {
    read_secret(given.secret.key_file.as_deref(), given.secret.passphrase_file.as_deref())
}

fn read_secret(key_file: Option<&Path>, passphrase_file: Option<&Path>) -> Result<Option<Secret>, Failure> {
    let unreadable = |path: &Path, error: std::io::Error| {
        Failure::message(format!("{}: the secret cannot be read: {error}", path.display()))
    };
    if let Some(path) = key_file {
        let bytes = std::fs::read(path).map_err(|error| unreadable(path, error))?;
        return Ok(Some(Secret::key_file(bytes)?));
    }
    let Some(path) = passphrase_file else { return Ok(None) };
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().read_to_string(&mut text).map_err(|error| unreadable(path, error))?;
    } else {
        text = std::fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
    }
    Ok(Some(Secret::passphrase(text)?))
}

/// Decimals of a score as text.
fn decimals(full: bool) -> usize {
    if full { 3 } else { 1 }
}

fn notices(notices: &[String]) {
    notices.iter().for_each(|notice| tell!("  note: {notice}"));
}
