//! `[[cohorts]]` of a pipeline: several data sets, each with its own layout, preprocessing and part in the protocol.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Table;
use twinprint_protocol::CohortRole;
use twinprint_signal::{ChannelName, SubjectId};

use crate::{Config, words};

/// One data set of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cohort")]
pub struct CohortPlan {
    /// Its name, 1 to 32 letters, digits, `-` or `_`, and no other's; its people are named `name/subject`.
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[A-Za-z0-9_-]+$"))]
    pub name: String,
    /// What its people are for. Default: `learn-and-test`.
    #[serde(default)]
    pub role: CohortRole,
    /// How much each of its epochs counts where something is fitted in closed form, above 0. Default: 1.
    #[serde(default = "one")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub weight: f64,
    /// With `role = "learn"`: at most so many of its people are learnt from; a smaller number is always a subset of a larger one.
    /// Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learn_from: Option<usize>,
    /// How it comes to the channels of the others, where it differs from the plan; `own` only with `role = "learn"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<CohortChannels>,
    /// Which files belong to whom.
    pub dataset: twinprint_dataset::Plan,
    /// The keys of `[preprocess]` that differ. `epochs`, `reference` and `scale` are replaced whole, other tables key by key.
    #[serde(default, skip_serializing_if = "Table::is_empty")]
    #[schemars(with = "twinprint_preprocess::Plan")]
    pub preprocess: Table,
    /// What templates are made from, where it differs from the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrol: Option<Recordings>,
    /// What is compared with the templates, where it differs from the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<Recordings>,
    /// What is learnt from, where it differs from the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub train: Option<Recordings>,
}

fn one() -> f64 {
    1.0
}

/// Recordings of a cohort, in the words of `protocol.enrol.recordings`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recordings {
    /// A recording's id, a session's id, or a label as `task=rest`.
    pub recordings: Vec<String>,
}

/// How several cohorts come to the same channels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CohortChannels {
    /// Those that all of them have, in the order of the first that is tested.
    #[default]
    Common,
    /// These positions: channels that a cohort lacks are interpolated by spherical splines from all it has.
    Montage(Vec<ChannelName>),
    /// The cohort's own: its epochs lie in a file of their own, for networks that take any montage.
    Own,
}

/// A cohort with everything that the plan says in common filled in; a plan's single data set is one without a name.
#[derive(Debug, Clone)]
pub(crate) struct CohortSettings {
    /// The cohort's name; nothing for a plan's single data set.
    pub(crate) name: Option<String>,
    /// The key of the plan that its dataset table stands under.
    pub(crate) key: String,
    pub(crate) role: CohortRole,
    pub(crate) weight: f64,
    pub(crate) learn_from: Option<usize>,
    pub(crate) channels: CohortChannels,
    pub(crate) dataset: twinprint_dataset::Plan,
    pub(crate) preprocess: twinprint_preprocess::Plan,
    recordings: [Option<Recordings>; 3],
}

impl CohortSettings {
    /// The plan's protocol with this cohort's recordings.
    pub(crate) fn protocol(&self, common: &twinprint_protocol::Plan) -> twinprint_protocol::Plan {
        let mut plan = common.clone();
        let lists = [&mut plan.enrol.recordings, &mut plan.probe.recordings, &mut plan.train.recordings];
        for (list, own) in lists.into_iter().zip(&self.recordings) {
            if let Some(own) = own {
                list.clone_from(&own.recordings);
            }
        }
        plan
    }

    /// The name that a person of this cohort has in the run.
    ///
    /// # Errors
    /// When it is too long for a name.
    pub(crate) fn subject(&self, subject: &SubjectId) -> Result<SubjectId, twinprint_signal::IdentityError> {
        match &self.name {
            Some(name) => SubjectId::new(format!("{name}/{subject}")),
            None => Ok(subject.clone()),
        }
    }

    /// The cohort's name before something, where it has one.
    pub(crate) fn prefixed(&self, text: &str, between: &str) -> String {
        match &self.name {
            Some(name) => format!("{name}{between}{text}"),
            None => text.to_owned(),
        }
    }

    /// Whether its epochs lie with those of the other cohorts.
    pub(crate) fn is_pooled(&self) -> bool {
        self.channels != CohortChannels::Own
    }
}

/// A key of the plan and what is wrong with its value.
pub(crate) type Refused = (String, String);

