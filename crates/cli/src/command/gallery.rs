//! `enroll`, `verify`, `identify`, `gallery`: arguments to library calls, answers to text.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use twinprint_pipeline::gallery::{
    self, Access, Decision, EnrolOptions, Filter, Happening, Identified, Match, Opening, People, Person,
    ProbeOptions, Rate, Report, Secret, SubjectId, Thresholds, Update, Wanted,
};

use crate::failure::Failure;
use crate::gallery_arguments::{
    EnrollArguments, GalleryArguments, GalleryCommand, GalleryShowArguments, IdentifyArguments,
    ProbeArguments, ReissueArguments, UpdatePolicy, VerifyArguments,
};
use crate::host;

/// The exit code of a negative answer: no match, or a check that failed.
const NEGATIVE: u8 = 1;

/// `twinprint enroll`.
pub(crate) fn enroll(given: &EnrollArguments) -> Result<ExitCode, Failure> {
    let secret = secret_of(&given.gallery)?;
    let now = host::now();
    let options = EnrolOptions {
        access: access(&given.gallery, secret.as_ref()),
        opening: Opening {
            fold: given.fold,
            wanted: Wanted { seal: given.encrypt, cancelable: given.cancelable },
            entropy: host::entropy()?,
            now: &now,
        },
        subject: given.subject.as_deref().map(SubjectId::new).transpose()?,
        files: &given.files,
        filter: Filter::new(&given.rows)?,
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
        force: given.force,
    };
    let reports = gallery::enrol(&options)?;
    if given.json {
        println!("{}", serde_json::to_string_pretty(&reports)?);
        return Ok(ExitCode::SUCCESS);
    }
    for report in &reports {
        println!("{}", enrolled(report));
        notices(&report.notices);
    }
    Ok(ExitCode::SUCCESS)
}

/// `twinprint verify`.
pub(crate) fn verify(given: &VerifyArguments) -> Result<ExitCode, Failure> {
    let secret = secret_of(&given.probe.gallery)?;
    let subject = SubjectId::new(&given.subject)?;
    let answer = gallery::verify(&probe(&given.probe, secret.as_ref())?, &subject)?;
    if given.probe.json {
        println!("{}", serde_json::to_string_pretty(&answer)?);
    } else {
        println!("{}", verdict(&answer));
        notices(&answer.notices);
    }
    Ok(if answer.matched { ExitCode::SUCCESS } else { NEGATIVE.into() })
}

