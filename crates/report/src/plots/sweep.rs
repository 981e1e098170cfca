//! Equal error rate along the axes of a sweep.

use maud::{Markup, html};
use twinprint_signal::{Estimate, Interval};

use crate::format;
use crate::svg::{Axis, Frame, figure, short};

const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 250.0;

/// One system at one point of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepPoint {
    /// The axis, as `training subjects`.
    pub axis: String,
    /// The point's label on it.
    pub label: String,
    /// Its place on it: the label as a number, or its rank among the axis's values.
    pub at: f64,
    /// Seconds of EEG without rejected epochs that each probe is made from.
    pub probe_seconds: f64,
    /// `encoder`, or a baseline's name.
    pub system: String,
    /// The equal error rate, where there is one.
    pub eer: Option<Estimate>,
}

/// One panel an axis, one line a probe length, of one system.
pub(crate) fn sweep(points: &[SweepPoint], system: &str) -> Option<Markup> {
    let drawn: Vec<(&SweepPoint, Estimate)> = points
        .iter()
        .filter(|point| point.system == system && point.at.is_finite())
        .filter_map(|point| Some((point, point.eer?)))
        .collect();
    let highest = drawn.iter().map(|(_, eer)| ends(eer).high).fold(0.0, f64::max).clamp(0.01, 1.0);
    let mut axes: Vec<&str> = Vec::new();
    for (point, _) in &drawn {
        if !axes.contains(&point.axis.as_str()) {
            axes.push(&point.axis);
        }
    }
    let lengths = format::lengths(drawn.iter().map(|(point, _)| point.probe_seconds));
    if axes.is_empty() {
        return None;
    }
    let panels: Vec<(Frame, Vec<&(&SweepPoint, Estimate)>)> = axes
        .iter()
        .enumerate()
        .map(|(index, axis)| {
            let own: Vec<_> = drawn.iter().filter(|(point, _)| point.axis == *axis).collect();
            (frame(index, axis, &own, highest), own)
        })
        .collect();
    let content = html! {
        @for (frame, own) in &panels {
            (frame.axes())
            @for (index, length) in lengths.iter().enumerate() {
                @let line: Vec<&(&SweepPoint, Estimate)> =
                    own.iter().copied().filter(|(point, _)| point.probe_seconds == *length).collect();
                @let colour = format!("c{}", index % 8);
                (frame.line(&line.iter().map(|(point, eer)| (point.at, eer.value)).collect::<Vec<_>>(), &format!("line thick {colour}")))
                @for (point, eer) in line {
                    @let x = short(frame.at_x(point.at));
                    line class=(format!("line thin {colour}")) x1=(x) x2=(x)
                        y1=(short(frame.at_y(ends(eer).low))) y2=(short(frame.at_y(ends(eer).high))) {}
                    circle class=(format!("dot {colour}")) cx=(x) cy=(short(frame.at_y(eer.value))) r="4" {
                        title { (point.label) ", " (format::seconds(*length)) " probes: " (format::estimate(Some(*eer))) " %" }
                    }
                }
            }
        }
        @for (index, length) in lengths.iter().enumerate() {
            @let y = 40.0 + 22.0 * index as f64;
            @let left = 70.0 + 2.0 * (WIDTH + 80.0);
            line class=(format!("line thick c{}", index % 8)) x1=(short(left)) x2=(short(left + 26.0)) y1=(short(y)) y2=(short(y)) {}
            text class="label" x=(short(left + 34.0)) y=(short(y + 4.0)) { (format::seconds(*length)) " probes" }
        }
    };
    let rows = axes.len().div_ceil(2) as f64;
    let size = (
        70.0 + 2.0 * (WIDTH + 80.0) + 130.0,
        (rows * (HEIGHT + 100.0)).max(60.0 + 22.0 * lengths.len() as f64),
    );
    let description =
        "Equal error rate with its 95 % interval along each axis of the sweep, one line a probe length.";
    Some(figure("sweep", size, "Equal error rate along the sweep", description, &content))
}

/// The interval, or without one the rate itself.
fn ends(eer: &Estimate) -> Interval {
    eer.ci95.unwrap_or(Interval { low: eer.value, high: eer.value })
}

fn frame(index: usize, axis: &str, own: &[&(&SweepPoint, Estimate)], highest: f64) -> Frame {
    let (low, high) = own.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (point, _)| {
        (low.min(point.at), high.max(point.at))
    });
    let mut ticks: Vec<(f64, String)> =
        own.iter().map(|(point, _)| (point.at, point.label.clone())).collect();
    ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
    ticks.dedup_by(|a, b| a.0 == b.0);
    Frame {
        left: 60.0 + (index % 2) as f64 * (WIDTH + 80.0),
        top: 24.0 + (index / 2) as f64 * (HEIGHT + 100.0),
        width: WIDTH,
        height: HEIGHT,
        x: Axis { ticks, ..Axis::linear(axis, low, high, 5, |value, _| value.to_string()) },
        y: Axis::linear("Equal error rate, %", 0.0, highest, 5, |value, digits| {
            format!("{:.*}", digits.saturating_sub(2), value * 100.0)
        }),
    }
}
