//! The plots of the page, one file each.

mod bars;
mod cmc;
mod det;
mod scores;
mod training;

pub(crate) use bars::bars;
pub(crate) use cmc::cmc;
pub(crate) use det::det;
pub(crate) use scores::scores;
pub(crate) use training::training;

use maud::{Markup, html};

use crate::format::is_encoder;
use crate::svg::short;

/// The class that colours a system: the encoder its own, every baseline one of seven by its place among them.
pub(crate) fn colour(systems: &[&str], system: &str) -> String {
    let place =
        systems.iter().filter(|name| **name != crate::results::ENCODER).position(|name| *name == system);
    match place {
        Some(place) => format!("c{}", 1 + place % 7),
        None => "c0".to_owned(),
    }
}

/// Line samples with the names of systems, one below the other.
pub(crate) fn legend(systems: &[&str], left: f64, top: f64) -> Markup {
    html! {
        @for (row, system) in systems.iter().enumerate() {
            @let y = top + 22.0 * row as f64;
            line class=(format!("line {} {}", colour(systems, system), weight(system)))
                x1=(short(left)) x2=(short(left + 26.0)) y1=(short(y)) y2=(short(y)) {}
            text class=(if is_encoder(system) { "label strong" } else { "label" })
                x=(short(left + 34.0)) y=(short(y + 4.0)) { (system) }
        }
    }
}

/// Encoders are drawn thicker than baselines.
pub(crate) fn weight(system: &str) -> &'static str {
    if is_encoder(system) { "thick" } else { "thin" }
}
