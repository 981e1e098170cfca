//! The power spectrum of each recording, as it was recorded.

use maud::{Markup, html};

use super::quality::people;
use crate::page::RecordingQuality;
use crate::svg::{Axis, Frame, figure};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 260.0;
/// Recordings drawn as lines of their own: those unlike the middle of all, where there are more.
const MOST: usize = 60;

/// One line a recording, behind them the middle half and nine tenths of all where not all are drawn; nothing without a spectrum.
pub(crate) fn recorded_spectra(recordings: &[RecordingQuality]) -> Option<Markup> {
    let with: Vec<&RecordingQuality> =
        recordings.iter().filter(|recording| recording.spectrum.iter().any(Option::is_some)).collect();
    let width = with.iter().map(|recording| recording.spectrum.len()).max()?;
    let quantile = |share: f64| quantiles(&with, width, share);
    let middle = quantile(0.5);
    let mut order: Vec<(f64, &RecordingQuality)> =
        with.iter().map(|recording| (unlike(&recording.spectrum, &middle), *recording)).collect();
    order.sort_by(|one, other| other.0.total_cmp(&one.0));
    order.truncate(MOST);
    let values = || order.iter().flat_map(|(_, recording)| recording.spectrum.iter().copied().flatten());
    let (low, high) = values()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
    let label = |value: f64, digits: usize| format!("{value:.digits$}");
    let frame = Frame {
        left: 56.0,
        top: 30.0,
        width: WIDTH,
        height: HEIGHT,
        x: Axis::linear("Frequency, Hz", 1.0, width.max(2) as f64, 10, label),
        y: Axis::linear("Power density, dB over 1 µV²/Hz", low, high, 5, label),
    };
    let people = people(recordings);
    let colour = |recording: &RecordingQuality| {
        people.iter().position(|name| *name == recording.subject).unwrap_or(0) % 8
    };
    let content = html! {
        (frame.axes())
        @if with.len() > MOST {
            (frame.band(&quantile(0.05), &quantile(0.95), "band c0 strongest", "nine tenths of the recordings"))
            (frame.band(&quantile(0.25), &quantile(0.75), "band c0 strongest", "the middle half of the recordings"))
        }
        @for (_, recording) in order.iter().rev() {
            (frame.series(&points(&recording.spectrum), &format!("line thin c{}", colour(recording)),
                &format!("{}, {}", recording.subject, recording.recording)))
        }
    };
    let size = (56.0 + WIDTH + 24.0, HEIGHT + 90.0);
    let description = "Power density of each recording before filtering, mean over its channels, in decibels over frequency; one line a recording.";
    Some(figure("recorded-spectra", size, "Spectrum of each recording", description, &content))
}

/// What stands below the picture of so many recordings.
pub(crate) fn caption(recordings: usize) -> String {
    let which = match recordings > MOST {
        true => format!(
            "The {MOST} recordings that differ most from the middle of all, and behind them where half and nine tenths of all lie. "
        ),
        false => "One line a recording, in the colour of its person; point at one for its name. ".to_owned(),
    };
    which
        + "As recorded, before any filter, mean over channels. A peak near 10 Hz is the alpha rhythm; a recording far above the others at high frequencies holds muscle, one far below may hold no brain at all."
}

/// The share of recordings below, at each frequency.
fn quantiles(recordings: &[&RecordingQuality], width: usize, share: f64) -> Vec<(f64, f64)> {
    let at = |place: usize| {
        let mut values: Vec<f64> = recordings
            .iter()
            .filter_map(|recording| recording.spectrum.get(place).copied().flatten())
            .collect();
        values.sort_by(f64::total_cmp);
        let value = values.get((share * values.len().saturating_sub(1) as f64).round() as usize)?;
        Some(((place + 1) as f64, *value))
    };
    (0..width).filter_map(at).collect()
}

fn points(spectrum: &[Option<f64>]) -> Vec<(f64, f64)> {
    spectrum.iter().enumerate().filter_map(|(place, value)| Some(((place + 1) as f64, (*value)?))).collect()
}

/// The mean distance of a spectrum from the middle, in decibels.
fn unlike(spectrum: &[Option<f64>], middle: &[(f64, f64)]) -> f64 {
    let apart = |&(hertz, value): &(f64, f64)| {
        spectrum.get(hertz as usize - 1).copied().flatten().map(|own| (own - value).abs())
    };
    let apart: Vec<f64> = middle.iter().filter_map(apart).collect();
    apart.iter().sum::<f64>() / apart.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recordings(count: usize) -> Vec<RecordingQuality> {
        let recording = |number: usize| RecordingQuality {
            subject: format!("sub-{number}"),
            recording: "session 1".to_owned(),
            spectrum: (0..45)
                .map(|_| Some(if number == 7 { 30.0 } else { number as f64 / count as f64 }))
                .collect(),
            ..RecordingQuality::default()
        };
        (0..count).map(recording).collect()
    }

    #[test]
    fn a_few_recordings_have_a_line_each_and_of_many_those_that_stand_out() {
        assert!(recorded_spectra(&[]).is_none());
        let drawn = |count: usize| recorded_spectra(&recordings(count)).unwrap().into_string();
        assert_eq!(drawn(12).matches("<polyline").count(), 12);
        let many = drawn(1280);
        assert_eq!(many.matches("<polyline").count(), MOST);
        assert_eq!(many.matches("<polygon").count(), 2);
        assert!(many.contains("sub-7, session 1") && many.len() < 60_000, "{} bytes", many.len());
    }

    #[test]
    fn a_recording_without_power_is_left_out_and_gaps_are_no_number() {
        let mut few = recordings(3);
        few[1].spectrum = vec![None; 45];
        few[2].spectrum[4] = None;
        let drawn = recorded_spectra(&few).unwrap().into_string();
        assert!(!drawn.contains("NaN") && !drawn.contains("sub-1,"), "{drawn}");
    }
}
