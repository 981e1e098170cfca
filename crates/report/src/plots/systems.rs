//! How systems look in every plot: colour, weight, and the name as far as there is room.

use maud::{Markup, html};

use crate::format::is_encoder;
use crate::results::ENCODER;
use crate::svg::short;

/// The classes that colour a system: the encoder its own, every other one of seven by its place among them, dashed when
/// the seven are used up.
pub(crate) fn colour(systems: &[&str], system: &str) -> String {
    let place = systems.iter().filter(|name| **name != ENCODER).position(|name| *name == system);
    match place {
        Some(place) => format!("c{}{}", 1 + place % 7, if place < 7 { "" } else { " dashed" }),
        None => "c0".to_owned(),
    }
}

/// Line samples with the names of systems, one below the other.
pub(crate) fn legend(systems: &[&str], left: f64, top: f64) -> Markup {
    html! {
        @for (row, system) in systems.iter().enumerate() {
            @let y = top + 22.0 * row as f64;
            g data-switch=(system) {
                rect class="field" x=(short(left - 6.0)) y=(short(y - 11.0)) width=(short(44.0 + room(&[system]))) height="22" {}
                line class=(format!("line {} {}", colour(systems, system), weight(system)))
                    x1=(short(left)) x2=(short(left + 26.0)) y1=(short(y)) y2=(short(y)) {}
                text class=(if is_encoder(system) { "label strong" } else { "label" })
                    x=(short(left + 34.0)) y=(short(y + 4.0)) { (clipped(system)) }
            }
        }
    }
}

/// The longest name a plot has room for.
const LONGEST: usize = 34;

/// A name cut to what a plot has room for; the tables hold it in full.
pub(crate) fn clipped(name: &str) -> String {
    if name.chars().count() <= LONGEST {
        return name.to_owned();
    }
    name.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// The room that names need in a plot, in pixels.
pub(crate) fn room(names: &[&str]) -> f64 {
    let longest = names.iter().map(|name| name.chars().count().min(LONGEST)).max().unwrap_or(0);
    7.6 * longest as f64
}

/// Encoders are drawn thicker than baselines.
pub(crate) fn weight(system: &str) -> &'static str {
    if is_encoder(system) { "thick" } else { "thin" }
}
