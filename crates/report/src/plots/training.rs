//! The course of training.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::page::TrainingCurve;
use crate::svg::{Axis, Frame, figure, short};

const WIDTH: f64 = 410.0;
const HEIGHT: f64 = 190.0;

/// Loss and, where there were dev subjects, their equal error rate by step, one line for each fold.
pub(crate) fn training(curves: &[TrainingCurve]) -> Option<Markup> {
    let panels = panels(curves);
    if panels.is_empty() {
        return None;
    }
    let columns = panels.len().min(2);
    let frames: Vec<Frame> = panels.iter().enumerate().map(|(index, panel)| frame(panel, index)).collect();
    let folds: BTreeSet<usize> = curves.iter().map(|curve| curve.fold).collect();
    let legend_left = 56.0 + columns as f64 * (WIDTH + 60.0) - 40.0;
    let content = html! {
        @for (panel, frame) in panels.iter().zip(&frames) {
            (frame.axes())
            @for (fold, points) in &panel.lines {
                (frame.series(points, &format!("line thin c{}", fold % 8), &format!("fold {fold}")))
            }
        }
        @for (row, fold) in folds.iter().enumerate() {
            @let y = 52.0 + 20.0 * row as f64;
            g data-switch=(format!("fold {fold}")) {
                rect class="field" x=(short(legend_left - 4.0)) y=(short(y - 10.0)) width="80" height="20" {}
                line class=(format!("line thin c{}", fold % 8))
                    x1=(short(legend_left)) x2=(short(legend_left + 20.0)) y1=(short(y)) y2=(short(y)) {}
                text class="note" x=(short(legend_left + 26.0)) y=(short(y + 4.0)) { "fold " (fold) }
            }
        }
    };
    let rows = panels.len().div_ceil(2) as f64;
    let size = (legend_left + 80.0, (rows * (HEIGHT + 90.0)).max(60.0 + 20.0 * folds.len() as f64));
    let description = "Training loss, and equal error rate on the dev subjects where there are any, by training step; one \
        line for each fold.";
    Some(figure("training", size, "Course of training", description, &content))
}

/// One plot of the section: its title, and the points of each fold.
struct Panel<'a> {
    title: &'static str,
    lines: Vec<(usize, &'a [(f64, f64)])>,
    /// What a value is multiplied by to be read.
    scale: f64,
}

fn panels(curves: &[TrainingCurve]) -> Vec<Panel<'_>> {
    type Points = fn(&TrainingCurve) -> &Vec<(f64, f64)>;
    let all: [(&str, bool, Points, f64); 4] = [
        ("Training loss", false, |curve| &curve.loss, 1.0),
        ("EER on dev subjects, %", false, |curve| &curve.dev_eer, 100.0),
        ("Loss of attention over epochs", true, |curve| &curve.loss, 1.0),
        ("EER on dev subjects with attention, %", true, |curve| &curve.dev_eer, 100.0),
    ];
    let panel = |(title, attention, of, scale): (&'static str, bool, Points, f64)| {
        let chosen = curves.iter().filter(|curve| curve.attention == attention && !of(curve).is_empty());
        Panel { title, lines: chosen.map(|curve| (curve.fold, of(curve).as_slice())).collect(), scale }
    };
    all.into_iter().map(panel).filter(|panel| !panel.lines.is_empty()).collect()
}

/// The axis ends where the values do: one that began at 0 would hide whether a loss lies at its floor.
fn frame(panel: &Panel, index: usize) -> Frame {
    let points = || {
        let all = panel.lines.iter().flat_map(|(_, points)| points.iter());
        all.filter(|point| point.0.abs() < 1e12 && point.1.abs() < 1e12)
    };
    let steps = points().map(|point| point.0).fold(1.0, f64::max);
    let lowest = points().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let highest = points().map(|point| point.1).fold(f64::NEG_INFINITY, f64::max);
    let margin = 0.05 * (highest - lowest);
    let scale = panel.scale;
    Frame {
        left: 56.0 + (index % 2) as f64 * (WIDTH + 60.0),
        top: 40.0 + (index / 2) as f64 * (HEIGHT + 90.0),
        width: WIDTH,
        height: HEIGHT,
        x: Axis::linear("Step", 0.0, steps, 6, |value, digits| format!("{value:.digits$}")),
        y: Axis::linear(panel.title, lowest - margin, highest + margin, 4, move |value, digits| {
            let digits = if scale == 1.0 { digits } else { digits.saturating_sub(2) };
            format!("{:.digits$}", value * scale)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_of_a_loss_begins_near_the_lowest_and_attention_has_panels_of_its_own() {
        let loss = vec![(0.0, 2.08), (100.0, 2.02)];
        let curve = |attention| TrainingCurve { attention, loss: loss.clone(), ..Default::default() };
        let curves = [curve(false), curve(true)];
        let panels = panels(&curves);
        assert_eq!(panels.len(), 2);
        let axis = frame(&panels[0], 0).y;
        assert!(axis.low > 2.0 && axis.high < 2.1, "{} to {}", axis.low, axis.high);
    }
}
