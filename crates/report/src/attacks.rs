//! The schema of `attacks.json`, and how it is shown: how often each attack on a run's encoders succeeds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use twinprint_signal::Estimate;

use crate::format;

/// The value of [`Attacks::schema`] that this crate reads and writes.
pub const ATTACKS_SCHEMA: &str = "twinprint-attacks/1";

/// Every attack on the encoders of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attacks {
    /// Always [`ATTACKS_SCHEMA`].
    pub schema: String,
    /// The name that the plan gives the run.
    pub name: String,
    /// The hash of the plan.
    pub plan_hash: String,
    /// The seed of every draw.
    pub seed: u64,
    /// How often a climb may ask for a score.
    pub queries: usize,
    /// People attacked.
    pub people: usize,
    /// Seconds of EEG without rejected epochs behind each template.
    pub enroll_seconds: f64,
    /// Seconds of EEG without rejected epochs that each probe is made from.
    pub probe_seconds: f64,
    /// Whose scores set the thresholds.
    pub thresholds_from: String,
    /// The thresholds that the attempts are held against.
    pub operating_points: Vec<AttackedPoint>,
    /// One row an attack.
    pub rows: Vec<AttackRow>,
    /// What to know before reading the rows, in sentences.
    pub notes: Vec<String>,
}

/// One operating point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackedPoint {
    /// The false match rate aimed at, 0 to 1.
    pub target_fmr: f64,
    /// The threshold of each fold.
    pub thresholds: Vec<f64>,
    /// Comparisons of two people behind the threshold of the fold with the fewest.
    pub non_mated: usize,
}

/// One attack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackRow {
    /// Its name, in words.
    pub attack: String,
    /// What the attacker has.
    pub attacker_has: String,
    /// What is handed in: `signals`, which go through the fold's encoder, `prints`, or `file`, which is read.
    pub hands_in: String,
    /// How often it was tried.
    pub attempts: usize,
    /// Attempts refused before any score, by the check that refused them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, usize>,
    /// The middle score, -1 to 1; absent where none decides, and of climbs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub middle_score: Option<f64>,
    /// What came of it: one entry an operating point, in the order of [`Attacks::operating_points`]; a single one without a target where
    /// no threshold decides.
    pub outcomes: Vec<AttackOutcome>,
}

/// How often an attack succeeded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackOutcome {
    /// The false match rate aimed at; absent where no threshold decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_fmr: Option<f64>,
    /// Attempts that no check refused and whose score reached the threshold.
    pub successes: usize,
    /// Their share of all attempts, 0 to 1.
    pub rate: Option<Estimate>,
    /// The share that the score alone would have let in, were there no checks; absent where no check refused anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_without_checks: Option<Estimate>,
    /// How many scores were asked for until one was accepted: the middle of the climbs that came there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queries: Option<f64>,
}

impl Attacks {
    /// For a terminal: a paragraph an attack, since its table would be three screens wide. Ends in a line break.
    pub fn text(&self) -> String {
        let mut lines = vec![self.heading(), String::new()];
        let cells = self.cells();
        for (head, row) in cells.iter().skip(1).map(|row| (&cells[0], row)) {
            let width = head.iter().map(|name| name.chars().count()).max().unwrap_or(0);
            lines.push(row[0].clone());
            let said = head.iter().zip(row).skip(1).filter(|(_, cell)| *cell != format::ABSENT);
            lines.extend(said.map(|(name, cell)| format!("  {name:<width$}  {cell}")));
            lines.push(String::new());
        }
        lines.push(LEGEND.to_owned());
        lines.extend(self.notes.iter().map(|note| format!("Note: {note}")));
        lines.join("\n") + "\n"
    }

    /// What was attacked and how.
    pub(crate) fn heading(&self) -> String {
        format!(
            "{}: attacks on {}, templates of {}, probes of {}; {}",
            self.name,
            format::counted(self.people, "person").replace("persons", "people"),
            format::seconds(self.enroll_seconds),
            format::seconds(self.probe_seconds),
            self.thresholds_from
        )
    }

