//! The course of training.

use maud::{Markup, html};

use crate::page::TrainingCurve;
use crate::svg::{Axis, Frame, figure, short};

const WIDTH: f64 = 410.0;
const HEIGHT: f64 = 190.0;

/// Loss and, where there were dev subjects, their equal error rate by step, one line for each fold.
pub(crate) fn training(curves: &[TrainingCurve]) -> Option<Markup> {
    type Points = fn(&TrainingCurve) -> &Vec<(f64, f64)>;
    let panels: [(&str, Points, f64); 2] = [
        ("Training loss", |curve| &curve.loss, 1.0),
        ("EER on dev subjects, %", |curve| &curve.dev_eer, 100.0),
    ];
    let drawn: Vec<_> =
        panels.into_iter().filter(|(_, of, _)| curves.iter().any(|c| !of(c).is_empty())).collect();
    if drawn.is_empty() {
        return None;
    }
    let frames: Vec<Frame> =
        drawn.iter().enumerate().map(|(index, (_, of, scale))| frame(curves, *of, *scale, index)).collect();
    let legend_left = 46.0 + drawn.len() as f64 * (WIDTH + 60.0) - 40.0;
    let content = html! {
        @for ((title, of, _), frame) in drawn.iter().zip(&frames) {
            text class="panel" x=(short(frame.left)) y="24" { (title) }
            (frame.axes())
            @for curve in curves {
                (frame.line(of(curve), &format!("line thin c{}", curve.fold % 8)))
            }
        }
        @for (row, curve) in curves.iter().enumerate() {
            @let y = 52.0 + 20.0 * row as f64;
            line class=(format!("line thin c{}", curve.fold % 8))
                x1=(short(legend_left)) x2=(short(legend_left + 20.0)) y1=(short(y)) y2=(short(y)) {}
            text class="note" x=(short(legend_left + 26.0)) y=(short(y + 4.0)) { "fold " (curve.fold) }
        }
    };
    let size = (legend_left + 80.0, (HEIGHT + 90.0).max(60.0 + 20.0 * curves.len() as f64));
    let description = "Training loss, and equal error rate on the dev subjects where there are any, by training step; one \
        line for each fold.";
    Some(figure("training", size, "Course of training", description, &content))
}

fn frame(
    curves: &[TrainingCurve],
    of: fn(&TrainingCurve) -> &Vec<(f64, f64)>,
    scale: f64,
    index: usize,
) -> Frame {
    let points = || curves.iter().flat_map(of).filter(|point| point.0.abs() < 1e12 && point.1.abs() < 1e12);
    let steps = points().map(|point| point.0).fold(1.0, f64::max);
    let lowest = points().map(|point| point.1).fold(0.0, f64::min);
    let highest = points().map(|point| point.1).fold(f64::MIN_POSITIVE, f64::max);
    Frame {
        left: 46.0 + index as f64 * (WIDTH + 60.0),
        top: 40.0,
        width: WIDTH,
        height: HEIGHT,
        x: Axis::linear("Step", 0.0, steps, 6, |value, digits| format!("{value:.digits$}")),
        y: Axis::linear("", lowest, highest * 1.05, 4, move |value, digits| {
            let digits = if scale == 1.0 { digits } else { digits.saturating_sub(2) };
            format!("{:.digits$}", value * scale)
        }),
    }
}
