//! The `[protocol]` table: what the user says about folds, enrolment and probes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Leak, Variant};

/// A number of people, or a share of them: `4` or `0.25`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Amount {
    /// This number of people.
    Count(usize),
    /// This share of those there are, 0 to 1, rounded to the nearest whole person.
    Share(#[schemars(extend("minimum" = 0, "exclusiveMaximum" = 1))] f64),
}

impl Amount {
    /// The number of people out of `available`.
    pub fn of(self, available: usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Share(share) => (share * available as f64).round() as usize,
        }
    }
}

/// What becomes of a person or recording with too few clean seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnShort {
    /// The run stops with an error that names it.
    #[default]
    Error,
    /// It is left out and counted as a failure to enrol or to acquire.
    Drop,
}

/// Who may be learnt from.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Train {
    /// Which recordings of the training subjects, in the words of `enrol.recordings`; empty for all.
    #[schemars(inner(length(min = 1)))]
    pub recordings: Vec<String>,
    /// At most so many training subjects a fold, for learning curves; 0 for all. A smaller number is always a
    /// subset of a larger one under the same seed.
    pub subjects: usize,
}

/// What a template is made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Enrol {
    /// Which recordings: a recording's id, a session's id, or a label as `task=rest`; a recording that any entry
    /// names is taken. Empty: each subject's first recording.
    #[schemars(inner(length(min = 1)))]
    pub recordings: Vec<String>,
    /// Clean seconds that a template is made from, above 0; a whole number of epochs. Default 30.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub seconds: f64,
    /// Recordings a template is made from, in the order they were made; 0 for all that are named. They share `seconds` as evenly
    /// as their lengths allow, and each is averaged within before they are averaged together. Default 1.
    #[serde(skip_serializing_if = "is_one")]
    #[schemars(extend("default" = 1))]
    pub recordings_per_template: usize,
    /// Templates a subject, 1 or more, each of `seconds`. Default 1.
    #[schemars(range(min = 1))]
    pub templates_per_subject: usize,
}

impl Default for Enrol {
    fn default() -> Self {
        Self { recordings: Vec::new(), seconds: 30.0, recordings_per_template: 1, templates_per_subject: 1 }
    }
}

/// Not written, so that plans made before the key was there keep their hash.
fn is_one(count: &usize) -> bool {
    *count == 1
}

/// What is compared with the templates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Probe {
    /// Which recordings, in the words of `enrol.recordings`. Empty: every recording of the subject that the
    /// variant allows beside the enrolment.
    #[schemars(inner(length(min = 1)))]
    pub recordings: Vec<String>,
    /// Clean seconds of a probe, each above 0 and a whole number of epochs, no length twice. Every length is scored on its own. Default 2 and 10.
    #[schemars(length(min = 1), extend("items" = { "type": "number", "exclusiveMinimum": 0 }))]
    pub seconds: Vec<f64>,
}

impl Default for Probe {
    fn default() -> Self {
        Self { recordings: Vec::new(), seconds: vec![2.0, 10.0] }
    }
}

/// Who trains, who enrols, who probes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Protocol")]
pub struct Plan {
    /// Which recordings of which people train, enrol and probe.
    pub variant: Variant,
    /// Folds: every subject is tested in exactly one. 2 or more; default 3.
    #[schemars(range(min = 2))]
    pub folds: usize,
    /// Decides who falls into which fold. Unless given, it is derived from the plan's `seed`.
    pub seed: u64,
    /// A label by which every fold gets the same mix of subjects, as `group` or `sex`. Default: none.
    pub stratify: Option<String>,
    /// Subjects of each fold set aside from training for early stopping and thresholds: a number or a share of the
    /// subjects not tested. Default 0.
    pub dev_subjects: Amount,
    /// Who may be learnt from.
    pub train: Train,
    /// What a template is made from.
    pub enrol: Enrol,
    /// What is compared with the templates.
    pub probe: Probe,
    /// Seconds between windows of different roles in one recording, 0 or more. Default 4: a 1 Hz high-pass FIR filter of the usual
    /// design is 3.3 s long, so that windows 4 s apart share no sample of the raw signal.
    #[schemars(range(min = 0))]
    pub guard_seconds: f64,
    /// What becomes of a person or recording with too few clean seconds. Default: `error`.
    pub on_short: OnShort,
    /// Leaks to run with on purpose, by name; every number is then marked leaky. Default: none. `subject-in-two-roles` makes the test subjects
    /// train as well; the others let pass what the rest of the plan asks for.
    pub allow_leak: Vec<Leak>,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            variant: Variant::default(),
            folds: 3,
            seed: 0,
            stratify: None,
            dev_subjects: Amount::Count(0),
            train: Train::default(),
            enrol: Enrol::default(),
            probe: Probe::default(),
            guard_seconds: 4.0,
            on_short: OnShort::default(),
            allow_leak: Vec::new(),
        }
    }
}