impl Config {
    /// The cohorts of the plan, or its single data set as one.
    ///
    /// # Errors
    /// When there is neither or both, a name is not one or taken, or a cohort's settings do not go together.
    pub(crate) fn cohort_settings(&self) -> Result<Vec<CohortSettings>, Refused> {
        let refuse = |key: &str, text: &str| Err((key.to_owned(), text.to_owned()));
        match (&self.dataset, self.cohorts.as_slice()) {
            (None, []) => refuse(
                "name",
                "it has neither a [dataset] nor [[cohorts]]: write [dataset] with root = \"path/of/the/dataset\", relative to this file",
            ),
            (Some(_), [_, ..]) => {
                refuse("cohorts", "it has both a [dataset] and [[cohorts]]: move the one into the others")
            }
            (Some(_), []) if self.channels != CohortChannels::Common => refuse(
                "channels",
                "channels says how several cohorts come to the same ones; of one data set, name them in preprocess.channels.pick",
            ),
            (Some(dataset), []) => Ok(vec![CohortSettings {
                name: None,
                key: "dataset".to_owned(),
                role: CohortRole::LearnAndTest,
                weight: one(),
                learn_from: None,
                channels: CohortChannels::Common,
                dataset: dataset.clone(),
                preprocess: self.preprocess.clone(),
                recordings: [None, None, None],
            }]),
            (None, cohorts) => {
                let all = cohorts.iter().enumerate().map(|(index, cohort)| self.settings_of(index, cohort));
                let all = all.collect::<Result<Vec<_>, _>>()?;
                check_together(cohorts, &all)?;
                Ok(all)
            }
        }
    }

    /// What a recording goes through to be compared with the people tested: the preprocessing of the first cohort that is
    /// tested, or of the plan. With several cohorts no channels are picked in it: they are the encoder's.
    pub fn preprocess_of_tested(&self) -> twinprint_preprocess::Plan {
        let all = self.cohort_settings().unwrap_or_default();
        let tested = all.into_iter().find(|cohort| cohort.name.is_some() && cohort.role.is_tested());
        let Some(CohortSettings { mut preprocess, channels, .. }) = tested else {
            return self.preprocess.clone();
        };
        preprocess.channels.pick.clear();
        if matches!(channels, CohortChannels::Montage(_)) {
            preprocess.channels.on_missing = twinprint_preprocess::OnMissing::Interpolate;
        }
        preprocess
    }

    fn settings_of(&self, index: usize, cohort: &CohortPlan) -> Result<CohortSettings, Refused> {
        let key = |below: &str| format!("cohorts.{index}.{below}");
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if cohort.name.is_empty() || cohort.name.len() > 32 || !cohort.name.chars().all(plain) {
            let reason = format!("name = {:?} must be 1 to 32 letters, digits, - or _", cohort.name);
            return Err((key("name"), reason));
        }
        if !(cohort.weight.is_finite() && cohort.weight > 0.0) {
            let reason = format!(
                "weight = {}: it must be above 0; to learn from nobody of a cohort write role = \"test\" or learn_from = 0",
                cohort.weight
            );
            return Err((key("weight"), reason));
        }
        if cohort.learn_from.is_some() && cohort.role != CohortRole::Learn {
            let reason = "learn_from limits a cohort of role = \"learn\"; for people who are tested too, use protocol.train.subjects";
            return Err((key("learn_from"), reason.to_owned()));
        }
        let channels = cohort.channels.clone().unwrap_or_else(|| self.channels.clone());
        if channels == CohortChannels::Own && cohort.role != CohortRole::Learn {
            let reason = "channels = \"own\" is for cohorts of role = \"learn\": what is compared is of the same channels";
            return Err((key("channels"), reason.to_owned()));
        }
        let preprocess = merged(&self.preprocess, &cohort.preprocess).map_err(|error| {
            (
                key("preprocess"),
                format!("preprocess of cohort {}: {}", cohort.name, words::plain(error.message())),
            )
        })?;
        Ok(CohortSettings {
            name: Some(cohort.name.clone()),
            key: key("dataset"),
            role: cohort.role,
            weight: cohort.weight,
            learn_from: cohort.learn_from,
            channels,
            dataset: cohort.dataset.clone(),
            preprocess,
            recordings: [cohort.enrol.clone(), cohort.probe.clone(), cohort.train.clone()],
        })
    }
}

fn check_together(cohorts: &[CohortPlan], all: &[CohortSettings]) -> Result<(), Refused> {
    for (index, cohort) in cohorts.iter().enumerate() {
        if cohorts[..index].iter().any(|other| other.name == cohort.name) {
            let reason =
                format!("two cohorts are named {:?}: their people could not be told apart", cohort.name);
            return Err((format!("cohorts.{index}.name"), reason));
        }
    }
    if !all.iter().any(|cohort| cohort.role.is_tested()) {
        let reason = "no cohort is tested: write role = \"learn-and-test\" or \"test\" for one of them";
        return Err(("cohorts".to_owned(), reason.to_owned()));
    }
    let mut pooled = all.iter().enumerate().filter(|(_, cohort)| cohort.is_pooled());
    if let Some((_, first)) = pooled.next()
        && let Some((index, other)) = pooled.find(|(_, other)| other.channels != first.channels)
    {
        let name = |cohort: &CohortSettings| cohort.name.clone().unwrap_or_default();
        let reason = format!(
            "cohorts {} and {} come to their channels in two ways: write channels once, above the first table of the plan",
            name(first),
            name(other)
        );
        return Err((format!("cohorts.{index}.channels"), reason));
    }
    Ok(())
}

