//! What `enroll`, `verify`, `identify` and `gallery` answer, as text.

use crate::say::{Tone, toned};
use serde_json::json;
use twinprint_desk::{Decision, Happening, Identified, Match, People, Person, Rate, Report, Thresholds};
use twinprint_signal::counted;

pub(crate) fn enrolled(report: &Report) -> String {
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
            "{:<11} {what} from {}{seconds}; template of {}",
            report.subject,
            counted(report.used_epochs, "epoch"),
            report.template_epochs
        ),
        format!("{:<11} {}", "signal", report.acquisition.sentence()),
        format!("{:<11} {:.3}{usual}", "spread", report.spread),
    ];
    if let Some(score) = report.score_before {
        lines.push(format!("{:<11} {score:.3} against the template before", "score"));
    }
    if let Some((other, score)) = &report.nearest {
        let chance = report.duplicate_chance.map_or_else(String::new, |chance| {
            format!("; {} of strangers are refused by chance", percent(chance))
        });
        let bound = report
            .duplicate_threshold
            .map_or_else(String::new, |bound| format!(", a duplicate from {bound:.3} on{chance}"));
        lines.push(format!("{:<11} {other} at {score:.3}{bound}", "nearest"));
    }
    lines.push(format!("{:<11} {} enrolled", "gallery", report.people));
    lines.join("\n")
}

pub(crate) fn verdict(answer: &Match, decimals: usize) -> String {
    let seconds = answer.seconds.map_or_else(String::new, |seconds| format!("{seconds} s, "));
    let how = match answer.decision {
        Decision::Sequential => "epoch by epoch until certain",
        Decision::Fixed => "fixed length",
        Decision::Stated => "against a stated score",
    };
    let (tone, word) = if answer.matched { (Tone::Good, "MATCH   ") } else { (Tone::Bad, "NO MATCH") };
    // A yes without the rate at which strangers get one says nothing.
    let at = match (answer.target_fmr, answer.fmr) {
        (Some(target), Some(fmr)) => {
            format!(" at a false match rate of {} ({} observed)", percent(target), percent(fmr.value))
        }
        _ => " at a stated score: how often strangers match at it is not known".to_owned(),
    };
    let mut lines = vec![
        format!("{}    {}{at}", toned(tone, word), answer.subject),
        format!("{:<11} {:.decimals$}, threshold {:.3}", "score", answer.score, answer.threshold),
        format!("{:<11} {seconds}{}, {how}", "used", counted(answer.epochs, "epoch")),
    ];
    match (answer.target_fmr, answer.fmr, answer.fnmr) {
        (Some(target), Some(fmr), Some(fnmr)) => {
            lines.push(format!("{:<11} {} aimed at, {} observed", "FMR", percent(target), rate(fmr)));
            lines.push(format!("{:<11} {} expected{}", "FNMR", rate(fnmr), whose(answer.people)));
        }
        _ => lines.push(format!("{:<11} unknown for a stated score", "error rates")),
    }
    lines.push(format!("{:<11} {}", "signal", answer.acquisition.sentence()));
    lines.join("\n")
}

fn whose(people: People) -> &'static str {
    match people {
        People::Test => ", on the people who set the threshold",
        People::Dev | People::OutOfFold | People::Nobody => "",
    }
}

pub(crate) fn identified(answer: &Identified, decimals: usize) -> String {
    let mut lines = vec![format!("{:>4}  {:<24} {:>7}", "rank", "subject", "score")];
    for (rank, (subject, score, matched)) in answer.candidates.iter().enumerate() {
        lines.push(format!(
            "{:>4}  {subject:<24} {score:>7.decimals$}  {}",
            rank + 1,
            if *matched { "match" } else { "" }
        ));
    }
    let seconds = answer.seconds.map_or_else(String::new, |seconds| format!("{seconds} s, "));
    lines.push(format!(
        "{:<11} {seconds}{} against {}",
        "used",
        counted(answer.epochs, "epoch"),
        counted(answer.people, "person")
    ));
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

pub(crate) fn thresholds_text(thresholds: &Thresholds) -> String {
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
                "unlinkable  EER {} between two keys, D_sys {:.3} ({:.3} by chance), {} pairs of keys; whole galleries of the same templates: {} of people paired by their angles",
                rate(cost.eer_across),
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

pub(crate) fn person_text(person: &Person) -> String {
    let mut lines = vec![format!(
        "{}: template of {}, spread {:.3}",
        person.subject,
        counted(person.template.epochs(), "epoch"),
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

pub(crate) fn person_json(person: &Person) -> serde_json::Value {
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

pub(crate) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

pub(crate) fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}
