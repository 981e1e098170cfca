//! What a row is, and what came of one.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::root;

/// One comparison.
pub(crate) struct Row {
    /// Its name on the command line and in the JSON.
    pub name: &'static str,
    /// What is timed, in one line.
    pub what: &'static str,
    /// Peer's time over ours that is wanted at least; None where nothing was promised.
    pub goal: Option<f64>,
    pub ours: Ours,
    pub peer: Peer,
    /// What a side that came to no end answers this with, in percent: how near it came.
    pub nearest: Option<&'static str>,
    /// What the peer imports, by its name in `tests/peers/requirements.txt`.
    pub packages: &'static [&'static str],
    /// A folder of recordings that both sides get as their last argument.
    pub data: Option<&'static str>,
    /// Whether both sides answer `check` with a number that must agree, and how closely, relative.
    pub check: Option<f64>,
    /// Whether both sides answer `memory` with the growth of their resident set since they were ready, in MiB.
    pub memory: bool,
    /// Rounds that are measured.
    pub rounds: u32,
}

/// An example of one of our crates.
pub(crate) struct Ours {
    pub example: &'static str,
    pub arguments: &'static [&'static str],
    /// What it is asked to do once.
    pub command: &'static str,
}

/// Whom we are set against.
pub(crate) struct Peer {
    /// A script in `tests/peers/`, or None for our own example doing it another way.
    pub script: Option<&'static str>,
    pub arguments: &'static [&'static str],
    /// What it is asked to do once.
    pub command: &'static str,
}

impl Row {
    /// The row's folder of recordings, where it needs one.
    pub fn data(&self) -> Result<Option<PathBuf>, String> {
        let Some(name) = self.data else { return Ok(None) };
        let given = std::env::var_os("TWINPRINT_DATA").map(PathBuf::from);
        let places = given.into_iter().chain([root().join("data"), root().join("../shared/data")]);
        let found = places.map(|place| place.join(name)).find(|folder| folder.is_dir());
        found.map(Some).ok_or_else(|| {
            format!(
                "no {name} in TWINPRINT_DATA, data/ or ../shared/data; `twinprint fetch {name}` downloads it"
            )
        })
    }
}

/// What a row came to.
pub(crate) struct Measured {
    pub row: &'static Row,
    /// The peer's name and version as it gave them.
    pub peer: String,
    /// Seconds of every round.
    pub ours_s: Vec<f64>,
    pub peer_s: Vec<f64>,
    /// Ours and the peer's.
    pub memory_mib: Option<[f64; 2]>,
    /// How near a side came that did not come to its end in most rounds, in percent; ours and the peer's.
    pub nearest: [Option<f64>; 2],
}

impl Measured {
    /// The peer's median over ours, where both came to an end.
    pub fn ratio(&self) -> Option<f64> {
        let [ours, peer] = [median(&self.ours_s), median(&self.peer_s)];
        (ours.is_finite() && peer.is_finite()).then_some(peer / ours)
    }

    pub fn json(&self) -> Value {
        let mut value = json!({
            "name": self.row.name,
            "ours_s": median(&self.ours_s),
            "peer": self.peer,
            "peer_s": median(&self.peer_s),
            "ratio": self.ratio(),
            "goal": self.row.goal,
            "ours_best_s": least(&self.ours_s),
            "peer_best_s": least(&self.peer_s),
            "rounds": self.ours_s.len(),
        });
        for (key, nearest) in
            [("ours_never_below_percent", self.nearest[0]), ("peer_never_below_percent", self.nearest[1])]
        {
            if let Some(nearest) = nearest {
                value[key] = json!(nearest);
            }
        }
        if let Some([ours, peer]) = self.memory_mib {
            value["ours_peak_mib"] = json!(ours);
            value["peer_peak_mib"] = json!(peer);
        }
        value
    }
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (left, right) = ((sorted.len() - 1) / 2, sorted.len() / 2);
    (sorted[left] + sorted[right]) / 2.0
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_middle_two() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    fn measured() -> Measured {
        Measured {
            row: &crate::bench::rows::ROWS[0],
            peer: "mne-python 1".into(),
            ours_s: vec![0.5, 0.25, 1.0],
            peer_s: vec![8.0, 9.0, 7.0],
            memory_mib: None,
            nearest: [None; 2],
        }
    }

    #[test]
    fn a_side_that_came_to_no_end_has_no_time() {
        let never = f64::INFINITY;
        let value =
            Measured { peer_s: vec![3.0, never, never], nearest: [None, Some(9.5)], ..measured() }.json();
        assert!(value["peer_s"].is_null() && value["ratio"].is_null(), "{value}");
        assert_eq!(
            (value["peer_best_s"].as_f64(), value["peer_never_below_percent"].as_f64()),
            (Some(3.0), Some(9.5))
        );
        assert!(value.get("ours_never_below_percent").is_none(), "{value}");
    }

    #[test]
    fn a_result_has_the_promised_keys() {
        let value = measured().json();
        assert_eq!(value["name"], "preprocess_eegmat");
        assert_eq!((value["ours_s"].as_f64(), value["peer_s"].as_f64()), (Some(0.5), Some(8.0)));
        assert_eq!((value["ratio"].as_f64(), value["peer"].as_str()), (Some(16.0), Some("mne-python 1")));
    }
}
