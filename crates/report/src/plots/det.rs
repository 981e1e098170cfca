//! Detection error trade-off on probit axes (Martin et al., 1997).

use maud::{Markup, html};
use twinprint_signal::Interval;

use super::systems::{colour, legend, room, weight};
use crate::format;
use crate::page::{BandPlace, DetCurve};
use crate::results::{ENCODER, Results, VerificationRow};
use crate::svg::{Axis, Frame, PROBIT_TICKS, figure, short};
use crate::{Verdict, verdicts};

const SIDE: f64 = 330.0;
const GAP: f64 = 70.0;

/// One panel for each probe length, systems by colour; nothing without curves.
pub(crate) fn det(curves: &[DetCurve], results: &Results) -> Option<Markup> {
    let lengths = format::lengths(curves.iter().map(|curve| curve.probe_seconds));
    let systems = format::systems(curves.iter().map(|curve| curve.system.as_str()));
    if curves.iter().all(|curve| curve.points.is_empty()) {
        return None;
    }
    let (low, high) = range(curves);
    // Two panels a row.
    let places = (0..lengths.len()).map(|i| (i % 2, i / 2));
    let panels: Vec<(f64, Frame)> = lengths
        .iter()
        .zip(places)
        .map(|(probe, (column, row))| {
            let frame = Frame {
                left: 56.0 + column as f64 * (SIDE + GAP),
                top: 52.0 + row as f64 * (SIDE + 110.0),
                width: SIDE,
                height: SIDE,
                x: Axis::probit("False match rate, %", low, high),
                y: Axis::probit("False non-match rate, %", low, high),
            };
            (*probe, frame)
        })
        .collect();
    let columns = lengths.len().min(2) as f64;
    let rows = lengths.len().div_ceil(2) as f64;
    let legend_left = 56.0 + columns * (SIDE + GAP) - GAP + 34.0;
    let height = (rows * (SIDE + 110.0)).max(80.0 + 22.0 * systems.len() as f64);
    let size = (legend_left + 44.0 + room(&systems), height);
    let content = html! {
        @for (index, (probe, frame)) in panels.iter().enumerate() {
            @let id = format!("det-clip-{index}");
            defs { (frame.clip(&id)) }
            text class="panel" x=(short(frame.left)) y=(short(frame.top - 34.0)) {
                (format::seconds(*probe)) " probes"
            }
            (frame.axes())
            g clip-path=(format!("url(#{id})")) {
                @for system in systems.iter().rev() {
                    @for curve in curves.iter().filter(|c| c.system == *system && c.probe_seconds == *probe && !c.band.is_empty()) {
                        @let [bottom, top] = edges(curve, low);
                        (frame.band(&bottom, &top, &format!("band {}{}", colour(&systems, system), shade(results, curve)), system))
                    }
                }
                (frame.line(&diagonal(low, high), "line diagonal"))
                @for system in systems.iter().rev() {
                    @for curve in curves.iter().filter(|c| c.system == *system && c.probe_seconds == *probe) {
                        (frame.series(&curve.points, &format!("line {} {}", colour(&systems, system), weight(system)), system))
                    }
                }
            }
        }
        @for (probe, frame) in &panels {
            @for (fmr, ends) in operating(&results.verification, *probe) {
                @let x = short(frame.at_x(fmr));
                // Rates of 0 lie below every axis.
                @let y = |rate: f64| short(frame.at_y(rate.clamp(low, high)));
                line class="whisker c0" data-series=(ENCODER) x1=(x) x2=(x) y1=(y(ends.low)) y2=(y(ends.high))
                    data-tip=(format!("{ENCODER} at a false match rate of {} %\nfalse non-match rate {}", format::percent(fmr), format::interval(ends))) {}
            }
        }
        @for (frame, dots) in panels.iter().map(|(probe, frame)| (frame, crossings(curves, *probe))) {
            @for (system, eer) in dots.iter().rev() {
                circle class=(format!("dot {}", colour(&systems, system))) data-series=(system)
                    data-tip=(format!("{system}: EER {} %", format::percent(*eer)))
                    cx=(short(frame.at_x(*eer))) cy=(short(frame.at_y(*eer))) r="4" {}
            }
        }
        (legend(&systems, legend_left, 66.0))
    };
    let description = "False non-match rate against false match rate on probit axes, one line for each system, \
        one panel for each probe length, the 95 % interval of each shaded; lower left is better, and the dotted diagonal crosses each line at its equal error rate.";
    Some(figure("det", size, "Detection error trade-off", description, &content))
}

