//! BIDS file names: `key-value` pairs, a suffix and an extension.

/// A BIDS file name taken apart: `sub-01_task-rest_eeg.edf`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entities {
    /// Keys and values in the order of the name: `("sub", "01")`.
    pairs: Vec<(String, String)>,
    /// `eeg`, `channels`, `events`.
    pub(crate) suffix: String,
    /// With its dot, in lower case: `.edf`.
    pub(crate) extension: String,
}

impl Entities {
    /// Takes a file name apart; the error completes "left out: …".
    pub(crate) fn parse(name: &str) -> Result<Self, String> {
        let (stem, extension) = name.split_once('.').ok_or("the name has no extension")?;
        let mut parts: Vec<&str> = stem.split('_').collect();
        let suffix = parts.pop().unwrap_or_default();
        if suffix.is_empty() || suffix.contains('-') {
            return Err(format!(
                "the name does not end in a suffix such as `_eeg` before the extension, but in {suffix:?}"
            ));
        }
        let mut pairs: Vec<(String, String)> = Vec::with_capacity(parts.len());
        for part in parts {
            match part.split_once('-') {
                Some((key, value)) if !key.is_empty() && !value.is_empty() => {
                    if pairs.iter().any(|(known, _)| known == key) {
                        return Err(format!("the entity {key:?} appears twice in the name"));
                    }
                    pairs.push((key.to_owned(), value.to_owned()));
                }
                _ => return Err(format!("{part:?} is not a BIDS entity (key-value)")),
            }
        }
        Ok(Self {
            pairs,
            suffix: suffix.to_owned(),
            extension: format!(".{}", extension.to_ascii_lowercase()),
        })
    }

    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }

    /// Whether every entity of this name is one of `other`'s: the rule by which a sidecar applies to a recording.
    pub(crate) fn applies_to(&self, other: &Self) -> bool {
        self.pairs.iter().all(|(key, value)| other.get(key) == Some(value))
    }

    /// The entities after the subject, as the name has them; the suffix where there are none.
    pub(crate) fn without_subject(&self) -> String {
        let rest = self.pairs.iter().filter(|(key, _)| key != "sub");
        let rest: Vec<String> = rest.map(|(key, value)| format!("{key}-{value}")).collect();
        if rest.is_empty() { self.suffix.clone() } else { rest.join("_") }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_comes_apart_into_entities_suffix_and_extension() {
        let name = Entities::parse("sub-1102_ses-1_task-cueing_run-01_eeg.EDF").unwrap();
        assert_eq!(name.get("sub"), Some("1102"));
        assert_eq!(name.without_subject(), "ses-1_task-cueing_run-01");
        assert_eq!((name.suffix.as_str(), name.extension.as_str()), ("eeg", ".edf"));
    }

    #[test]
    fn names_that_are_not_bids_are_refused() {
        for bad in
            ["sub-01_eeg", "sub-01_task-rest.edf", "sub01_eeg.edf", "sub-_eeg.edf", "sub-1_sub-2_eeg.edf"]
        {
            assert!(Entities::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_sidecar_applies_where_its_entities_are_a_subset() {
        let file = Entities::parse("sub-01_task-rest_run-1_eeg.edf").unwrap();
        for (sidecar, applies) in [
            ("eeg.json", true),
            ("task-rest_eeg.json", true),
            ("sub-01_task-rest_eeg.json", true),
            ("task-oddball_eeg.json", false),
            ("task-rest_acq-x_eeg.json", false),
        ] {
            assert_eq!(Entities::parse(sidecar).unwrap().applies_to(&file), applies, "{sidecar}");
        }
    }

    proptest! {
        #[test]
        fn no_name_panics(name in "\\PC{0,40}") {
            let _ = Entities::parse(&name);
        }
    }
}
