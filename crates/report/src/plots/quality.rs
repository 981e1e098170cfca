//! What preprocessing found in each recording: epochs rejected, line noise, amplitude.

use maud::{Markup, html};

use crate::format;
use crate::page::RecordingQuality;
use crate::svg::{Axis, Frame, figure, short};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 90.0;

/// One measure: its title, its values by recording, how it is told.
struct Measure {
    title: &'static str,
    values: Vec<Option<f64>>,
    told: fn(f64) -> String,
}

/// Three rows of dots, one dot a recording, people side by side; nothing without recordings.
pub(crate) fn quality(recordings: &[RecordingQuality]) -> Option<Markup> {
    if recordings.is_empty() {
        return None;
    }
    let rejected =
        |row: &RecordingQuality| (row.cut > 0).then(|| 100.0 * (1.0 - row.kept as f64 / row.cut as f64));
    let measures = [
        Measure {
            title: "Epochs rejected, %",
            values: recordings.iter().map(rejected).collect(),
            told: |value| format!("{value:.1} % of the epochs rejected"),
        },
        Measure {
            title: "Line noise: power at the mains frequency over that beside it",
            values: recordings.iter().map(|row| row.line_noise).collect(),
            told: |value| format!("line noise {value:.1} times its surroundings"),
        },
        Measure {
            title: "Median maximum minus minimum, µV",
            values: recordings.iter().map(|row| row.peak_to_peak).collect(),
            told: |value| format!("{value:.1} µV from lowest to highest"),
        },
    ];
    let finite = |measure: &Measure| measure.values.iter().flatten().any(|value| value.abs() < 1e12);
    let shown: Vec<&Measure> = measures.iter().filter(|measure| finite(measure)).collect();
    let people = people(recordings);
    let content = html! {
        @for (row, measure) in shown.iter().enumerate() {
            @let frame = frame(measure, row, recordings.len(), row + 1 == shown.len());
            (frame.axes())
            @for (place, (value, recording)) in measure.values.iter().zip(recordings).enumerate() {
                @if let Some(value) = value.filter(|value| value.abs() < 1e12) {
                    @let person = people.iter().position(|name| *name == recording.subject).unwrap_or(0);
                    circle class=(format!("dot small c{}", person % 8)) data-tip=(tip(recording, (measure.told)(value)))
                        cx=(short(frame.at_x(place as f64 + 0.5))) cy=(short(frame.at_y(value))) r="3.4" {}
                }
            }
        }
    };
    let size = (56.0 + WIDTH + 24.0, shown.len() as f64 * (HEIGHT + 62.0) + 30.0);
    let description = "One dot a recording, the recordings of a person beside one another and of one colour: the share of epochs rejected, \
        line noise, and amplitude.";
    Some(figure("quality", size, "Quality of each recording", description, &content))
}

/// Whose the recordings are, in their order.
pub(super) fn people(recordings: &[RecordingQuality]) -> Vec<&str> {
    let mut people: Vec<&str> = Vec::new();
    for recording in recordings {
        if people.last() != Some(&recording.subject.as_str()) {
            people.push(&recording.subject);
        }
    }
    people
}

fn tip(recording: &RecordingQuality, what: String) -> String {
    let mended = match recording.mended.as_slice() {
        [] => String::new(),
        names => format!("\nchannels mended or left out: {}", names.join(", ")),
    };
    format!(
        "{}\n{}\n{what}\n{} of {} epochs kept{mended}",
        recording.subject,
        recording.recording,
        format::count(recording.kept),
        format::count(recording.cut)
    )
}

fn frame(measure: &Measure, row: usize, count: usize, last: bool) -> Frame {
    let finite = measure.values.iter().flatten().filter(|value| value.abs() < 1e12);
    let highest = finite.copied().fold(0.0, f64::max);
    let title = if last { "Recordings, in the order of their people" } else { "" };
    let label = |value: f64, _: usize| format!("{value:.0}");
    let mut x = Axis::linear(title, 0.0, count as f64, 10, label);
    if !last {
        x.ticks.clear();
    }
    let digits = |value: f64, digits: usize| format!("{value:.digits$}");
    Frame {
        left: 56.0,
        top: 30.0 + row as f64 * (HEIGHT + 62.0),
        width: WIDTH,
        height: HEIGHT,
        x,
        y: Axis::linear(measure.title, 0.0, (highest * 1.06).max(1.0), 3, digits),
    }
}
