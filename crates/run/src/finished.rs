//! A run that left what it made, opened by those who use it: its plan, its folds, the encoder of a fold, the final model.

use std::path::Path;

use twinprint_encoder::{Compute, EncoderError, Model, write_out_absent};
use twinprint_protocol::{Fold, Split};
use twinprint_signal::{EmbeddingSpace, FoldIndex};

use crate::RunError;
use crate::carried::{About, embedding_space};
use crate::config::Config;
use crate::folder::{CARRIED, RunFolder, SPLIT};
use crate::record::RunRecord;
use crate::recordings::{KnownRecording, RecordingList};

/// A run folder whose plan is the one it was recorded under.
#[derive(Debug, Clone)]
pub struct FinishedRun {
    /// Where its files are.
    pub folder: RunFolder,
    /// The plan, every default written out.
    pub config: Config,
    /// The hash of the plan, as [`crate::Plan::hash`] gives it.
    pub plan_hash: String,
}

/// One encoder of a run.
pub struct TrainedEncoder {
    /// The fold it is of, with who was learnt from and tested in it; nothing for the final model, which learnt from everybody.
    pub fold: Option<Fold>,
    /// The encoder, on the processor.
    pub model: Model,
}

impl TrainedEncoder {
    /// What prints of this encoder may be compared with.
    ///
    /// # Errors
    /// As [`embedding_space`].
    pub fn space(&self) -> Result<EmbeddingSpace, EncoderError> {
        embedding_space(&self.model, self.fold.as_ref().map(|fold| fold.index))
    }
}

impl FinishedRun {
    /// Opens a run folder.
    ///
    /// # Errors
    /// When it is no run folder, or its plan was changed since the run was made.
    pub fn open(run: &Path) -> Result<Self, RunError> {
        let folder = RunFolder::at(run);
        if run.is_file() {
            return Err(RunError::run_folder(
                run,
                "it is one file, and what is asked for needs a run folder; a packed model serves enroll, verify, identify, export --to .safetensors and [encoder] from",
            ));
        }
        if !folder.path("plan.json").is_file() {
            return Err(RunError::run_folder(
                run,
                "it is no run folder: give one that `twinprint run` filled, as in reports/eegmat-1a2b3c4d"
                    .to_owned(),
            ));
        }
        let mut plan: serde_json::Value = folder.read_json("plan.json")?;
        if let Some(encoder) = plan.get_mut("encoder") {
            write_out_absent(encoder);
        }
        let config: Config = serde_json::from_value(plan).map_err(|error| {
            RunError::run_folder(folder.path("plan.json"), format!("not what a run wrote ({error})"))
        })?;
        let plan_hash = config.hash();
        let record: RunRecord = folder.read_json("run.json")?;
        if record.plan_hash == plan_hash {
            return Ok(Self { folder, config, plan_hash });
        }
        Err(RunError::run_folder(
            folder.path("plan.json"),
            format!(
                "it is not the plan the run was made under ({} against {}): it was changed; run the pipeline again",
                &plan_hash[..8],
                record.plan_hash.get(..8).unwrap_or_default()
            ),
        ))
    }

    /// The encoder of a fold.
    ///
    /// # Errors
    /// When there is no such fold, or its encoder is missing or damaged.
    pub fn encoder(&self, fold: FoldIndex) -> Result<TrainedEncoder, RunError> {
        let refuse = |reason: String| RunError::run_folder(self.folder.root(), reason);
        let split: Split = self.folder.read_json(SPLIT)?;
        let folds = split.folds.len();
        let fold = split.folds.into_iter().find(|candidate| candidate.index == fold).ok_or_else(|| {
            refuse(format!("it has no fold {fold}: write --fold 0 to {}", folds.saturating_sub(1)))
        })?;
        let model = Model::load(&self.folder.fold(fold.index), &Compute::cpu()).map_err(|error| {
            let root = self.folder.root().display();
            RunError::run_folder(format!("{root}: the encoder of fold {} cannot be read", fold.index), error)
        })?;
        Ok(TrainedEncoder { fold: Some(fold), model })
    }

    /// The encoder that was fitted to everybody.
    ///
    /// # Errors
    /// When the run has none, as runs of earlier versions and curves have not, or it is damaged.
    pub fn final_model(&self) -> Result<TrainedEncoder, RunError> {
        let place = self.folder.final_model();
        if !place.exists() {
            return Err(RunError::run_folder_with(
                self.folder.root(),
                "it has no final model (earlier versions made none, `final_model = false` and plans that leak or flatter make none)",
                "run its pipeline with --from preprocess, or take the encoder of a fold with --fold 0",
            ));
        }
        let model = Model::load(&place, &Compute::cpu()).map_err(|error| {
            RunError::run_folder(format!("{}: the final model cannot be read", place.display()), error)
        })?;
        Ok(TrainedEncoder { fold: None, model })
    }

    /// What the model said that the run started from, where it started from one.
    ///
    /// # Errors
    /// When the file of it is damaged.
    pub fn carried(&self) -> Result<Option<About>, RunError> {
        let there = self.folder.path(CARRIED).is_file();
        there.then(|| self.folder.read_json(CARRIED)).transpose()
    }

    /// Every recording of the run.
    ///
    /// # Errors
    /// When what the first stage left is missing or damaged.
    pub fn recordings(&self) -> Result<Vec<KnownRecording>, RunError> {
        Ok(RecordingList::read(&self.folder)?.recordings)
    }

    /// The recordings an encoder has learnt from: those of its fold's training, or for the final model all that may be learnt from.
    ///
    /// # Errors
    /// When what the first stage left is missing or damaged.
    pub fn learnt_from(&self, encoder: &TrainedEncoder) -> Result<Vec<KnownRecording>, RunError> {
        let keys = match &encoder.fold {
            Some(fold) => fold.recordings.train.clone(),
            None => self.folder.read_json::<Split>(SPLIT)?.learnable,
        };
        Ok(self.recordings()?.into_iter().filter(|recording| keys.contains(&recording.key)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_lists_a_sweep_is_the_one_its_run_was_recorded_under() {
        let text = "name = \"small\"\n[dataset]\nroot = \"cohort\"\n[[sweep]]\nname = \"seconds\"\nkey = \"protocol.enrol.seconds\"\nvalues = [5.0]\n";
        let config: Config = toml::from_str(text).unwrap();
        let place = tempfile::tempdir().unwrap();
        let folder = RunFolder::at(place.path());
        folder.write_json("plan.json", &config).unwrap();
        let record = serde_json::json!({
            "schema": "", "name": "small", "plan_hash": config.hash(), "seeds": {}, "device": "cpu", "started": "",
            "host": { "version": "", "git_commit": null, "os": "", "arch": "", "cpu": null, "threads": 1 },
            "stages": {}, "notices": [], "inputs": [],
        });
        folder.write_json("run.json", &record).unwrap();
        assert_eq!(FinishedRun::open(place.path()).unwrap().config, config);
        // What a sweep varies decides nothing of the run; what is enrolled with does.
        let swept = Config { sweep: Vec::new(), ..config.clone() };
        assert_eq!(swept.hash(), config.hash());
        let mut changed = config;
        changed.protocol.enrol.seconds += 1.0;
        folder.write_json("plan.json", &changed).unwrap();
        assert!(FinishedRun::open(place.path()).unwrap_err().to_string().contains("it was changed"));
    }
}
