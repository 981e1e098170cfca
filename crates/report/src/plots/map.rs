//! The map of prints: people learnt from beside people never seen, one colour a person.

use maud::{Markup, html};

use crate::page::{MapPoint, PrintMap};
use crate::svg::{Axis, Frame, figure, short};

const SIDE: f64 = 400.0;

/// Two panels with the same axes; a disc is an epoch of a person's first recording, a cross one of another.
pub(crate) fn map(map: &PrintMap) -> Option<Markup> {
    let points: Vec<&MapPoint> =
        map.points.iter().filter(|point| point.x.abs() < 1e12 && point.y.abs() < 1e12).collect();
    if points.is_empty() {
        return None;
    }
    let panels: Vec<(bool, &str, Frame)> = [(true, "People learnt from"), (false, "People never seen")]
        .into_iter()
        .enumerate()
        .map(|(index, (seen, title))| (seen, title, frame(&points, map.explained, index)))
        .collect();
    let content = html! {
        @for (seen, title, frame) in &panels {
            text class="panel" x=(short(frame.left)) y="24" { (title) }
            (frame.axes())
            @let people = people(&points, *seen);
            @for point in points.iter().filter(|point| point.seen == *seen) {
                @let person = people.iter().position(|(name, _)| *name == point.subject).unwrap_or(0);
                (mark(frame, point, person, people[person].1 == point.recording))
            }
        }
    };
    let size = (46.0 + 2.0 * (SIDE + 60.0), SIDE + 90.0);
    let description = "Prints on their first two principal components. Left, people whose recordings trained the encoder; right, \
        people it never saw. One colour a person.";
    Some(figure("print-map", size, "Map of prints", description, &content))
}

/// The people of a panel in the order they appear, with the recording each appears with first.
fn people<'a>(points: &[&'a MapPoint], seen: bool) -> Vec<(&'a str, &'a str)> {
    let mut people: Vec<(&str, &str)> = Vec::new();
    for point in points.iter().filter(|point| point.seen == seen) {
        if !people.iter().any(|(name, _)| *name == point.subject) {
            people.push((&point.subject, &point.recording));
        }
    }
    people
}

fn mark(frame: &Frame, point: &MapPoint, person: usize, first_recording: bool) -> Markup {
    let class = format!("c{}", person % 8);
    let tip = format!("{}\n{}", point.subject, point.recording);
    let (x, y) = (frame.at_x(point.x), frame.at_y(point.y));
    html! {
        @if first_recording {
            circle class=(format!("print {class}")) data-tip=(tip) cx=(short(x)) cy=(short(y)) r="3.2" {}
        } @else {
            path class=(format!("print {class}")) data-tip=(tip) d=(format!("M{} {}l6 6m0 -6l-6 6", short(x - 3.0), short(y - 3.0))) {}
        }
    }
}

fn frame(points: &[&MapPoint], explained: [f64; 2], index: usize) -> Frame {
    let range = |of: fn(&MapPoint) -> f64| {
        let low = points.iter().map(|point| of(point)).fold(f64::INFINITY, f64::min);
        let high = points.iter().map(|point| of(point)).fold(f64::NEG_INFINITY, f64::max);
        let margin = ((high - low) * 0.04).max(1e-9);
        (low - margin, high + margin)
    };
    let ((left, right), (bottom, top)) = (range(|point| point.x), range(|point| point.y));
    let title = format!(
        "Component 1 ({:.0} % of the variance) against component 2 ({:.0} %)",
        100.0 * explained[0],
        100.0 * explained[1]
    );
    let label = |value: f64, digits: usize| format!("{value:.digits$}");
    Frame {
        left: 46.0 + index as f64 * (SIDE + 60.0),
        top: 40.0,
        width: SIDE,
        height: SIDE,
        x: Axis::linear(&title, left, right, 5, label),
        y: Axis::linear("", bottom, top, 5, label),
    }
}
