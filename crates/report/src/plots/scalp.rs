//! Heads seen from above, one for each frequency band, coloured by how well single channels tell people apart.

use std::fmt::Write as _;

use maud::{Markup, html};
use twinprint_signal::{ChannelName, position};

use crate::format;
use crate::results::ScalpRow;
use crate::svg::{figure, short};

/// The radius of a head.
const RADIUS: f64 = 96.0;
/// The place that a head takes.
const CELL: (f64, f64) = (300.0, 274.0);
/// The angle from the top of the head, in degrees, that is drawn on the circle.
const RIM: f64 = 115.0;
/// With fewer channels nothing is drawn between electrodes.
const FEWEST_TO_INTERPOLATE: usize = 8;
/// With more channels there is no room for numbers.
const MOST_WITH_NUMBERS: usize = 24;
/// Steps of colour between chance and the lowest error rate.
const LEVELS: usize = 9;
/// Squares across a head.
const GRID: usize = 96;

/// One electrode: where it is drawn, as a share of the radius to the right and down, and its row.
struct Electrode<'a> {
    at: (f64, f64),
    row: &'a ScalpRow,
}

/// Three heads a row; nothing where no channel has a known place.
pub(crate) fn scalp(rows: &[ScalpRow]) -> Option<Markup> {
    let mut bands: Vec<(f64, f64)> = Vec::new();
    for row in rows {
        if !bands.contains(&(row.low_hz, row.high_hz)) {
            bands.push((row.low_hz, row.high_hz));
        }
    }
    let heads: Vec<Vec<Electrode>> = bands
        .iter()
        .map(|band| {
            let drawn = |row: &&ScalpRow| (row.low_hz, row.high_hz) == *band && row.eer.value.is_finite();
            let electrode = |row| Some(Electrode { at: place(row)?, row });
            rows.iter().filter(drawn).filter_map(electrode).collect()
        })
        .filter(|head: &Vec<Electrode>| !head.is_empty())
        .collect();
    if heads.is_empty() {
        return None;
    }
    // The scale ends at a round number.
    let lowest = heads.iter().flatten().map(|electrode| electrode.row.eer.value).fold(0.45, f64::min);
    let scale = Scale { lowest: ((lowest * 20.0).floor() / 20.0).max(0.0) };
    let columns = heads.len().min(3) as f64;
    let high = heads.len().div_ceil(3) as f64 * CELL.1;
    let content = html! {
        @for (index, head) in heads.iter().enumerate() {
            @let centre = ((index % 3) as f64 * CELL.0 + CELL.0 / 2.0, (index / 3) as f64 * CELL.1 + 148.0);
            (drawn(head, centre, index, scale))
        }
        (legend(scale, high + 12.0))
    };
    let size = ((columns * CELL.0).max(460.0), high + 44.0);
    let description = "Heads seen from above, the nose at the top, one for each frequency band. The bluer a place, the lower the \
        equal error rate of the channel there by that band alone.";
    Some(figure("scalp", size, "Where on the head identity lies", description, &content))
}

/// Where a channel is drawn: the angle from the top of the head becomes the distance from the centre.
fn place(row: &ScalpRow) -> Option<(f64, f64)> {
    let [right, front, top] = position(&ChannelName::new(&row.channel))?;
    let distance = top.clamp(-1.0, 1.0).acos().to_degrees() / RIM;
    let across = right.hypot(front);
    Some(if across > 0.0 { (distance * right / across, -distance * front / across) } else { (0.0, 0.0) })
}

/// From chance to the lowest error rate.
#[derive(Clone, Copy)]
struct Scale {
    lowest: f64,
}

impl Scale {
    fn level(self, eer: f64) -> usize {
        let share = ((0.5 - eer) / (0.5 - self.lowest)).clamp(0.0, 1.0);
        ((share * LEVELS as f64) as usize).min(LEVELS - 1)
    }
}

/// How strongly a level is coloured: in the dark as in the light, the bluer the further from chance.
fn opacity(level: usize) -> String {
    short(0.03 + 0.63 * level as f64 / (LEVELS - 1) as f64)
}

fn drawn(head: &[Electrode], (x, y): (f64, f64), index: usize, scale: Scale) -> Markup {
    let few = head.len() < FEWEST_TO_INTERPOLATE;
    let best = head.iter().min_by(|a, b| a.row.eer.value.total_cmp(&b.row.eer.value));
    let id = format!("scalp-clip-{index}");
    html! {
        @if let Some(Electrode { row, .. }) = best {
            text class="panel" x=(short(x)) y=(short(y - RADIUS - 36.0)) text-anchor="middle" {
                (row.band()) @if row.low_hz >= 30.0 { ", mostly muscle" }
            }
            text class="note" x=(short(x)) y=(short(y - RADIUS - 18.0)) text-anchor="middle" {
                "lowest at " (row.channel) ": " (format::percent(row.eer.value)) " %"
            }
        }
        @if !few {
            defs { clipPath id=(id) { circle cx=(short(x)) cy=(short(y)) r=(RADIUS) {} } }
            g clip-path=(format!("url(#{id})")) shape-rendering="crispEdges" {
                @for (level, path) in filled(head, (x, y), scale).iter().enumerate().filter(|(_, path)| !path.is_empty()) {
                    path class="level" fill-opacity=(opacity(level)) d=(path) {}
                }
            }
        }
        path class="head" d=(format!("M{} {}l11 -13l11 13", short(x - 11.0), short(y - RADIUS + 0.6))) {}
        circle class="head" cx=(short(x)) cy=(short(y)) r=(RADIUS) {}
        @for Electrode { at, row } in head {
            @let (cx, cy) = (short(x + RADIUS * at.0), short(y + RADIUS * at.1));
            @let tip = format!("{}, {}\nEER {} %", row.channel, row.band(), format::estimate(Some(row.eer)));
            @if few {
                circle class="ground" cx=(cx) cy=(cy) r="19" {}
                circle class="level" fill-opacity=(opacity(scale.level(row.eer.value))) cx=(cx) cy=(cy) r="19" {}
                circle class="head" cx=(cx) cy=(cy) r="19" {}
            }
            @if head.len() > MOST_WITH_NUMBERS {
                circle class="electrode" data-tip=(tip) cx=(cx) cy=(cy) r="2" {}
            } @else {
                circle class="spot" data-tip=(tip) cx=(cx) cy=(cy) r="9" {}
                text x=(cx) y=(short(y + RADIUS * at.1 + 4.5)) text-anchor="middle" { (format!("{:.0}", 100.0 * row.eer.value)) }
            }
        }
    }
}

