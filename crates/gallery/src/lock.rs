//! What a gallery is locked to: the encoder and the plan that make its prints.

use serde::{Deserialize, Serialize};
use twinprint_signal::ChannelName;

/// The encoder that prints must come from, and how it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lock {
    /// The hash of everything that decides a print.
    pub encoder: String,
    /// The hash of the plan it was fitted under, preprocessing included.
    pub plan: String,
    /// Numbers a print.
    pub dim: usize,
    /// Where the encoder was when the gallery was made; it may have moved.
    pub model: String,
    /// Which fold's encoder of that run it is.
    pub fold: usize,
    /// The channels it takes; empty where prints come from elsewhere.
    pub channels: Vec<ChannelName>,
    /// Samples a second it takes; 0 where prints come from elsewhere.
    pub rate: f64,
    /// The length of an epoch in seconds; 0 where prints come from elsewhere.
    pub epoch_seconds: f64,
    /// The version of twinprint that made the gallery.
    pub version: String,
}

impl Lock {
    /// What of another encoder differs, in words; nothing where prints of it may be compared.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut compare = |what: &str, ours: &str, theirs: &str| {
            if ours != theirs {
                lines.push(format!("  {what}: the gallery's is {ours}, given is {theirs}"));
            }
        };
        compare("encoder", short(&self.encoder), short(&other.encoder));
        compare("plan", short(&self.plan), short(&other.plan));
        compare("numbers a print", &self.dim.to_string(), &other.dim.to_string());
        if lines.is_empty() {
            return lines;
        }
        let mut explain = |what: &str, ours: String, theirs: String| {
            if ours != theirs {
                lines.push(format!("  {what}: the gallery's is {ours}, given is {theirs}"));
            }
        };
        explain("fold", self.fold.to_string(), other.fold.to_string());
        explain("channels", names(&self.channels), names(&other.channels));
        explain("rate in hertz", self.rate.to_string(), other.rate.to_string());
        explain("seconds an epoch", self.epoch_seconds.to_string(), other.epoch_seconds.to_string());
        lines
    }
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn names(channels: &[ChannelName]) -> String {
    channels.iter().map(ChannelName::as_str).collect::<Vec<_>>().join(" ")
}
