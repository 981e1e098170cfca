//! Few-shot accuracy over the number of shots, one panel for each number of ways.

use std::collections::BTreeSet;

use maud::{Markup, html};
use twinprint_signal::Estimate;

use super::systems::{colour, legend, room, weight};
use crate::format;
use crate::results::{ENCODER, FewShotRow};
use crate::svg::{Axis, Frame, figure, short};

const WIDTH: f64 = 230.0;
const HEIGHT: f64 = 230.0;

/// Accuracy by system, with chance as a dotted line; nothing without episodes.
pub(crate) fn few_shot(rows: &[FewShotRow]) -> Option<Markup> {
    let rows: Vec<(&FewShotRow, Estimate)> = rows
        .iter()
        .filter_map(|row| Some((row, row.accuracy?)))
        .filter(|(row, accuracy)| {
            [accuracy.value, row.chance].iter().all(|share| (0.0..=1.0).contains(share))
        })
        .collect();
    let ways: BTreeSet<usize> = rows.iter().map(|(row, _)| row.ways).collect();
    let shots: BTreeSet<usize> = rows.iter().map(|(row, _)| row.shots).collect();
    let systems = format::systems(rows.iter().map(|(row, _)| row.system.as_str()));
    if rows.is_empty() {
        return None;
    }
    let columns = ways.len().min(3);
    let panels: Vec<(usize, Frame)> =
        ways.iter().enumerate().map(|(index, ways)| (*ways, frame(index, columns, &shots))).collect();
    let legend_left = 56.0 + columns as f64 * (WIDTH + 62.0) - 30.0;
    let content = html! {
        @for (ways, frame) in &panels {
            text class="panel" x=(short(frame.left)) y=(short(frame.top - 34.0)) { (ways) " people to choose from" }
            (frame.axes())
            @let chance = 1.0 / *ways as f64;
            (frame.line(&[(-0.5, chance), (shots.len() as f64 - 0.5, chance)], "line diagonal"))
            text class="note" x=(short(frame.left + 4.0)) y=(short(frame.at_y(chance) - 4.0)) { "chance" }
            @for system in systems.iter().rev() {
                (course(frame, &rows, system, *ways, &shots, &systems))
            }
        }
        (legend(&systems, legend_left, 66.0))
    };
    let height = ways.len().div_ceil(columns) as f64 * (HEIGHT + 110.0);
    let size = (legend_left + 44.0 + room(&systems), height.max(80.0 + 22.0 * systems.len() as f64));
    let description = "Share of queries answered right over the number of prints that each person is learnt from, one line for each \
        system, one panel for each number of people to choose from; the dotted line is what guessing gives.";
    Some(figure("few-shot-plot", size, "Few-shot accuracy", description, &content))
}

fn course(
    frame: &Frame,
    rows: &[(&FewShotRow, Estimate)],
    system: &str,
    ways: usize,
    shots: &BTreeSet<usize>,
    systems: &[&str],
) -> Markup {
    let own = rows.iter().filter(|(row, _)| row.system == system && row.ways == ways);
    let mut points: Vec<(f64, usize, Estimate)> = own
        .filter_map(|(row, accuracy)| {
            let place = shots.iter().position(|shots| *shots == row.shots)?;
            Some((place as f64, row.shots, *accuracy))
        })
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let line: Vec<(f64, f64)> = points.iter().map(|(x, _, accuracy)| (*x, accuracy.value)).collect();
    let colour = colour(systems, system);
    html! {
        @if system == ENCODER {
            @for (x, _, accuracy) in &points {
                @if let Some(ci95) = accuracy.ci95 {
                    line class=(format!("whisker {colour}")) data-series=(system) x1=(short(frame.at_x(*x))) x2=(short(frame.at_x(*x)))
                        y1=(short(frame.at_y(ci95.low))) y2=(short(frame.at_y(ci95.high))) {}
                }
            }
        }
        (frame.series(&line, &format!("line {colour} {}", weight(system)), system))
        @for (x, shots, accuracy) in &points {
            circle class=(format!("dot {colour}")) data-series=(system)
                data-tip=(format!("{system}\n{}: {} %", format::episode(ways, *shots), format::estimate(Some(*accuracy))))
                cx=(short(frame.at_x(*x))) cy=(short(frame.at_y(accuracy.value))) r=(if system == ENCODER { "4.5" } else { "3.5" }) {}
        }
    }
}

/// Shots stand side by side, whatever their numbers.
fn frame(index: usize, columns: usize, shots: &BTreeSet<usize>) -> Frame {
    let ticks = shots.iter().enumerate().map(|(place, shots)| (place as f64, shots.to_string())).collect();
    let ends = (-0.5, shots.len() as f64 - 0.5);
    Frame {
        left: 56.0 + (index % columns) as f64 * (WIDTH + 62.0),
        top: 52.0 + (index / columns) as f64 * (HEIGHT + 110.0),
        width: WIDTH,
        height: HEIGHT,
        x: Axis { ticks, ..Axis::linear("Prints learnt of each", ends.0, ends.1, 4, |_, _| String::new()) },
        y: Axis::linear("Answered right, %", 0.0, 1.0, 5, |value, _| format!("{:.0}", value * 100.0)),
    }
}
