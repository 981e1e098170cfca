//! Distributions of mated and non-mated scores.

use maud::{Markup, html};

use crate::format;
use crate::page::ScoreHistogram;
use crate::results::ENCODER;
use crate::results::FinalModel;
use crate::svg::{Axis, Frame, figure, short};

const WIDTH: f64 = 410.0;
const HEIGHT: f64 = 190.0;

/// The encoder's distributions, or where there is none the first system's, one panel for each probe length.
pub(crate) fn scores(histograms: &[ScoreHistogram], carried: Option<&FinalModel>) -> Option<Markup> {
    let usable = |h: &&ScoreHistogram| {
        let shapes =
            !h.mated.is_empty() && h.edges.len() == h.mated.len() + 1 && h.mated.len() == h.non_mated.len();
        let ascending =
            h.edges.windows(2).all(|pair| pair[0] < pair[1]) && h.edges.iter().all(|e| e.abs() < 1e12);
        shapes && ascending && h.mated.iter().chain(&h.non_mated).all(|share| (0.0..=1.0).contains(share))
    };
    let shown: Vec<&ScoreHistogram> = histograms.iter().filter(usable).collect();
    let names = format::systems(shown.iter().map(|h| h.system.as_str()));
    let system = names.iter().find(|name| **name == ENCODER).or(names.first())?;
    let panels: Vec<(&ScoreHistogram, Frame)> = shown
        .iter()
        .filter(|h| h.system == **system)
        .enumerate()
        .map(|(index, h)| (*h, frame(h, index)))
        .collect();
    let columns = panels.len().min(2) as f64;
    let size = (36.0 + columns * (WIDTH + 50.0), panels.len().div_ceil(2) as f64 * (HEIGHT + 118.0));
    let content = html! {
        @for (histogram, frame) in &panels {
            text class="panel" x=(short(frame.left)) y=(short(frame.top - 34.0)) {
                (histogram.system) ", " (format::seconds(histogram.probe_seconds)) " probes"
            }
            (frame.axes())
            (frame_area(frame, &histogram.edges, &histogram.non_mated, "area non-mated"))
            (frame_area(frame, &histogram.edges, &histogram.mated, "area mated"))
            @if let Some(threshold) = histogram.threshold.filter(|t| (frame.x.low..=frame.x.high).contains(t)) {
                @let x = frame.at_x(threshold);
                line class="threshold" x1=(short(x)) x2=(short(x)) y1=(short(frame.top)) y2=(short(frame.top + HEIGHT)) {}
                text class="note" x=(short(x)) y=(short(frame.top - 6.0)) text-anchor="middle" { "EER threshold" }
            }
            (carried_threshold(frame, carried, histogram.probe_seconds))
            (key(frame))
        }
    };
    let description = "Share of scores in each bin, for comparisons of one person with themselves (mated) and of two people \
        (non-mated); the less the two overlap, the lower the error rates.";
    Some(figure("scores", size, "Score distributions", description, &content))
}

/// The strictest threshold of the final model for that length of probe, where the axis holds it.
fn carried_threshold(frame: &Frame, carried: Option<&FinalModel>, probe_seconds: f64) -> Markup {
    let at = carried.and_then(|model| model.thresholds.iter().find(|at| at.probe_seconds == probe_seconds));
    let point = at.and_then(|at| at.points.last());
    let threshold =
        point.and_then(|point| point.threshold).filter(|t| (frame.x.low..=frame.x.high).contains(t));
    let Some((threshold, point)) = threshold.zip(point) else { return html! {} };
    let x = short(frame.at_x(threshold));
    html! {
        line class="threshold carried" x1=(x) x2=(x) y1=(short(frame.top)) y2=(short(frame.top + HEIGHT)) {}
        text class="note" x=(short(frame.at_x(threshold) + 5.0)) y=(short(frame.top + 12.0)) {
            "carried, FMR " (format!("{}", point.target_fmr * 100.0)) " %"
        }
    }
}

fn frame(histogram: &ScoreHistogram, index: usize) -> Frame {
    let (edges, bins) = (&histogram.edges, histogram.mated.iter().chain(&histogram.non_mated));
    let tallest = bins.copied().fold(0.0, f64::max);
    Frame {
        left: 46.0 + (index % 2) as f64 * (WIDTH + 50.0),
        top: 52.0 + (index / 2) as f64 * (HEIGHT + 118.0),
        width: WIDTH,
        height: HEIGHT,
        x: Axis::linear("Similarity", edges[0], edges[edges.len() - 1], 6, |value, digits| {
            format!("{value:.digits$}")
        }),
        y: Axis::linear("", 0.0, tallest * 1.05, 4, |value, digits| {
            format!("{:.*} %", digits.saturating_sub(2), value * 100.0)
        }),
    }
}

/// Steps from bin to bin, filled down to zero.
fn frame_area(frame: &Frame, edges: &[f64], bins: &[f64], class: &str) -> Markup {
    let mut points = vec![(edges[0], 0.0)];
    for (pair, share) in edges.windows(2).zip(bins) {
        points.extend([(pair[0], *share), (pair[1], *share)]);
    }
    points.push((edges[edges.len() - 1], 0.0));
    frame.line(&points, class)
}

fn key(frame: &Frame) -> Markup {
    let left = frame.left + frame.width - 92.0;
    html! {
        @for (row, (class, text)) in [("mated", "mated"), ("non-mated", "non-mated")].iter().enumerate() {
            @let y = frame.top - 42.0 + 16.0 * row as f64;
            rect class=(format!("area {class}")) x=(short(left)) y=(short(y)) width="14" height="10" {}
            text class="note" x=(short(left + 20.0)) y=(short(y + 9.0)) { (text) }
        }
    }
}
