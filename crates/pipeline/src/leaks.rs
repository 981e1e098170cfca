//! Leaks that run on purpose: what they are, and what they gain over the same run without them.

use std::collections::BTreeMap;

use twinprint_protocol::{Leak, Notice};
use twinprint_report::results::{AllowedLeak, AuditRow, Optimism, Outcome, Results};

use crate::error::chain;
use crate::record::RunRecord;
use crate::run::{Options, run};
use crate::stage::Context;
use crate::stage::preprocess::WINDOW_LEAKS;
use crate::{PipelineError, Silent};

/// The folder of the honest run inside a leaky run's.
const HONEST: &str = "honest";

/// One entry a leak, with the first finding and the number of others like it.
pub(crate) fn grouped(notices: &[Notice]) -> Vec<AllowedLeak> {
    let mut groups: BTreeMap<Leak, (String, usize)> = BTreeMap::new();
    for notice in notices {
        let Some(leak) = notice.leak else { continue };
        let group = groups.entry(leak).or_insert_with(|| (with_rows(notice), 0));
        group.1 += 1;
    }
    groups
        .into_iter()
        .map(|(leak, (first, count))| AllowedLeak {
            leak: leak.name().to_owned(),
            detail: if count > 1 { format!("{first}; and {} more like it", count - 1) } else { first },
            ..AllowedLeak::default()
        })
        .collect()
}

fn with_rows(notice: &Notice) -> String {
    // The entry itself names the leak.
    let text = match notice.leak {
        Some(leak) => notice.text.trim_start_matches(&format!("leaky ({leak})")).trim_start(),
        None => &notice.text,
    };
    let rows: Vec<String> = notice
        .rows
        .iter()
        .map(|row| format!("{} {} {}", row.role, row.name, row.detail).trim_end().to_owned())
        .collect();
    if rows.is_empty() { text.to_owned() } else { format!("{text} ({})", rows.join(" | ")) }
}

/// Every leak of a run: those found before it and those found among its windows.
pub(crate) fn of(context: &Context) -> Vec<AllowedLeak> {
    let mut leaks = grouped(context.notices);
    let of_windows: Vec<AllowedLeak> = context.folder.read_json(WINDOW_LEAKS).unwrap_or_default();
    for leak in of_windows {
        if !leaks.iter().any(|known| known.leak == leak.leak) {
            leaks.push(leak);
        }
    }
    leaks
}

/// Runs the plan without its leaks and sets its error rates beside those of the leaky run; where that run cannot be made,
/// the audit says why.
pub(crate) fn measure_optimism(context: &Context, results: &mut Results) -> Result<(), PipelineError> {
    if results.leaks.is_empty() {
        return Ok(());
    }
    context.progress.step("the same plan without its leaks");
    let record: RunRecord = context.folder.read_json("run.json")?;
    let clock = || record.started.clone();
    let options = Options {
        out: context.folder.path(HONEST),
        from: None,
        only: None,
        force: false,
        host: record.host.clone(),
        clock: &clock,
    };
    match run(&context.plan.honest(), &options, &Silent) {
        Ok(outcome) => {
            let gained = outcome.results.map(|honest| beside(results, &honest)).unwrap_or_default();
            for leak in &mut results.leaks {
                leak.optimism.clone_from(&gained);
            }
            if results.leaks.len() > 1 {
                let names: Vec<&str> = results.leaks.iter().map(|leak| leak.leak.as_str()).collect();
                let detail = format!("measured for all leaks together: {}", names.join(", "));
                results.audit.push(AuditRow::new(Outcome::Informs, "optimism", detail));
            }
        }
        Err(error) => results.audit.push(AuditRow::absent(
            "optimism of the leak",
            format!("the run without the leak cannot be made: {}", chain(&error)),
        )),
    }
    Ok(())
}

fn beside(leaky: &Results, honest: &Results) -> Vec<Optimism> {
    let of = |results: &Results, system: &str, seconds: f64| {
        let row =
            results.verification.iter().find(|row| row.system == system && row.probe_seconds == seconds);
        row.and_then(|row| row.eer).map(|eer| eer.value)
    };
    leaky
        .verification
        .iter()
        .filter_map(|row| {
            Some(Optimism {
                system: row.system.clone(),
                probe_seconds: row.probe_seconds,
                leaky_eer: row.eer?.value,
                honest_eer: of(honest, &row.system, row.probe_seconds)?,
            })
        })
        .collect()
}
