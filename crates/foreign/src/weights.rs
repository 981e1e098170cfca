//! An encoder's weights for other programs, and back.

use std::collections::BTreeMap;
use std::path::Path;

use twinprint_encoder::Model;
use twinprint_run::{CarriedModel, FinishedRun, embedding_space};
use twinprint_signal::FoldIndex;
use twinprint_store::prints::{WEIGHTS, WEIGHTS_HASH, space_attribute};

use crate::ForeignError;
use crate::options::refuse_replacing;

/// Writes the encoder of a run's fold, or a packed model's, as one safetensors file; gives back how many numbers a print of it has.
///
/// # Errors
/// When there is no such run, fold or model, a file is there and `force` is not given, or it cannot be written.
pub fn export_weights(run: &Path, fold: FoldIndex, to: &Path, force: bool) -> Result<usize, ForeignError> {
    refuse_replacing(to, force)?;
    let model = if run.is_file() {
        CarriedModel::open(run)?.model
    } else {
        FinishedRun::open(run)?.encoder(fold)?.model
    };
    model.export_weights(to)?;
    Ok(model.dim())
}

/// The encoder of a run's fold with the weights of a file in place of its own.
pub(super) struct Changed {
    pub(super) model: Model,
    /// What a file of its prints must say: the file of weights, its BLAKE3 hash, the encoder's new hash.
    pub(super) attributes: BTreeMap<String, String>,
}

impl Changed {
    /// Reads the weights.
    ///
    /// # Errors
    /// When there is no such run or fold, or the weights do not fit its encoder: the error lists what differs.
    pub(super) fn read(run: &Path, fold: FoldIndex, weights: &Path) -> Result<Self, ForeignError> {
        let encoder = FinishedRun::open(run)?.encoder(fold)?;
        let bytes = std::fs::read(weights).map_err(ForeignError::read(weights))?;
        let model = encoder.model.with_weights(weights).map_err(|source| ForeignError::Weights {
            weights: weights.to_owned(),
            run: run.to_owned(),
            fold,
            source: Box::new(source),
        })?;
        let name = weights.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let space = embedding_space(&model, Some(fold))?;
        let attributes = BTreeMap::from([
            (WEIGHTS.to_owned(), name),
            (WEIGHTS_HASH.to_owned(), blake3::hash(&bytes).to_hex().to_string()),
            space_attribute(&space),
        ]);
        Ok(Self { model, attributes })
    }
}
