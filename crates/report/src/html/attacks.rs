//! The section of the page about attacks.

use maud::{Markup, html};

use super::tables::table;
use crate::attacks::{Attacks, LEGEND};

/// How often each attack succeeds; nothing where none was tried.
pub(super) fn attacks(attacks: Option<&Attacks>) -> Markup {
    let cells = attacks.map(Attacks::cells).unwrap_or_default();
    let (Some(attacks), Some((head, body))) = (attacks, cells.split_first()) else { return html! {} };
    let rows: Vec<_> = body.iter().map(|row| (false, row.clone())).collect();
    html! {
        section aria-labelledby="attacks" {
            h2 id="attacks" { "Attacks" }
            p { (attacks.heading()) "." }
            (table("How often each attack succeeds, with 95 % intervals over people", head, &rows))
            p class="footnote" { (LEGEND) }
            @for note in &attacks.notes { p class="footnote" { (note) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attacks::tests::example;

    #[test]
    fn every_text_is_escaped_and_no_attacks_make_no_section() {
        let section = attacks(Some(&example("<img src=x>"))).into_string();
        assert!(!section.contains("<img") && section.matches("&lt;img").count() >= 6, "{section}");
        assert!(section.contains("after 41 queries") && section.matches("scope=").count() == 8, "{section}");
        assert_eq!(attacks(None).into_string(), "");
    }
}
