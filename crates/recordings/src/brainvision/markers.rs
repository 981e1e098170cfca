//! The marker file.

use std::path::Path;

use twinprint_signal::Hertz;

use super::ini::{number, pairs, section, text, unescaped};
use crate::ReadError;
use crate::flat::Event;

/// What the markers say.
#[derive(Default)]
pub(super) struct Markers {
    list: Vec<Marker>,
    /// When the recording starts, in the form `2013-11-13T16:14:03.794232`.
    pub(super) start: Option<String>,
    /// The samples at which recording went on after a pause.
    pub(super) new_segments: Vec<u64>,
}

struct Marker {
    /// The sample, counted from 0; one before the first is possible.
    sample: f64,
    len: u32,
    label: String,
}

const NEW_SEGMENT: &str = "New Segment";

/// Reads markers: `Mk2=Stimulus,S253,487,1,0`, kind, text, position from 1, length in samples, channel, and a date.
pub(super) fn read(path: &Path) -> Result<Markers, ReadError> {
    let text = text(path)?;
    let lines = section(&text, "Marker Infos").unwrap_or_default();
    let mut markers = Markers::default();
    let listed = pairs(&lines).filter(|(key, _)| number(key, "Mk").is_some());
    for (order, (key, value)) in listed.enumerate() {
        let parts: Vec<&str> = value.split(',').collect();
        let [kind, description, position, rest @ ..] = parts.as_slice() else {
            let limit = "type,description,position,length,channel";
            return Err(ReadError::field(
                format!("{key} of {}", path.display()),
                "cut short",
                limit,
                "correct the marker file",
            ));
        };
        let position: f64 = position.trim().parse().map_err(|_| {
            let remedy = "correct the marker file";
            ReadError::field(
                format!("the position of {key} of {}", path.display()),
                format!("{position:?}"),
                "a number of samples",
                remedy,
            )
        })?;
        let (kind, sample) = (unescaped(kind), position - 1.0);
        if kind == NEW_SEGMENT {
            markers.start = markers.start.take().or_else(|| rest.get(2).and_then(|date| date_of(date)));
            markers.new_segments.push(sample.max(0.0) as u64);
            // The first one only says when the recording starts.
            if order == 0 {
                continue;
            }
        }
        let len = rest.first().and_then(|len| len.trim().parse().ok()).unwrap_or(0);
        markers.list.push(Marker { sample, len, label: format!("{kind}/{}", unescaped(description)) });
    }
    Ok(markers)
}

impl Markers {
    /// The markers in seconds.
    pub(super) fn events(&self, rate: Hertz) -> Vec<Event> {
        let event = |marker: &Marker| Event {
            onset: marker.sample / rate.get(),
            duration: f64::from(marker.len) / rate.get(),
            label: marker.label.clone(),
        };
        self.list.iter().map(event).collect()
    }
}

/// A date of twenty digits, to the microsecond.
fn date_of(digits: &str) -> Option<String> {
    let digits = digits.trim();
    let is_date = digits.len() == 20
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.bytes().any(|byte| byte != b'0');
    let part = |from: usize, to: usize| &digits[from..to];
    is_date.then(|| {
        format!(
            "{}-{}-{}T{}:{}:{}.{}",
            part(0, 4),
            part(4, 6),
            part(6, 8),
            part(8, 10),
            part(10, 12),
            part(12, 14),
            part(14, 20)
        )
    })
}
