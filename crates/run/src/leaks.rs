//! Leaks that run on purpose: what they are.

use std::collections::BTreeMap;

use twinprint_protocol::{Leak, Notice, RecordingMetadata, Split};
use twinprint_report::results::AllowedLeak;

use crate::{Plan, RunError};

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

/// Looks for people whom the model that is brought along has learnt from and who are tested here.
///
/// # Errors
/// Every such leak that the plan does not allow.
pub(crate) fn of_carried(
    plan: &Plan,
    recordings: &[RecordingMetadata],
    split: &Split,
) -> Result<Vec<Notice>, RunError> {
    let Some((carried, _)) = plan.carried() else { return Ok(Vec::new()) };
    let learnt = carried.about.learnt_from.iter().map(|known| known.samples.clone()).collect();
    twinprint_protocol::check_carried(recordings, split, &learnt, &plan.config().protocol)
        .map_err(|leaks| RunError::Leaks(leaks.iter().map(ToString::to_string).collect()))
}