/// A setting of the `[protocol]` table that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("protocol.{key} = {value}: {limit}; {instead}")]
pub struct PlanError {
    /// The key below `protocol`.
    pub key: &'static str,
    /// The value given.
    pub value: String,
    /// What the value must be.
    pub limit: &'static str,
    /// What to write instead.
    pub instead: String,
}

impl Plan {
    /// Looks at every setting on its own, before any recording is known.
    ///
    /// # Errors
    /// The first setting out of range, with the limit and what to write instead.
    pub fn validate(&self) -> Result<(), PlanError> {
        let refuse = |key, value: String, limit, instead: &str| {
            Err(PlanError { key, value, limit, instead: instead.to_owned() })
        };
        if self.folds < 2 {
            return refuse("folds", self.folds.to_string(), "must be 2 or more", "write folds = 2");
        }
        if let Amount::Share(share) = self.dev_subjects
            && !(0.0..1.0).contains(&share)
        {
            let limit = "must be a number of subjects, or a share from 0 to below 1";
            return refuse("dev_subjects", share.to_string(), limit, "write dev_subjects = 0.2");
        }
        if !(self.enrol.seconds.is_finite() && self.enrol.seconds > 0.0) {
            let limit = "must be finite and above 0";
            return refuse("enrol.seconds", self.enrol.seconds.to_string(), limit, "write seconds = 30");
        }
        if self.enrol.templates_per_subject == 0 {
            let limit = "must be 1 or more";
            return refuse(
                "enrol.templates_per_subject",
                "0".into(),
                limit,
                "write templates_per_subject = 1",
            );
        }
        if self.enrol.recordings_per_template == 0 && self.enrol.templates_per_subject > 1 {
            let limit = "must be 1 or more with several templates a subject";
            let instead = "write recordings_per_template = 1, or templates_per_subject = 1";
            return refuse("enrol.recordings_per_template", "0".into(), limit, instead);
        }
        self.validate_probe()?;
        if !(self.guard_seconds.is_finite() && self.guard_seconds >= 0.0) {
            let limit = "must be finite and 0 or more";
            return refuse("guard_seconds", self.guard_seconds.to_string(), limit, "write guard_seconds = 4");
        }
        self.validate_selectors()
    }

    fn validate_probe(&self) -> Result<(), PlanError> {
        let seconds = &self.probe.seconds;
        let bad = seconds.iter().find(|s| !(s.is_finite() && **s > 0.0));
        let twice = seconds.iter().enumerate().find(|(i, s)| seconds[..*i].contains(s)).map(|(_, s)| s);
        let (limit, instead) = match (bad, twice) {
            _ if seconds.is_empty() => ("must name at least one length", "write seconds = [2, 10]"),
            (Some(_), _) => ("every length must be finite and above 0", "write seconds = [2, 10]"),
            (None, Some(_)) => ("every length may appear once", "remove the repetition"),
            (None, None) => return Ok(()),
        };
        let value = format!("{seconds:?}");
        Err(PlanError { key: "probe.seconds", value, limit, instead: instead.to_owned() })
    }

    fn validate_selectors(&self) -> Result<(), PlanError> {
        for (key, entries) in [
            ("train.recordings", &self.train.recordings),
            ("enrol.recordings", &self.enrol.recordings),
            ("probe.recordings", &self.probe.recordings),
        ] {
            let label_is_bare =
                |e: &String| e.split_once('=').is_some_and(|(k, v)| k.is_empty() || v.is_empty());
            if entries.iter().any(|e| e.trim().is_empty() || label_is_bare(e)) {
                return Err(PlanError {
                    key,
                    value: format!("{entries:?}"),
                    limit: "every entry must be a recording's id, a session's id, or label=value",
                    instead: "write for example [\"task=rest\"]".to_owned(),
                });
            }
        }
        let same = self.probe.recordings.is_empty() || self.probe.recordings == self.enrol.recordings;
        if self.variant == Variant::WithinRecording && !same {
            return Err(PlanError {
                key: "probe.recordings",
                value: format!("{:?}", self.probe.recordings),
                limit: "under within-recording the probes come from the enrolment recordings",
                instead: "leave probe.recordings out, or choose variant = \"cross-recording\"".to_owned(),
            });
        }
        Ok(())
    }

