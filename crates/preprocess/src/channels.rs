//! Which rows of a recording are taken, by name.

use std::collections::HashSet;

use twinprint_signal::ChannelName;

use crate::error::PreprocessError;
use crate::plan::{Channels, OnMissing, Reference};

/// The channels that all recordings have, in the order of the first list; none for no lists.
pub fn common_channels<L: AsRef<[ChannelName]>>(lists: &[L]) -> Vec<ChannelName> {
    let Some((first, others)) = lists.split_first() else { return Vec::new() };
    let others: Vec<HashSet<&ChannelName>> =
        others.iter().map(|list| list.as_ref().iter().collect()).collect();
    first.as_ref().iter().filter(|name| others.iter().all(|other| other.contains(name))).cloned().collect()
}

/// The rows to work on and what becomes of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Selection {
    /// The channels to hand out, in order; some may be missing from the recording.
    pub wanted: Vec<ChannelName>,
    /// The recording's rows to read: wanted ones that are there, then reference channels that are not wanted, then, where
    /// a wanted one is to be estimated, all others that are not dropped.
    pub rows: Vec<(usize, ChannelName)>,
}

impl Selection {
    pub fn new(
        present: &[ChannelName],
        channels: &Channels,
        reference: &Reference,
    ) -> Result<Self, PreprocessError> {
        let wanted: Vec<ChannelName> = if channels.pick.is_empty() {
            present.iter().filter(|name| !channels.drop.contains(name)).cloned().collect()
        } else {
            channels.pick.clone()
        };
        if wanted.is_empty() {
            return Err(PreprocessError::NoChannels(present.len()));
        }
        if let ([only], Reference::Average) = (wanted.as_slice(), reference) {
            return Err(PreprocessError::AverageOfOne(only.clone()));
        }
        let row = |name: &ChannelName| present.iter().position(|p| p == name).map(|row| (row, name.clone()));
        let mut rows: Vec<(usize, ChannelName)> = wanted.iter().filter_map(row).collect();
        if rows.len() < wanted.len() && channels.on_missing == OnMissing::Error {
            let missing = wanted.iter().filter(|name| row(name).is_none()).cloned().collect();
            return Err(PreprocessError::MissingChannels { missing, present: present.to_vec() });
        }
        if let Reference::Channels(names) = reference {
            let missing: Vec<ChannelName> =
                names.iter().filter(|name| row(name).is_none()).cloned().collect();
            if !missing.is_empty() {
                return Err(PreprocessError::MissingReference { missing, present: present.to_vec() });
            }
            let extra = names.iter().filter(|name| !wanted.contains(name)).filter_map(row);
            rows.extend(extra.collect::<Vec<_>>());
        }
        if wanted.iter().any(|name| row(name).is_none()) {
            let more = present.iter().enumerate().filter(|(at, name)| {
                !channels.drop.contains(name) && rows.iter().all(|(taken, _)| taken != at)
            });
            rows.extend(more.map(|(at, name)| (at, name.clone())).collect::<Vec<_>>());
        }
        if rows.is_empty() {
            return Err(PreprocessError::NoChannels(present.len()));
        }
        Ok(Self { wanted, rows })
    }
}
