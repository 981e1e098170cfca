//! What leaks that run on purpose gain over the same run without them.

use twinprint_report::results::{AuditRow, Optimism, Outcome, Results};

use crate::RunError;
use crate::error::chain;

/// The folder of the honest run inside a leaky run's.
pub(crate) const HONEST: &str = "honest";

/// Sets the error rates of the run without the leaks beside those of the leaky run; where that run cannot be made, the
/// audit says why.
pub(crate) fn set_beside(results: &mut Results, honest: Result<Results, RunError>) {
    match honest {
        Ok(honest) => {
            let gained = beside(results, &honest);
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