/// `twinprint identify`.
pub(crate) fn identify(given: &IdentifyArguments) -> Result<ExitCode, Failure> {
    let secret = secret_of(&given.probe.gallery)?;
    let answer = gallery::identify(&probe(&given.probe, secret.as_ref())?, given.top)?;
    if given.probe.json {
        println!("{}", serde_json::to_string_pretty(&answer)?);
    } else {
        println!("{}", identified(&answer));
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

fn list(given: &GalleryShowArguments) -> Result<ExitCode, Failure> {
    let secret = secret_of(&given.gallery)?;
    let people = gallery::open(access(&given.gallery, secret.as_ref()))?.people()?;
    if given.json {
        let all: Vec<_> = people.iter().map(person_json).collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{:<24} {:>6} {:>7}  {:<20} last change", "subject", "epochs", "spread", "enrolled");
    for person in &people {
        let at = |event: Option<&gallery::Event>| event.map_or("", |event| event.at.as_str()).to_owned();
        println!(
            "{:<24} {:>6} {:>7.3}  {:<20} {}",
            person.subject,
            person.template.epochs(),
            person.template.spread(),
            at(person.events.first()),
            at(person.events.last())
        );
    }
    println!("{} enrolled", people.len());
    Ok(ExitCode::SUCCESS)
}

fn show(given: &GalleryShowArguments) -> Result<ExitCode, Failure> {
    let secret = secret_of(&given.gallery)?;
    let gallery = gallery::open(access(&given.gallery, secret.as_ref()))?;
    if let Some(subject) = &given.subject {
        let person = gallery.person(&SubjectId::new(subject)?)?;
        if given.json {
            println!("{}", serde_json::to_string_pretty(&person_json(&person))?);
        } else {
            println!("{}", person_text(&person));
        }
        return Ok(ExitCode::SUCCESS);
    }
    let (lock, protection, thresholds) = (gallery.lock(), gallery.protection(), gallery.thresholds());
    if given.json {
        let all = json!({
            "created": gallery.created(), "people": gallery.len()?, "lock": lock,
            "protection": protection, "thresholds": thresholds,
        });
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("made        {}, {} enrolled", gallery.created(), gallery.len()?);
    println!("encoder     {} of fold {}", short(&lock.encoder), lock.fold);
    println!("from        {}", lock.model);
    println!("plan        {}", short(&lock.plan));
    println!(
        "takes       {} channels at {} Hz, epochs of {} s",
        lock.channels.len(),
        lock.rate,
        lock.epoch_seconds
    );
    let cancelable = match protection.cancelable {
        Some(kept) => format!("cancelable ({kept} of {} dimensions)", lock.dim),
        None => "not cancelable".to_owned(),
    };
    println!("protection  {}, {cancelable}", if protection.sealed { "sealed" } else { "not sealed" });
    println!("{}", thresholds_text(thresholds));
    Ok(ExitCode::SUCCESS)
}

fn revoke(given: &GalleryShowArguments) -> Result<ExitCode, Failure> {
    let Some(subject) = &given.subject else {
        return Err(Failure::message(
            "whom? Write --subject NAME; `twinprint gallery list` shows who is enrolled",
        ));
    };
    let secret = secret_of(&given.gallery)?;
    let gallery = gallery::open(access(&given.gallery, secret.as_ref()))?;
    let revoked = gallery.revoke(&SubjectId::new(subject)?, &host::now())?;
    if given.json {
        let all = json!({ "subject": revoked.subject, "epochs": revoked.epochs, "events": revoked.events, "left": revoked.left });
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        println!(
            "{} removed: a template of {} epochs and {} log entries; {} left",
            revoked.subject, revoked.epochs, revoked.events, revoked.left
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn check(given: &GalleryShowArguments) -> Result<ExitCode, Failure> {
    let secret = secret_of(&given.gallery)?;
    let findings = gallery::check(access(&given.gallery, secret.as_ref()))?;
    let passed = findings.iter().all(|finding| finding.passed);
    if given.json {
        let all: Vec<_> = findings
            .iter()
            .map(
                |finding| json!({ "what": finding.what, "passed": finding.passed, "detail": finding.detail }),
            )
            .collect();
        println!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        for finding in &findings {
            println!(
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
    let entropy = host::entropy()?;
    let salt = std::array::from_fn(|at| entropy[at]);
    let gallery = gallery::open(access(&given.gallery, old.as_ref()))?.reissue(&new, salt, &host::now())?;
    println!("{} templates reissued; the old secret opens nothing here any more", gallery.len()?);
    Ok(ExitCode::SUCCESS)
}

fn access<'a>(given: &'a GalleryArguments, secret: Option<&'a Secret>) -> Access<'a> {
    Access { gallery: &given.gallery, secret, model: given.model.as_deref() }
}

fn probe<'a>(given: &'a ProbeArguments, secret: Option<&'a Secret>) -> Result<ProbeOptions<'a>, Failure> {
    Ok(ProbeOptions {
        access: access(&given.gallery, secret),
        file: given.file.clone(),
        filter: Filter::new(&given.rows)?,
        fmr: given.fmr,
        threshold: given.threshold,
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

fn notices(notices: &[String]) {
    notices.iter().for_each(|notice| eprintln!("  note: {notice}"));
}

fn enrolled(report: &Report) -> String {
    let seconds = report.used_seconds.map_or_else(String::new, |seconds| format!(" ({seconds} s)"));
    let what = match report.what {
        Happening::Enrolled => "enrolled",
        Happening::Appended => "appended",
        Happening::Weighted => "updated by weight",
        Happening::Replaced => "replaced",
        Happening::Reissued => "reissued",
        Happening::Revoked => "revoked",
    };
    let usual = report
        .usual_spread
        .map_or_else(String::new, |usual| format!(" (95 of 100 templates: up to {usual:.3})"));
    let mut lines = vec![
        format!(
            "{:<11} {what} from {} epochs{seconds}; template of {}",
            report.subject, report.used_epochs, report.template_epochs
        ),
        format!("{:<11} {}", "signal", report.acquisition.sentence()),
        format!("{:<11} {:.3}{usual}", "spread", report.spread),
    ];
    if let Some(score) = report.score_before {
        lines.push(format!("{:<11} {score:.3} against the template before", "score"));
    }
    if let Some((other, score)) = &report.nearest {
        let bound = report
            .duplicate_threshold
            .map_or_else(String::new, |bound| format!(", a duplicate from {bound:.3} on"));
        lines.push(format!("{:<11} {other} at {score:.3}{bound}", "nearest"));
    }
    lines.push(format!("{:<11} {} enrolled", "gallery", report.people));
    lines.join("\n")
}

fn verdict(answer: &Match) -> String {
    let seconds = answer.seconds.map_or_else(String::new, |seconds| format!("{seconds} s, "));
    let how = match answer.decision {
        Decision::Sequential => "epoch by epoch until certain",
        Decision::Fixed => "fixed length",
        Decision::Stated => "against a stated score",
    };
    let mut lines = vec![
        format!("{}    {}", if answer.matched { "MATCH   " } else { "NO MATCH" }, answer.subject),
        format!("{:<11} {:.3}, threshold {:.3}", "score", answer.score, answer.threshold),
        format!("{:<11} {seconds}{} epochs, {how}", "used", answer.epochs),
    ];
    match (answer.target_fmr, answer.fmr, answer.fnmr) {
        (Some(target), Some(fmr), Some(fnmr)) => {
            lines.push(format!("{:<11} {} aimed at, {} observed", "FMR", percent(target), rate(fmr)));
            lines.push(format!("{:<11} {} expected{}", "FNMR", rate(fnmr), whose(answer.people)));
        }
        _ => lines.push("error rates  unknown for a stated score".to_owned()),
    }
    lines.push(format!("{:<11} {}", "signal", answer.acquisition.sentence()));
    lines.join("\n")
}

fn whose(people: People) -> &'static str {
    match people {
        People::Test => ", on the people who set the threshold",
        People::Dev | People::Nobody => "",
    }
}

fn identified(answer: &Identified) -> String {
    let mut lines = vec![format!("{:>4}  {:<24} {:>7}", "rank", "subject", "score")];
    for (rank, (subject, score, matched)) in answer.candidates.iter().enumerate() {
        lines.push(format!(
            "{:>4}  {subject:<24} {score:>7.3}  {}",
            rank + 1,
            if *matched { "match" } else { "" }
        ));
    }
    let seconds = answer.seconds.map_or_else(String::new, |seconds| format!("{seconds} s, "));
    lines.push(format!("{:<11} {seconds}{} epochs against {} people", "used", answer.epochs, answer.people));
    lines.push(format!("{:<11} {:.3}", "threshold", answer.threshold));
    if let (Some(target), Some(chance)) = (answer.target_fmr, answer.false_positive) {
        lines.push(format!(
            "{:<11} {} in each comparison; a stranger matches somebody in about {}",
            "FMR",
            percent(target),
            percent(chance)
        ));
    }
    if let Some(fnmr) = answer.fnmr {
        lines.push(format!("{:<11} {} expected", "FNMR", rate(fnmr)));
    }
    if !answer.candidates.iter().any(|(_, _, matched)| *matched) {
        lines.push("nobody enrolled matches".to_owned());
    }
    lines.join("\n")
}

fn thresholds_text(thresholds: &Thresholds) -> String {
    let mut lines: Vec<String> = thresholds.notes.iter().map(|note| format!("note        {note}")).collect();
    if let Some(cost) = &thresholds.cost {
        lines.push(format!(
            "cancelable  EER {} plain, {} projected onto {} of {} dimensions",
            percent(cost.eer_plain),
            percent(cost.eer_projected),
            cost.kept,
            cost.dim
        ));
        if let Some(linkage) = &cost.linkage {
            lines.push(format!(
                "unlinkable  D_sys {:.3} between two keys ({:.3} by chance), {} pairs of keys; whole galleries of the same templates: {} of people paired by their angles",
                linkage.d_sys,
                linkage.d_sys_chance,
                cost.keys,
                percent(cost.set_linkage)
            ));
        }
    }
    if let Some(enrol) = thresholds.bounds.iter().map(|bounds| bounds.enrol_epochs).max() {
        lines.push(format!(
            "\nsequential, templates of {enrol} epochs\n{:>8} {:>24} {:>24} {:>17}",
            "FMR", "observed FMR", "expected FNMR", "epochs used"
        ));
        for bounds in thresholds.bounds.iter().filter(|bounds| bounds.enrol_epochs == enrol) {
            lines.push(format!(
                "{:>8} {:>24} {:>24} {:>7.1} / {:>5.1}",
                bounds.target_fmr,
                rate(bounds.fmr),
                rate(bounds.fnmr),
                bounds.mated_epochs,
                bounds.non_mated_epochs
            ));
        }
    }
    if let Some(enrol) = thresholds.points.iter().map(|point| point.enrol_epochs).max() {
        lines.push(format!(
            "\nfixed length, templates of {enrol} epochs\n{:>8} {:>6} {:>9} {:>24} {:>24}",
            "FMR", "epochs", "threshold", "observed FMR", "expected FNMR"
        ));
        for point in thresholds.points.iter().filter(|point| point.enrol_epochs == enrol) {
            lines.push(format!(
                "{:>8} {:>6} {:>9.3} {:>24} {:>24}",
                point.target_fmr,
                point.probe_epochs,
                point.threshold,
                rate(point.fmr),
                rate(point.fnmr)
            ));
        }
    }
    lines.join("\n")
}

fn person_text(person: &Person) -> String {
    let mut lines = vec![format!(
        "{}: template of {} epochs, spread {:.3}",
        person.subject,
        person.template.epochs(),
        person.template.spread()
    )];
    for event in &person.events {
        let sources: Vec<&str> = event.sources.iter().map(|source| source.name.as_str()).collect();
        lines.push(format!(
            "{}  {:?}{} {}  {}",
            event.at,
            event.what,
            if event.forced { " (forced)" } else { "" },
            sources.join(", "),
            event.acquisition.sentence()
        ));
    }
    lines.join("\n")
}

fn person_json(person: &Person) -> serde_json::Value {
    json!({
        "subject": person.subject, "epochs": person.template.epochs(),
        "spread": person.template.spread(), "events": person.events,
    })
}

fn rate(rate: Rate) -> String {
    match rate.ci95 {
        Some([low, high]) => format!("{} ({}–{})", percent(rate.value), percent(low), percent(high)),
        None => percent(rate.value),
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
