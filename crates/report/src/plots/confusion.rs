//! Which label the classifiers answer for which, as squares.

use std::collections::BTreeSet;

use maud::{Markup, html};

use crate::format;
use crate::results::{ClassifierRow, Confused};
use crate::svg::{figure, short};

/// The side of one matrix.
const SIDE: f64 = 380.0;
/// From so many labels on their names no longer fit beside the rows.
const NAMED: usize = 34;
/// More labels than this make squares too small to see.
const MOST: usize = 190;

/// A matrix for each of these rows that has its confusions: truth from above, answers from the left. Nothing where none has.
pub(crate) fn confusion(rows: &[ClassifierRow]) -> Option<Markup> {
    let shown: Vec<(&ClassifierRow, Vec<&str>)> = rows
        .iter()
        .map(|row| (row, labels(&row.confusion)))
        .filter(|(_, labels)| (2..=MOST).contains(&labels.len()))
        .collect();
    if shown.is_empty() {
        return None;
    }
    let names = shown.iter().map(|(_, labels)| room(labels)).fold(0.0, f64::max);
    let wide = names + SIDE + 40.0;
    let content = html! {
        @for (index, (row, labels)) in shown.iter().enumerate() {
            @let corner = (names + (index % 2) as f64 * wide, 66.0 + (index / 2) as f64 * (SIDE + 100.0));
            (matrix(row, labels, corner))
        }
    };
    let size = (shown.len().min(2) as f64 * wide, shown.len().div_ceil(2) as f64 * (SIDE + 100.0));
    let description = "One square for each pair of a true label and an answer that occurs; the darker, the larger its share of the \
        true label's epochs. Squares on the diagonal are right.";
    Some(figure("confusion", size, "Confusions", description, &content))
}

fn labels(confusion: &[Confused]) -> Vec<&str> {
    let all = confusion.iter().flat_map(|pair| [pair.truth.as_str(), pair.answer.as_str()]);
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The room that the names need on the left.
fn room(labels: &[&str]) -> f64 {
    let longest = labels.iter().map(|label| label.chars().count().min(18)).max().unwrap_or(0);
    if labels.len() > NAMED { 30.0 } else { 18.0 + 6.6 * longest as f64 }
}

fn matrix(row: &ClassifierRow, labels: &[&str], (left, top): (f64, f64)) -> Markup {
    let cell = SIDE / labels.len() as f64;
    let place = |label: &str| labels.iter().position(|known| *known == label).unwrap_or(0) as f64;
    let total = |truth: &str| -> usize {
        row.confusion.iter().filter(|pair| pair.truth == truth).map(|pair| pair.epochs).sum()
    };
    html! {
        text class="panel" x=(short(left)) y=(short(top - 46.0)) { (format::classifier(&row.classifier)) ", " (row.label) }
        text class="title" x=(short(left)) y=(short(top - 10.0)) { "answers from left to right, the truth from top to bottom" }
        rect class="frame" x=(short(left)) y=(short(top)) width=(short(SIDE)) height=(short(SIDE)) {}
        @if labels.len() <= NAMED {
            @for label in labels {
                text class="tick" x=(short(left - 7.0)) y=(short(top + cell * (place(label) + 0.5) + 4.0)) text-anchor="end" {
                    (clipped(label))
                }
            }
        }
        @for pair in &row.confusion {
            @let all = total(&pair.truth);
            @let share = pair.epochs as f64 / all.max(1) as f64;
            rect class=(if pair.truth == pair.answer { "cell c0" } else { "cell c4" })
                data-tip=(format!("{} taken for {}: {} of {all} epochs ({} %)", pair.truth, pair.answer, pair.epochs, format::percent(share)))
                fill-opacity=(format!("{:.3}", 0.12 + 0.88 * share))
                x=(short(left + cell * place(&pair.answer) + 0.5)) y=(short(top + cell * place(&pair.truth) + 0.5))
                width=(short((cell - 1.0).max(0.8))) height=(short((cell - 1.0).max(0.8))) {}
        }
    }
}

fn clipped(label: &str) -> String {
    if label.chars().count() <= 18 {
        label.to_owned()
    } else {
        label.chars().take(17).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_without_confusions_or_with_one_label_is_not_drawn() {
        let pair = |truth: &str, answer: &str| Confused {
            truth: truth.to_owned(),
            answer: answer.to_owned(),
            epochs: 3,
        };
        let row = |confusion| ClassifierRow { confusion, ..Default::default() };
        assert!(confusion(&[row(vec![]), row(vec![pair("a", "a")])]).is_none());
        let drawn =
            confusion(&[row(vec![pair("a", "a"), pair("a", "b"), pair("b", "b")])]).unwrap().into_string();
        assert_eq!(drawn.matches("class=\"cell").count(), 3);
        assert!(drawn.contains("a taken for b: 3 of 6 epochs (50.0 %)"), "{drawn}");
    }
}
