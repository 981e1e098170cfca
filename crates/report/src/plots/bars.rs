//! Equal error rates with their intervals, encoder and baselines below one another.

use maud::{Markup, html};
use twinprint_signal::Estimate;

use super::systems::{clipped, colour, room};
use crate::Results;
use crate::format::{self, is_encoder};
use crate::svg::{Axis, Frame, figure, short};

const ROW: f64 = 30.0;

/// One panel for each probe length; nothing without a verification row that has an equal error rate.
pub(crate) fn bars(results: &Results) -> Option<Markup> {
    let rows = || results.verification.iter().filter(|row| row.eer.is_some_and(|eer| drawable(&eer)));
    let lengths = format::lengths(rows().map(|row| row.probe_seconds));
    if lengths.is_empty() {
        return None;
    }
    let all = format::systems(rows().map(|row| row.system.as_str()));
    let eer = |system: &str, probe: f64| {
        format::verification(results, system, probe).and_then(|row| row.eer).filter(drawable)
    };
    let mut systems = all.clone();
    let at_first = |system: &str| {
        lengths.iter().find_map(|probe| eer(system, *probe)).map_or(f64::INFINITY, |eer| eer.value)
    };
    systems.sort_by(|a, b| at_first(a).total_cmp(&at_first(b)));
    let highest = rows().filter_map(|row| row.eer).map(|eer| highest_of(&eer)).fold(0.02, f64::max);
    let names = room(&systems) + 24.0;
    // Up to three panels a row.
    let columns = lengths.len().min(3);
    let panel = if columns == 1 { 560.0 } else { (1020.0 - names) / columns as f64 - 30.0 };
    let height = ROW * systems.len() as f64;
    let frames: Vec<Frame> = (0..lengths.len())
        .map(|index| Frame {
            left: names + (index % columns) as f64 * (panel + 30.0),
            top: 40.0 + (index / columns) as f64 * (height + 104.0),
            width: panel,
            height,
            x: Axis::linear("Equal error rate, %", 0.0, highest * 1.02, 5, |value, digits| {
                format!("{:.*}", digits.saturating_sub(2), value * 100.0)
            }),
            y: Axis { ticks: Vec::new(), ..Axis::linear("", 0.0, 1.0, 1, |_, _| String::new()) },
        })
        .collect();
    let content = html! {
        @for (index, (probe, frame)) in lengths.iter().zip(&frames).enumerate() {
            text class="panel" x=(short(frame.left)) y=(short(frame.top - 16.0)) { (format::seconds(*probe)) " probes" }
            (frame.axes())
            @for (row, system) in systems.iter().enumerate() {
                @let y = frame.top + ROW * (row as f64 + 0.5);
                @if index % columns == 0 {
                    text class=(if is_encoder(system) { "label strong" } else { "label" })
                        x=(short(names - 14.0)) y=(short(y + 4.0)) text-anchor="end" { (clipped(system)) }
                }
                @if let Some(eer) = eer(system, *probe) {
                    (mark(frame, y, &eer, &colour(&all, system), is_encoder(system)))
                }
            }
        }
    };
    let size = (
        names + columns as f64 * (panel + 30.0),
        lengths.len().div_ceil(columns) as f64 * (height + 104.0) - 12.0,
    );
    let description = "Equal error rate of each system as a dot with its 95 % interval as a bar, one panel for each probe \
        length, lowest first; the table of verification below holds the same numbers.";
    Some(figure("eer", size, "Equal error rates with 95 % intervals", description, &content))
}

/// Rates and bounds that have a place on an axis.
fn drawable(eer: &Estimate) -> bool {
    let ends: [f64; 2] = eer.ci95.map_or([eer.value; 2], Into::into);
    [eer.value, ends[0], ends[1]].iter().all(|rate| (0.0..=1.0).contains(rate))
}

fn highest_of(eer: &Estimate) -> f64 {
    eer.ci95.map_or(eer.value, |ci95| ci95.high.max(eer.value))
}

fn mark(frame: &Frame, y: f64, eer: &Estimate, colour: &str, strong: bool) -> Markup {
    let x = |rate: f64| short(frame.at_x(rate));
    let y = short(y);
    html! {
        @if let Some(ci95) = eer.ci95 {
            line class=(format!("whisker {colour}")) x1=(x(ci95.low)) x2=(x(ci95.high)) y1=(y) y2=(y) {}
        }
        circle class=(format!("dot {colour}")) data-tip=(format!("EER {} %", format::estimate(Some(*eer)))) cx=(x(eer.value)) cy=(y) r=(if strong { "6.5" } else { "5" }) {
        }
    }
}
