//! What every page is made of.

use maud::{Markup, html};

/// The style sheet, which stands in the page itself.
pub(super) const STYLE: &str = include_str!("style.css");

/// A plot with the sentence below it.
pub(super) fn figure(plot: &Markup, caption: &str) -> Markup {
    html! { figure { div class="scroll" { (plot) } figcaption { (caption) } } }
}
