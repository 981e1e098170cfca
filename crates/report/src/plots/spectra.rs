//! The power spectra of a recording's channels.

use maud::{Markup, html};

use super::systems::room;
use crate::svg::{Axis, Frame, figure, short};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;

/// One line a channel: hertz across, decibels up. Nothing without a spectrum.
pub(crate) fn spectra(
    id: &str,
    title: &str,
    channels: &[String],
    spectra: &[Vec<(f64, f64)>],
) -> Option<Markup> {
    let points = || spectra.iter().flatten().filter(|(x, y)| x.is_finite() && y.abs() < 1e6);
    let range = |of: fn(&(f64, f64)) -> f64| {
        points()
            .map(of)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    };
    let ((left, right), (bottom, top)) = (range(|point| point.0), range(|point| point.1));
    points().next()?;
    let label = |value: f64, digits: usize| format!("{value:.digits$}");
    let frame = Frame {
        left: 56.0,
        top: 34.0,
        width: WIDTH,
        height: HEIGHT,
        x: Axis::linear("Frequency, Hz", left, right, 8, label),
        y: Axis::linear("Power density, dB over 1 µV²/Hz", bottom, top, 5, label),
    };
    let names: Vec<&str> = channels.iter().map(String::as_str).collect();
    // Sixteen names below one another, then a column more.
    let column = room(&names) + 52.0;
    let place =
        |row: usize| (56.0 + WIDTH + 30.0 + (row / 16) as f64 * column, 44.0 + 19.0 * (row % 16) as f64);
    let content = html! {
        (frame.axes())
        @for (row, (name, spectrum)) in names.iter().zip(spectra).enumerate() {
            (frame.series(spectrum, &format!("line thin c{}", row % 8), name))
            @let (x, y) = place(row);
            g data-switch=(name) {
                rect class="field" x=(short(x - 4.0)) y=(short(y - 10.0)) width=(short(column - 8.0)) height="19" {}
                line class=(format!("line thin c{}", row % 8)) x1=(short(x)) x2=(short(x + 18.0)) y1=(short(y)) y2=(short(y)) {}
                text class="note" x=(short(x + 24.0)) y=(short(y + 4.0)) { (name) }
            }
        }
    };
    let size = (56.0 + WIDTH + 30.0 + names.len().div_ceil(16) as f64 * column, HEIGHT + 90.0);
    Some(figure(
        id,
        size,
        title,
        "Mean power density of each channel in decibels, one line a channel.",
        &content,
    ))
}
