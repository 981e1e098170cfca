//! `inspect`: what a file holds.

use std::process::ExitCode;

use twinprint_run::Inspection;

use crate::arguments::InspectArguments;
use crate::failure::Failure;
use crate::say::{say, tell};

/// How many annotation labels are listed.
const LABELS: usize = 20;

/// Prints a file's header, channels, annotations and quality.
pub(crate) fn show(given: &InspectArguments) -> Result<ExitCode, Failure> {
    let facts = twinprint_run::inspect(&given.file, given.lenient, given.show_patient)?;
    if given.json {
        say!("{}", serde_json::to_string_pretty(&facts)?);
    } else {
        say!("{}", text(&facts));
    }
    if let Some(page) = &given.plot {
        twinprint_run::inspect_plot(&given.file, given.lenient, page)?;
        // JSON on standard output stays JSON.
        tell!("page        {}", page.display());
    }
    Ok(ExitCode::SUCCESS)
}

fn text(facts: &Inspection) -> String {
    let records = facts.records.zip(facts.record_seconds);
    let records =
        records.map_or_else(String::new, |(count, length)| format!(", {count} records of {length} s"));
    let mut lines = vec![
        format!("format       {}", facts.format),
        format!("start        {}", facts.start.as_deref().unwrap_or("not stated")),
        format!("duration     {:.1} s in {} segment(s){records}", facts.seconds, facts.segments),
    ];
    if let Some(patient) = &facts.patient {
        lines.push(format!("patient      {}", patient.patient));
        lines.push(format!("recording    {}", patient.recording));
    }
    lines.push(format!(
        "\n{:<18} {:<8} {:>9} {:>6} {:>10} {:>7} {:>10}",
        "label", "channel", "rate (Hz)", "unit", "RMS", "flat", "saturated"
    ));
    lines.extend(facts.signals.iter().map(|signal| {
        format!(
            "{:<18} {:<8} {:>9} {:>6} {:>10.2} {:>6.1}% {:>9.2}%",
            signal.label,
            signal.channel,
            signal.rate,
            signal.unit,
            signal.rms,
            100.0 * signal.flat_share,
            100.0 * signal.saturated_share
        )
    }));
    let aside = facts.signals.iter().filter_map(|signal| Some((signal, signal.set_aside.as_ref()?)));
    let aside: Vec<String> = aside.map(|(signal, why)| format!("{} ({why})", signal.label)).collect();
    if !aside.is_empty() {
        lines.push(format!("\nno EEG unless picked: {}", aside.join(", ")));
    }
    lines.push(format!("\n{} annotation label(s)", facts.annotations.len()));
    lines.extend(
        facts
            .annotations
            .iter()
            .take(LABELS)
            .map(|label| format!("{:>6} × {:?}, first at {:.2} s", label.count, label.label, label.first)),
    );
    if facts.annotations.len() > LABELS {
        lines.push(format!("       and {} more; --json lists all", facts.annotations.len() - LABELS));
    }
    lines.extend(facts.notices.iter().map(|notice| format!("note: {notice}")));
    lines.join("\n")
}