    /// Whether a leak was allowed by name.
    pub fn allows(&self, leak: Leak) -> bool {
        self.allow_leak.contains(&leak)
    }

    /// The same plan without its leaks, to score what the leak gained: the optimism is the leaky EER minus this one's.
    ///
    /// Nothing stays allowed. Probes that were cut from the enrolment recording or session come from the others again,
    /// and a guard gap of zero becomes the default one.
    #[must_use]
    pub fn honest(&self) -> Self {
        let mut plan = Self { allow_leak: Vec::new(), ..self.clone() };
        if self.allows(Leak::SameRecording) || self.allows(Leak::SameSession) {
            plan.probe.recordings.clear();
        }
        if self.allows(Leak::WindowsWithoutGuard) && plan.guard_seconds == 0.0 {
            plan.guard_seconds = Self::default().guard_seconds;
        }
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Plan {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn an_empty_table_is_the_default_plan() {
        assert_eq!(parse(""), Plan::default());
        Plan::default().validate().unwrap();
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        let error = toml::from_str::<Plan>("[enroll]\nseconds = 30").unwrap_err().to_string();
        assert!(error.contains("enroll"), "{error}");
    }

    #[test]
    fn dev_subjects_is_a_number_or_a_share() {
        assert_eq!(parse("dev_subjects = 4").dev_subjects.of(16), 4);
        assert_eq!(parse("dev_subjects = 0.25").dev_subjects.of(16), 4);
    }

    #[test]
    fn variants_and_leaks_are_written_in_kebab_case() {
        let plan = parse("variant = \"cross-session\"\nallow_leak = [\"same-session\"]");
        assert_eq!(plan.variant, Variant::CrossSession);
        assert!(plan.allows(Leak::SameSession));
        for variant in [
            Variant::UnseenSubjects,
            Variant::SeenSubjects,
            Variant::WithinRecording,
            Variant::CrossRecording,
            Variant::CrossSession,
        ] {
            assert_eq!(serde_json::to_value(variant).unwrap(), variant.name());
        }
    }

    #[test]
    fn every_setting_out_of_range_is_refused_with_its_key_and_a_way_out() {
        for (text, key) in [
            ("folds = 1", "folds"),
            ("dev_subjects = 1.5", "dev_subjects"),
            ("dev_subjects = -1", "dev_subjects"),
            ("[enrol]\nseconds = 0", "enrol.seconds"),
            ("[enrol]\nseconds = inf", "enrol.seconds"),
            ("[enrol]\ntemplates_per_subject = 0", "enrol.templates_per_subject"),
            ("[probe]\nseconds = []", "probe.seconds"),
            ("[probe]\nseconds = [2, nan]", "probe.seconds"),
            ("[probe]\nseconds = [2, 2]", "probe.seconds"),
            ("guard_seconds = -1", "guard_seconds"),
            ("[enrol]\nrecordings = [\"\"]", "enrol.recordings"),
            ("[train]\nrecordings = [\"task=\"]", "train.recordings"),
            ("variant = \"within-recording\"\n[probe]\nrecordings = [\"2\"]", "probe.recordings"),
        ] {
            let error = parse(text).validate().unwrap_err();
            assert_eq!(error.key, key, "{text}");
            let shown = error.to_string();
            assert!(shown.starts_with(&format!("protocol.{key} = ")) && shown.contains("; "), "{shown}");
        }
    }

    #[test]
    fn the_optimistic_variants_and_only_they_carry_a_caveat() {
        assert!(Variant::SeenSubjects.caveat().unwrap().contains("optimistic"));
        assert!(Variant::WithinRecording.caveat().unwrap().contains("optimistic"));
        assert_eq!(Variant::UnseenSubjects.caveat(), None);
        assert_eq!(Variant::CrossRecording.caveat(), None);
        assert_eq!(Variant::CrossSession.caveat(), None);
    }

    #[test]
    fn the_honest_plan_repairs_what_the_leaks_allowed() {
        let leaky = parse(
            "guard_seconds = 0\nallow_leak = [\"same-recording\", \"windows-without-guard\"]\n[probe]\nrecordings = [\"1\"]",
        );
        let honest = leaky.honest();
        assert!(honest.allow_leak.is_empty() && honest.probe.recordings.is_empty());
        assert_eq!(honest.guard_seconds, 4.0);
    }
}
