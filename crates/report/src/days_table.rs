//! How the error rate goes with the days between enrolment and probe.

use crate::format;
use crate::results::{DaysRow, Results};

/// A row for each system and interval of days, and a column for each probe length, the head first; nothing where no recording is
/// dated. `name` writes a system's name.
pub(crate) fn days_rows(results: &Results, name: impl Fn(&str) -> String) -> Option<Vec<Vec<String>>> {
    let lengths = format::lengths(results.days.iter().map(|row| row.probe_seconds));
    let head = ["days between enrolment and probe", "system", "people"].map(str::to_owned).into_iter();
    let mut rows = vec![
        head.chain(lengths.iter().map(|probe| format!("EER % at {}", format::seconds(*probe)))).collect(),
    ];
    let mut intervals: Vec<&DaysRow> = results.days.iter().collect();
    intervals.sort_by_key(|row| row.from_days);
    intervals.dedup_by_key(|row| row.from_days);
    let systems = format::systems(results.days.iter().map(|row| row.system.as_str()));
    for interval in intervals {
        for system in &systems {
            let of = |probe: f64| {
                let same = |row: &&DaysRow| {
                    row.from_days == interval.from_days && row.system == *system && row.probe_seconds == probe
                };
                results.days.iter().find(same)
            };
            let cells = lengths.iter().map(|probe| format::estimate(of(*probe).and_then(|row| row.eer)));
            let people = lengths.iter().find_map(|probe| of(*probe)).map_or(0, |row| row.people);
            let first = [interval.interval(), name(system), format::count(people)].into_iter();
            rows.push(first.chain(cells).collect());
        }
    }
    (!systems.is_empty()).then_some(rows)
}

#[cfg(test)]
mod tests {
    use twinprint_signal::{Estimate, Interval};

    use super::*;

    #[test]
    fn intervals_stand_in_the_order_of_days_with_a_column_for_each_length() {
        let row = |from_days, to_days, probe_seconds, eer: Option<f64>| DaysRow {
            system: "encoder".to_owned(),
            probe_seconds,
            from_days,
            to_days,
            people: 9,
            mated: 90,
            non_mated: 720,
            eer: eer.map(|value| Estimate { value, ci95: Some(Interval { low: 0.1, high: 0.3 }) }),
        };
        let days = vec![
            row(366, None, 2.0, Some(0.2)),
            row(0, Some(0), 2.0, Some(0.15)),
            row(0, Some(0), 10.0, None),
        ];
        let results = Results { days, ..Results::default() };
        let rows = days_rows(&results, str::to_owned).unwrap();
        assert_eq!(rows[1], ["the same day", "encoder", "9", "15.0 [10.0, 30.0]", "–"]);
        assert_eq!(rows[2], ["more than 365 days", "encoder", "9", "20.0 [10.0, 30.0]", "–"]);
        assert_eq!(days_rows(&Results::default(), str::to_owned), None);
    }
}
