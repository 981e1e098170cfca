//! What a sweep varies: the `[[sweep]]` tables of a pipeline.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a sweep varies: an axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SweepAxis {
    /// The axis's name in tables and plots.
    pub name: String,
    /// The key of the plan that is set, as `protocol.train.subjects`; or a list of keys that are set together.
    pub key: SweepKey,
    /// The values it takes; of several keys, lists of one value each.
    #[schemars(with = "Vec<serde_json::Value>", length(min = 1))]
    pub values: Vec<toml::Value>,
    /// What to call them, one each; the values themselves unless given. Labels that are numbers are drawn to scale.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Axes that are crossed with this one: a grid. Each of their values has a curve of its own along this axis.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub across: Vec<SweepAxis>,
    /// Every point is run once with each of these seeds; tables show the mean over them and its interval.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seeds: Vec<u64>,
}

/// What an axis sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SweepKey {
    /// One key of the plan.
    One(String),
    /// Several at once.
    Several(Vec<String>),
}

/// One point of an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Combination {
    /// The axis, with the values of those it is crossed with: `training subjects, channels = 4`.
    pub(crate) axis: String,
    /// The point's label.
    pub(crate) label: String,
    /// The seed, where the axis lists seeds.
    pub(crate) seed: Option<u64>,
    /// What is changed in the plan: keys and values.
    pub(crate) changes: Vec<(String, String)>,
}

impl SweepAxis {
    /// Every point, in the order of the table: the axes across outermost, the seeds innermost.
    ///
    /// # Errors
    /// When an axis has no values, labels for some of them only, or values that are no list where several keys are set.
    pub(crate) fn combinations(&self) -> Result<Vec<Combination>, String> {
        self.check()?;
        let mut curves = vec![(self.name.clone(), Vec::new())];
        for axis in &self.across {
            axis.check()?;
            if !axis.across.is_empty() || !axis.seeds.is_empty() {
                return Err(format!(
                    "the axis {:?} is crossed with {:?}, and only {:?} may have `across` and `seeds`: write them there",
                    self.name, axis.name, self.name
                ));
            }
            let mut crossed = Vec::new();
            for (title, changes) in curves {
                for index in 0..axis.values.len() {
                    let title = format!("{title}, {} = {}", axis.name, axis.label(index));
                    crossed.push((title, [changes.clone(), axis.changes(index)?].concat()));
                }
            }
            curves = crossed;
        }
        let seeds: Vec<Option<u64>> = match self.seeds.is_empty() {
            true => vec![None],
            false => self.seeds.iter().copied().map(Some).collect(),
        };
        let mut points = Vec::new();
        for (axis, across) in curves {
            for index in 0..self.values.len() {
                for &seed in &seeds {
                    let mut changes = [across.clone(), self.changes(index)?].concat();
                    changes.extend(seed.map(|seed| ("seed".to_owned(), seed.to_string())));
                    points.push(Combination { axis: axis.clone(), label: self.label(index), seed, changes });
                }
            }
        }
        Ok(points)
    }

    fn check(&self) -> Result<(), String> {
        let name = &self.name;
        if self.values.is_empty() {
            return Err(format!("the axis {name:?} has no values"));
        }
        let (labels, values) = (self.labels.len(), self.values.len());
        if labels != 0 && labels != values {
            return Err(format!("the axis {name:?} has {labels} labels for {values} values: write one each"));
        }
        let twice = self.seeds.iter().enumerate().find(|(at, seed)| self.seeds[..*at].contains(seed));
        if let Some((_, seed)) = twice {
            return Err(format!("the axis {name:?} lists the seed {seed} twice: each counts once in a mean"));
        }
        Ok(())
    }

    /// The keys that the value at `index` sets, each with what it is set to.
    fn changes(&self, index: usize) -> Result<Vec<(String, String)>, String> {
        let value = &self.values[index];
        match (&self.key, value) {
            (SweepKey::One(key), value) => Ok(vec![(key.clone(), value.to_string())]),
            (SweepKey::Several(keys), toml::Value::Array(values)) if values.len() == keys.len() => {
                Ok(keys.iter().cloned().zip(values.iter().map(ToString::to_string)).collect())
            }
            (SweepKey::Several(keys), _) => Err(format!(
                "the axis {:?} sets {} keys, and its value {value} is no list of as many: write one value for each key",
                self.name,
                keys.len()
            )),
        }
    }

    /// What the value at `index` is called.
    fn label(&self, index: usize) -> String {
        self.labels.get(index).cloned().unwrap_or_else(|| self.values[index].to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(text: &str) -> SweepAxis {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_grid_has_every_value_with_every_other_and_with_every_seed() {
        let grid = axis(
            "name = \"people\"\nkey = \"protocol.train.subjects\"\nvalues = [2, 4]\nseeds = [1, 2, 3]\n\
             [[across]]\nname = \"channels\"\nkey = [\"a\", \"b\"]\nvalues = [[1, \"x\"], [2, \"y\"]]\nlabels = [\"few\", \"many\"]\n",
        );
        let points = grid.combinations().unwrap();
        assert_eq!(points.len(), 2 * 2 * 3);
        let last = points.last().unwrap();
        assert_eq!(
            (last.axis.as_str(), last.label.as_str(), last.seed),
            ("people, channels = many", "4", Some(3))
        );
        let pairs = [("a", "2"), ("b", "\"y\""), ("protocol.train.subjects", "4"), ("seed", "3")];
        assert_eq!(last.changes, pairs.map(|(key, value)| (key.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_cannot_be_a_grid_is_refused() {
        let refuse = |text: &str| axis(text).combinations().unwrap_err();
        assert!(refuse("name = \"a\"\nkey = \"k\"\nvalues = []").contains("no values"));
        assert!(
            refuse("name = \"a\"\nkey = \"k\"\nvalues = [1, 2]\nlabels = [\"x\"]").contains("1 labels for 2")
        );
        assert!(refuse("name = \"a\"\nkey = [\"k\", \"l\"]\nvalues = [[1]]").contains("no list of as many"));
        assert!(
            refuse("name = \"a\"\nkey = \"k\"\nvalues = [1]\nseeds = [4, 4]").contains("the seed 4 twice")
        );
        let nested = "name = \"a\"\nkey = \"k\"\nvalues = [1]\n[[across]]\nname = \"b\"\nkey = \"l\"\nvalues = [1]\nseeds = [1]";
        assert!(refuse(nested).contains("may have `across` and `seeds`"));
    }
}