/// Tables of `[preprocess]` that are one choice of several, and so are replaced whole.
const WHOLE: [&str; 3] = ["epochs", "reference", "scale"];

/// The plan's preprocessing with what a cohort changes.
pub(crate) fn merged(
    common: &twinprint_preprocess::Plan,
    own: &Table,
) -> Result<twinprint_preprocess::Plan, toml::de::Error> {
    if own.is_empty() {
        return Ok(common.clone());
    }
    // Whatever was read from a plan can be written as one.
    let mut table = Table::try_from(common).unwrap_or_default();
    for (key, value) in own {
        match (table.get_mut(key), value) {
            (Some(toml::Value::Table(there)), toml::Value::Table(new)) if !WHOLE.contains(&key.as_str()) => {
                there.extend(new.clone());
            }
            _ => {
                table.insert(key.clone(), value.clone());
            }
        }
    }
    table.try_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        toml::from_str(&format!("name = \"a\"\n{text}")).unwrap()
    }

    const TWO: &str = "[preprocess]\nresample = { sfreq = 128.0 }\nepochs = { duration = 2.0, overlap = 1.5 }\nchannels = { drop = [\"ECG\"] }\n\
        [[cohorts]]\nname = \"one\"\ndataset = { root = \"one\" }\n\
        [[cohorts]]\nname = \"two\"\ndataset = { root = \"two\" }\n";

    #[test]
    fn a_cohort_changes_what_it_names_and_shares_the_rest() {
        let text = format!(
            "{TWO}role = \"learn\"\npreprocess = {{ filter = {{ h_freq = 30.0 }}, epochs = {{ duration = 4 }}, resample = false, channels = {{ pick = [\"Cz\"] }} }}\n"
        );
        let all = config(&text).cohort_settings().unwrap();
        let (one, two) = (&all[0].preprocess, &all[1].preprocess);
        assert_eq!(*one, config(TWO).preprocess);
        let filter = |plan: &twinprint_preprocess::Plan| plan.filter.clone().unwrap();
        assert_eq!(filter(two).h_freq.unwrap().get(), 30.0);
        assert_eq!(filter(two).l_freq, filter(one).l_freq);
        assert!(two.resample.is_none() && two.channels.drop == one.channels.drop);
        let twinprint_preprocess::EpochPlan::Fixed { duration, overlap } = &two.epochs else {
            panic!("events")
        };
        assert_eq!((duration.get(), overlap.get()), (4.0, 0.0));
        // As it is read back from a run folder.
        let config = config(&text);
        let back: Config = serde_json::from_str(&serde_json::to_string(&config).unwrap()).unwrap();
        assert_eq!((back.hash(), back), (config.hash(), config));
    }

    #[test]
    fn cohorts_that_do_not_go_together_are_refused_at_their_key() {
        let two = |extra: &str| config(&format!("{TWO}{extra}")).cohort_settings().unwrap_err();
        for (extra, key, says) in [
            ("weight = 0.0", "cohorts.1.weight", "above 0"),
            ("learn_from = 3", "cohorts.1.learn_from", "protocol.train.subjects"),
            ("channels = \"own\"", "cohorts.1.channels", "learn"),
            ("channels = { montage = [\"Cz\", \"Pz\"] }", "cohorts.1.channels", "two ways"),
            ("preprocess = { filtre = false }", "cohorts.1.preprocess", "filtre"),
            ("[[cohorts]]\nname = \"one\"\ndataset = { root = \"c\" }", "cohorts.2.name", "\"one\""),
            ("[[cohorts]]\nname = \"a/b\"\ndataset = { root = \"c\" }", "cohorts.2.name", "letters"),
            ("[dataset]\nroot = \"c\"", "cohorts", "both"),
        ] {
            let (at, reason) = two(extra);
            assert!(at == key && reason.contains(says), "{extra}: {at}: {reason}");
        }
        let (_, reason) = config("").cohort_settings().unwrap_err();
        assert!(reason.contains("[dataset]"), "{reason}");
        let learnt = TWO.replace("dataset = {", "role = \"learn\"\ndataset = {");
        assert!(config(&learnt).cohort_settings().unwrap_err().1.contains("no cohort is tested"));
    }
}
