//! The map of prints: people learnt from beside people never seen, one colour a person, one shape a recording.

use maud::{Markup, html};

use crate::page::{MapPoint, PrintMap};
use crate::svg::{Axis, Frame, figure, short};

const SIDE: f64 = 400.0;
/// The shapes of a person's first recording, the second, and so on round.
const SHAPES: [&str; 4] = ["disc", "cross", "triangle", "square"];

/// One of the two planes.
#[derive(Clone, Copy)]
struct Plane {
    title: &'static str,
    of: fn(&MapPoint) -> [f64; 2],
    row: usize,
}

/// Two planes below one another, each with two panels that share their axes.
pub(crate) fn map(map: &PrintMap) -> Option<Markup> {
    let holds = |at: [f64; 2]| at.iter().all(|x| x.abs() < 1e12);
    let points: Vec<&MapPoint> =
        map.points.iter().filter(|point| holds(point.components) && holds(point.neighbours)).collect();
    if points.is_empty() {
        return None;
    }
    let planes = [
        Plane { title: "principal components", of: |point| point.components, row: 0 },
        Plane { title: "neighbours (t-SNE)", of: |point| point.neighbours, row: 1 },
    ];
    let panels = [(true, "People learnt from"), (false, "People never seen")];
    let content = html! {
        @for plane in planes {
            @for (column, (seen, title)) in panels.iter().enumerate() {
                @let frame = frame(&points, map.explained, plane, column);
                text class="panel" x=(short(frame.left)) y=(short(frame.top - 16.0)) { (title) ", " (plane.title) }
                (frame.axes())
                @let people = people(&points, *seen);
                @for point in points.iter().filter(|point| point.seen == *seen) {
                    (mark(&frame, point, (plane.of)(point), &people))
                }
            }
        }
        (key(&points))
    };
    let size = (46.0 + 2.0 * (SIDE + 60.0), 2.0 * (SIDE + 90.0) + 26.0);
    let description = "Prints on a plane, above by their first two principal components, below by t-SNE, which keeps neighbours \
        together. Left, people whose recordings trained the encoder; right, people it never saw. One colour a person, one shape \
        a recording.";
    Some(figure("print-map", size, "Map of prints", description, &content))
}

/// The people of a panel in the order they appear, each with their recordings in that order.
fn people<'a>(points: &[&'a MapPoint], seen: bool) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut people: Vec<(&str, Vec<&str>)> = Vec::new();
    for point in points.iter().filter(|point| point.seen == seen) {
        let place = people.iter().position(|(name, _)| *name == point.subject).unwrap_or_else(|| {
            people.push((&point.subject, Vec::new()));
            people.len() - 1
        });
        if !people[place].1.contains(&point.recording.as_str()) {
            people[place].1.push(&point.recording);
        }
    }
    people
}

fn mark(frame: &Frame, point: &MapPoint, at: [f64; 2], people: &[(&str, Vec<&str>)]) -> Markup {
    let person = people.iter().position(|(name, _)| *name == point.subject).unwrap_or(0);
    let recording =
        people.get(person).and_then(|(_, all)| all.iter().position(|name| *name == point.recording));
    let shape = SHAPES[recording.unwrap_or(0) % SHAPES.len()];
    let tip = format!("{}\n{}\nepoch at {} s", point.subject, point.recording, point.start);
    drawn(shape, (frame.at_x(at[0]), frame.at_y(at[1])), &format!("print c{}", person % 8), Some(&tip))
}

fn drawn(shape: &str, (x, y): (f64, f64), class: &str, tip: Option<&str>) -> Markup {
    let path = match shape {
        "cross" => format!("M{} {}l6 6m0 -6l-6 6", short(x - 3.0), short(y - 3.0)),
        "triangle" => format!("M{} {}l3.6 6.4h-7.2z", short(x), short(y - 3.8)),
        "square" => format!("M{} {}h5.6v5.6h-5.6z", short(x - 2.8), short(y - 2.8)),
        _ => String::new(),
    };
    html! {
        @if path.is_empty() {
            circle class=(class) data-tip=[tip] cx=(short(x)) cy=(short(y)) r="3.2" {}
        } @else {
            path class=(class) data-tip=[tip] d=(path) {}
        }
    }
}

/// What the shapes mean, as far as there are recordings.
fn key(points: &[&MapPoint]) -> Markup {
    let most =
        [true, false].into_iter().flat_map(|seen| people(points, seen)).map(|(_, all)| all.len()).max();
    let names = ["first recording", "second", "third", "fourth"];
    let y = 2.0 * (SIDE + 90.0) + 12.0;
    html! {
        @for (place, (shape, name)) in SHAPES.iter().zip(names).take(most.unwrap_or(1)).enumerate() {
            @let x = 52.0 + if place == 0 { 0.0 } else { 40.0 + 90.0 * place as f64 };
            (drawn(shape, (x, y - 4.0), "print", None))
            text class="note" x=(short(x + 10.0)) y=(short(y)) { (name) }
        }
    }
}

fn frame(points: &[&MapPoint], explained: [f64; 2], plane: Plane, column: usize) -> Frame {
    let range = |axis: usize| {
        let values = || points.iter().map(|point| (plane.of)(point)[axis]);
        let (low, high) =
            (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        let margin = ((high - low) * 0.04).max(1e-9);
        (low - margin, high + margin)
    };
    let ((left, right), (bottom, top)) = (range(0), range(1));
    let title = match plane.row {
        0 => format!(
            "Component 1 ({:.0} % of the variance) against component 2 ({:.0} %)",
            100.0 * explained[0],
            100.0 * explained[1]
        ),
        _ => "Only who lies beside whom has a meaning here".to_owned(),
    };
    let label = |value: f64, digits: usize| format!("{value:.digits$}");
    let mut frame = Frame {
        left: 46.0 + column as f64 * (SIDE + 60.0),
        top: 40.0 + plane.row as f64 * (SIDE + 90.0),
        width: SIDE,
        height: SIDE,
        x: Axis::linear(&title, left, right, 5, label),
        y: Axis::linear("", bottom, top, 5, label),
    };
    if plane.row == 1 {
        frame.x.ticks.clear();
        frame.y.ticks.clear();
    }
    frame
}