/// How strongly an interval is shaded: that of the encoder most, then that of its hardest baseline; the others' where they are pointed at.
fn shade(results: &Results, curve: &DetCurve) -> &'static str {
    let hardest =
        |verdict: &Verdict| verdict.probe_seconds == curve.probe_seconds && verdict.baseline == curve.system;
    match curve.system.as_str() {
        ENCODER => " strongest",
        _ if verdicts(results).iter().any(hardest) => " hardest",
        _ => "",
    }
}

/// The lower and the upper edge of a curve's interval. Rates of 0 lie below every axis and are drawn below its lower end.
fn edges(curve: &DetCurve, lowest: f64) -> [Vec<(f64, f64)>; 2] {
    let of = |end: fn(&BandPlace) -> f64| {
        curve.band.iter().map(|place| (place.fmr, end(place).max(lowest / 4.0))).collect()
    };
    [of(|place| place.low), of(|place| place.high)]
}

/// The false match rates at which the encoder's false non-match rate has an interval, with that interval.
fn operating(rows: &[VerificationRow], probe: f64) -> Vec<(f64, Interval)> {
    let own = rows.iter().filter(|row| row.system == ENCODER && row.probe_seconds == probe);
    let intervals = own.flat_map(|row| &row.ci95);
    let rate = |key: &str| {
        key.strip_prefix("fnmr_at_fmr.")?.parse::<f64>().ok().filter(|rate| *rate > 0.0 && *rate < 1.0)
    };
    intervals.filter_map(|(key, ends)| Some((rate(key)?, *ends))).collect()
}

/// Where each system's line crosses the diagonal, between the two points on either side of it.
fn crossings(curves: &[DetCurve], probe: f64) -> Vec<(&str, f64)> {
    let crossing = |curve: &DetCurve| {
        let pair = curve.points.windows(2).find(|pair| pair[0].0 > pair[0].1 && pair[1].0 <= pair[1].1)?;
        let [(fmr, fnmr), (next_fmr, next_fnmr)] = [pair[0], pair[1]];
        let share = (fmr - fnmr) / ((fmr - fnmr) - (next_fmr - next_fnmr));
        let eer = fmr + share * (next_fmr - fmr);
        // A rate of 0 has no place on these axes.
        (eer.is_finite() && eer > 0.0).then_some(eer)
    };
    curves
        .iter()
        .filter(|curve| curve.probe_seconds == probe)
        .filter_map(|curve| Some((curve.system.as_str(), crossing(curve)?)))
        .collect()
}

fn diagonal(low: f64, high: f64) -> [(f64, f64); 2] {
    [(low, low), (high, high)]
}

/// The ticks that hold every curve, from no lower than 0.05 % to no higher than 95 %.
fn range(curves: &[DetCurve]) -> (f64, f64) {
    let rates = || curves.iter().flat_map(|c| &c.points).flat_map(|&(fmr, fnmr)| [fmr, fnmr]);
    let smallest = rates().filter(|rate| *rate > 0.0).fold(0.01, f64::min);
    // Where a curve crosses the diagonal shows how far up it needs to be seen.
    let crossing = |c: &DetCurve| c.points.iter().map(|&(fmr, fnmr)| fmr.max(fnmr)).fold(1.0, f64::min);
    let highest = curves.iter().map(crossing).fold(0.0, f64::max);
    let ticks = || PROBIT_TICKS.iter().map(|(rate, _)| *rate);
    let low = ticks().rev().find(|tick| *tick <= smallest).unwrap_or(0.0005);
    let high = ticks().find(|tick| *tick >= (highest * 2.0).min(0.95)).unwrap_or(0.95).max(0.4);
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axes_hold_the_crossing_of_every_curve() {
        let curve =
            |eer: f64| DetCurve { points: vec![(1.0, 0.0), (eer, eer), (0.0, 1.0)], ..Default::default() };
        assert_eq!(range(&[curve(0.03)]), (0.01, 0.4));
        assert_eq!(range(&[curve(0.002), curve(0.45)]), (0.002, 0.95));
    }

    #[test]
    fn every_interval_is_drawn_and_two_are_seen_at_each_length() {
        let (results, curves) = (crate::example::results(), crate::example::curves());
        let shown = det(&curves.det, &results).unwrap().into_string();
        let of = |class: &str| shown.matches(class).count();
        assert_eq!((of("<polygon"), of(" strongest\""), of(" hardest\"")), (14, 2, 2));
    }

    #[test]
    fn no_points_make_no_plot() {
        assert!(
            det(&[], &Results::default()).is_none()
                && det(&[DetCurve::default()], &Results::default()).is_none()
        );
    }
}