/// For each level, the part of a head's square that has it, as a path; between electrodes by inverse distance weighting (Shepard, 1968).
fn filled(head: &[Electrode], (x, y): (f64, f64), scale: Scale) -> Vec<String> {
    let mut paths = vec![String::new(); LEVELS];
    let side = 2.0 / GRID as f64;
    let pixels = RADIUS * side;
    let level = |column: usize, row: usize| {
        let (across, down) = ((column as f64 + 0.5) * side - 1.0, (row as f64 + 0.5) * side - 1.0);
        let of = |electrode: &Electrode| {
            let (dx, dy) = (across - electrode.at.0, down - electrode.at.1);
            ((dx * dx + dy * dy + 1e-4).powf(-1.5), electrode.row.eer.value)
        };
        let add = |(sum, all): (f64, f64), (weight, eer): (f64, f64)| (sum + weight * eer, all + weight);
        let (sum, all) = head.iter().map(of).fold((0.0, 0.0), add);
        scale.level(sum / all)
    };
    for row in 0..GRID {
        let mut start = 0;
        while start < GRID {
            let here = level(start, row);
            let end = (start + 1..GRID).find(|column| level(*column, row) != here).unwrap_or(GRID);
            let (left, top) = (x - RADIUS + start as f64 * pixels, y - RADIUS + row as f64 * pixels);
            let width = short((end - start) as f64 * pixels);
            let _ = write!(paths[here], "M{} {}h{width}v{pixels}h-{width}z", short(left), short(top));
            start = end;
        }
    }
    paths
}

/// The colours with the error rates at their ends.
fn legend(scale: Scale, top: f64) -> Markup {
    let (left, width) = (104.0, 20.0);
    let right = left + width * LEVELS as f64;
    html! {
        text class="note" x=(short(left - 8.0)) y=(short(top + 11.0)) text-anchor="end" { "chance, 50 %" }
        @for level in 0..LEVELS {
            rect class="level" fill-opacity=(opacity(level)) x=(short(left + width * level as f64)) y=(short(top)) width=(width) height="14" {}
        }
        rect class="frame" x=(left) y=(short(top)) width=(short(right - left)) height="14" {}
        text class="note" x=(short(right + 8.0)) y=(short(top + 11.0)) { "EER " (format!("{:.0}", 100.0 * scale.lowest)) " %" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalp::example;

    #[test]
    fn electrodes_lie_where_their_names_say() {
        let at = |name: &str| place(&ScalpRow { channel: name.to_owned(), ..example().remove(0) });
        let (fpz, oz, t8) = (at("Fpz").unwrap(), at("Oz").unwrap(), at("T8").unwrap());
        assert!(fpz.1 < -0.8 && oz.1 > 0.6 && t8.0 > 0.8, "{fpz:?} {oz:?} {t8:?}");
        assert!(at("ECG").is_none());
    }

    #[test]
    fn a_level_is_bluer_the_lower_the_rate_and_chance_is_the_lightest() {
        let scale = Scale { lowest: 0.2 };
        assert_eq!((scale.level(0.6), scale.level(0.5), scale.level(0.2)), (0, 0, LEVELS - 1));
        assert!(scale.level(0.3) > scale.level(0.4));
    }

    #[test]
    fn nineteen_channels_are_a_coloured_head_and_four_are_circles() {
        let rows = example();
        let nineteen = scalp(&rows).unwrap().into_string();
        assert!(nineteen.contains("clip-path") && nineteen.matches("data-tip").count() == rows.len());
        let of_four = |row: &ScalpRow| ["Fp1", "Fp2", "O1", "O2"].contains(&row.channel.as_str());
        let four: Vec<ScalpRow> = rows.into_iter().filter(of_four).collect();
        let shown = scalp(&four).unwrap().into_string();
        assert!(!shown.contains("clip-path") && shown.matches("r=\"19\"").count() == 3 * four.len());
    }

    #[test]
    fn channels_without_a_place_make_no_plot() {
        let mut rows = example();
        rows.iter_mut().for_each(|row| row.channel = "EEG 1".to_owned());
        assert!(scalp(&rows).is_none() && scalp(&[]).is_none());
    }
}
