//! What every page is made of.

use maud::{Markup, PreEscaped, html};

/// The style sheet, which stands in the page itself.
pub(crate) const STYLE: &str = include_str!("style.css");

/// What moves on the page: values under the pointer, lines switched by the legend, hints where something is cut.
pub(super) const SCRIPT: &str = include_str!("script.js");

/// What the browser enforces: nothing is loaded from anywhere, the page's own style and script excepted.
const CLOSED: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// What stands in the head of every page.
pub(super) fn head(title: &str) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1";
        meta name="color-scheme" content="light dark";
        meta http-equiv="Content-Security-Policy" content=(CLOSED);
        title { (title) " · twinprint" }
        style { (PreEscaped(STYLE)) }
    }
}

/// A plot with the sentence below it.
pub(super) fn figure(plot: &Markup, caption: &str) -> Markup {
    html! { figure { div class="scroll" { (plot) } figcaption { (caption) } } }
}