    /// The head and a line a row.
    pub(crate) fn cells(&self) -> Vec<Vec<String>> {
        let mut head: Vec<String> =
            ["attack", "the attacker has", "attempts", "refused before scoring"].map(str::to_owned).to_vec();
        for point in &self.operating_points {
            head.push(format!("success % at FMR {} %", format::percent(point.target_fmr)));
        }
        let mut lines = vec![head];
        for row in &self.rows {
            let refused: Vec<String> = row
                .refused
                .iter()
                .map(|(check, count)| format!("{} {check}", format::count(*count)))
                .collect();
            let refused = if refused.is_empty() { format::ABSENT.to_owned() } else { refused.join(", ") };
            let mut line =
                vec![row.attack.clone(), row.attacker_has.clone(), format::count(row.attempts), refused];
            line.extend(row.outcomes.iter().map(AttackOutcome::cell));
            line.resize(4 + self.operating_points.len(), format::ABSENT.to_owned());
            lines.push(line);
        }
        lines
    }
}

/// How to read the rows.
pub(crate) const LEGEND: &str = "Success: no check refused the attempt and its score reached the threshold; in brackets the 95 % interval over people. \
     “without checks”: what the score alone would have let in. Rows without a threshold show one number: the share of attempts that came to their end.";

impl AttackOutcome {
    fn cell(&self) -> String {
        let mut cell = format::estimate(self.rate);
        if let Some(rate) = self.rate_without_checks {
            cell += &format!("; without checks {}", format::estimate(Some(rate)));
        }
        if let Some(queries) = self.queries {
            cell += &format!("; after {queries:.0} queries");
        }
        cell
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn example(name: &str) -> Attacks {
        let rate =
            |value: f64| Some(Estimate { value, ci95: Some([value / 2.0, (1.0 + value) / 2.0].into()) });
        let outcome = |target_fmr: Option<f64>, value: f64| AttackOutcome {
            target_fmr,
            successes: (10.0 * value) as usize,
            rate: rate(value),
            rate_without_checks: None,
            queries: None,
        };
        let row = |attack: &str, outcomes: Vec<AttackOutcome>| AttackRow {
            attack: attack.to_owned(),
            attacker_has: name.to_owned(),
            hands_in: "signals".to_owned(),
            attempts: 10,
            refused: BTreeMap::new(),
            middle_score: None,
            outcomes,
        };
        let mut noise = row("white noise", vec![outcome(Some(0.1), 0.0)]);
        noise.refused.insert(format!("no EEG {name}"), 10);
        noise.outcomes[0].rate_without_checks = rate(0.4);
        let mut climb = row("climb", vec![outcome(Some(0.1), 0.6)]);
        climb.outcomes[0].queries = Some(41.0);
        Attacks {
            schema: ATTACKS_SCHEMA.to_owned(),
            name: name.to_owned(),
            people: 10,
            enroll_seconds: 30.0,
            probe_seconds: 10.0,
            thresholds_from: format!("thresholds from dev people {name}"),
            operating_points: vec![AttackedPoint { target_fmr: 0.1, thresholds: vec![0.2], non_mated: 400 }],
            rows: vec![noise, climb, row("sealed gallery", vec![outcome(None, 0.0)])],
            notes: vec![name.to_owned()],
            ..Attacks::default()
        }
    }

    #[test]
    fn a_row_says_what_refused_it_and_what_the_score_alone_would_have_done() {
        let text = example("small").text();
        for part in [
            "10 no EEG small",
            "0.0 [0.0, 50.0]; without checks 40.0 [20.0, 70.0]",
            "60.0 [30.0, 80.0]; after 41 queries",
            "  success % at FMR 10.0 %  60.0 [30.0, 80.0]; after 41 queries",
            "10 people",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let attacks = example("small");
        let text = serde_json::to_string(&attacks).unwrap();
        assert_eq!(serde_json::from_str::<Attacks>(&text).unwrap(), attacks);
    }
}
