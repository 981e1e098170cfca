//! Cumulative match characteristic.

use maud::{Markup, html};

use super::systems::{colour, legend, room, weight};
use crate::format;
use crate::results::IdentificationRow;
use crate::svg::{Axis, Frame, figure, short};

const WIDTH: f64 = 330.0;
const HEIGHT: f64 = 240.0;

/// Share of probes found among the first ranks, one panel for each probe length; nothing without curves.
pub(crate) fn cmc(rows: &[IdentificationRow]) -> Option<Markup> {
    let rows: Vec<&IdentificationRow> = rows
        .iter()
        .filter(|row| !row.cmc.is_empty() && row.cmc.iter().all(|share| (0.0..=1.0).contains(share)))
        .collect();
    let lengths = format::lengths(rows.iter().map(|row| row.probe_seconds));
    let systems = format::systems(rows.iter().map(|row| row.system.as_str()));
    let ranks = rows.iter().map(|row| row.cmc.len()).max()?.min(20);
    let lowest = rows.iter().map(|row| row.cmc[0]).fold(1.0, f64::min);
    let floor = ((lowest * 10.0).floor() / 10.0).clamp(0.0, 0.9);
    let frames: Vec<Frame> = (0..lengths.len())
        .map(|index| Frame {
            left: 56.0 + (index % 2) as f64 * (WIDTH + 70.0),
            top: 52.0 + (index / 2) as f64 * (HEIGHT + 110.0),
            width: WIDTH,
            height: HEIGHT,
            x: Axis::linear("Rank", 1.0, (ranks as f64).max(2.0), 8.min(ranks), |value, _| {
                format!("{value:.0}")
            }),
            y: Axis::linear("Found at this rank or before, %", floor, 1.0, 5, |value, _| {
                format!("{:.0}", value * 100.0)
            }),
        })
        .collect();
    let columns = lengths.len().min(2) as f64;
    let legend_left = 56.0 + columns * (WIDTH + 70.0) - 36.0;
    let height = lengths.len().div_ceil(2) as f64 * (HEIGHT + 110.0);
    let size = (legend_left + 44.0 + room(&systems), height.max(80.0 + 22.0 * systems.len() as f64));
    let content = html! {
        @for (probe, frame) in lengths.iter().zip(&frames) {
            text class="panel" x=(short(frame.left)) y=(short(frame.top - 34.0)) { (format::seconds(*probe)) " probes" }
            (frame.axes())
            @for system in systems.iter().rev() {
                @for row in rows.iter().filter(|row| row.system == *system && row.probe_seconds == *probe) {
                    (frame.series(&points(row, ranks), &format!("line {} {}", colour(&systems, system), weight(system)), system))
                }
            }
        }
        (legend(&systems, legend_left, 66.0))
    };
    let description = "Share of probes whose own template is among the first ranks, one line for each system, one panel \
        for each probe length; higher is better.";
    Some(figure("cmc", size, "Cumulative match characteristic", description, &content))
}

fn points(row: &IdentificationRow, ranks: usize) -> Vec<(f64, f64)> {
    row.cmc.iter().take(ranks).enumerate().map(|(rank, share)| (rank as f64 + 1.0, *share)).collect()
}
