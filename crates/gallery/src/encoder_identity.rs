//! Which encoder a gallery's prints come from.

use serde::{Deserialize, Serialize};
use twinprint_signal::{ChannelName, EmbeddingSpace, FoldIndex};

/// The encoder that every print of a gallery must come from, and how it was made.
///
/// It stands in the gallery's file under the key `lock`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EncoderIdentity {
    /// The hash of the model: of everything that decides a print. With the fold, it is what prints may be compared with.
    pub encoder: String,
    /// The hash of the plan it was fitted under, preprocessing included.
    pub plan: String,
    /// Numbers a print.
    pub dim: usize,
    /// Where the encoder was when the gallery was made; it may have moved.
    pub model: String,
    /// Which fold's encoder of that run it is; nothing for the one that was fitted to everybody.
    pub fold: Option<FoldIndex>,
    /// The channels it takes; empty where prints come from elsewhere.
    pub channels: Vec<ChannelName>,
    /// Samples a second it takes; 0 where prints come from elsewhere.
    pub rate: f64,
    /// The length of an epoch in seconds; 0 where prints come from elsewhere.
    pub epoch_seconds: f64,
    /// The version of twinprint that made the gallery.
    pub version: String,
}

impl EncoderIdentity {
    /// The maker of prints of `dim` numbers that come from elsewhere; `made_by` tells people what it is.
    pub fn elsewhere(space: &EmbeddingSpace, dim: usize, made_by: &str) -> Self {
        Self {
            encoder: space.model.clone(),
            plan: "none".to_owned(),
            dim,
            model: made_by.to_owned(),
            // Rows without a fold count as those of the first, as in galleries of earlier versions.
            fold: Some(space.fold.unwrap_or_default()),
            channels: Vec::new(),
            rate: 0.0,
            epoch_seconds: 0.0,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// What prints of this encoder may be compared with.
    pub fn space(&self) -> EmbeddingSpace {
        EmbeddingSpace { model: self.encoder.clone(), fold: self.fold }
    }

    /// The number of the fold, or `none` for the encoder that was fitted to everybody.
    pub fn fold_name(&self) -> String {
        self.fold.map_or_else(|| "none".to_owned(), |fold| fold.to_string())
    }

    /// What of another encoder differs, a line each; nothing where its prints may be compared with those of this one.
    ///
    /// Channels, rate and epoch follow from the encoder's hash: they are listed only to explain another difference.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let line = |what: &str, ours: String, theirs: String| {
            (ours != theirs).then(|| format!("  {what}: the gallery's is {ours}, given is {theirs}"))
        };
        let decisive = [
            line("encoder", short(&self.encoder), short(&other.encoder)),
            line("plan", short(&self.plan), short(&other.plan)),
            line("numbers a print", self.dim.to_string(), other.dim.to_string()),
            line("fold", self.fold_name(), other.fold_name()),
        ];
        let mut lines: Vec<String> = decisive.into_iter().flatten().collect();
        if !lines.is_empty() {
            let explaining = [
                line("channels", names(&self.channels), names(&other.channels)),
                line("rate in hertz", self.rate.to_string(), other.rate.to_string()),
                line("seconds an epoch", self.epoch_seconds.to_string(), other.epoch_seconds.to_string()),
            ];
            lines.extend(explaining.into_iter().flatten());
        }
        lines
    }
}

fn short(hash: &str) -> String {
    hash.get(..12).unwrap_or(hash).to_owned()
}

fn names(channels: &[ChannelName]) -> String {
    channels.iter().map(ChannelName::as_str).collect::<Vec<_>>().join(" ")
}
