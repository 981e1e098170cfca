//! The plots of a page as SVG documents of their own, for papers and slides.

use std::fmt::Write as _;

use crate::html::STYLE;

/// The plots that stand in a page made by [`crate::html()`], each with its name (`det`, `scores`, `print-map`), in the colours for
/// light paper.
///
/// ```
/// let page = "<figure><svg id=\"det\" xmlns=\"http://www.w3.org/2000/svg\"><g></g></svg></figure>";
/// let figures = twinprint_report::figures(page);
/// assert_eq!(figures[0].0, "det");
/// assert!(figures[0].1.contains("<style>") && figures[0].1.ends_with("</svg>\n"));
/// ```
pub fn figures(page: &str) -> Vec<(String, String)> {
    let style = style();
    let of = |rest: &str| {
        let (drawing, _) = rest.split_once("</svg>")?;
        let (name, _) = drawing.split_once('"')?;
        let (attributes, content) = drawing.split_once('>')?;
        let text = format!("<svg id=\"{attributes}><style>{style}</style>{content}</svg>\n");
        Some((name.to_owned(), text))
    };
    page.split("<svg id=\"").skip(1).filter_map(of).collect()
}

/// The page's rules for drawings, with the colours in place of their names: few programs but browsers know these.
fn style() -> String {
    let (colours, rules) = STYLE.split_once("\n}").unwrap_or_default();
    let mut style = "text { font-family: Helvetica, Arial, sans-serif; }\n".to_owned();
    for line in rules.lines() {
        let colour = line.starts_with(".c") && line[2..].starts_with(|c: char| c.is_ascii_digit());
        if colour {
            let _ = writeln!(style, "{line}");
        } else if line.starts_with("svg ") && !line.starts_with("svg {") {
            let _ = writeln!(style, "{}", line.replace("svg ", ""));
        }
    }
    for definition in colours.split([';', '\n']) {
        if let Some((name, colour)) =
            definition.trim().split_once(": ").filter(|(name, _)| name.starts_with("--"))
        {
            style = style.replace(&format!("var({name})"), colour);
        }
    }
    // Weights between the hundreds are known to browsers alone.
    style.replace("font-weight: 650", "font-weight: 700")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Page, example, html};

    #[test]
    fn every_plot_of_a_page_is_a_document_with_its_colours() {
        let (results, run, curves) = (example::results(), example::run(), example::curves());
        let page = html(&Page { results: &results, run: &run, curves: &curves, attacks: None });
        let figures = figures(&page);
        assert_eq!(figures.len(), page.matches("<svg").count());
        assert!(figures.iter().any(|(name, _)| name == "det"));
        for (name, text) in &figures {
            assert!(
                text.contains(".c0 { color: #1f5fd6; }") && text.contains(".line { fill: none;"),
                "{text}"
            );
            assert!(
                !text.contains("var(") && !text.contains("<figure") && !text.contains("font-weight: 650"),
                "{name}"
            );
            assert_eq!(text.matches("<svg").count(), 1);
        }
    }
}
