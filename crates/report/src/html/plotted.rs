//! Sections that are a plot and a sentence.

use maud::{Markup, html};

use super::parts::figure;
use crate::results::Results;
use crate::{Page, format, plots};

/// Whose claims are refused, and what the worst carry.
pub(super) fn people(page: &Page) -> Markup {
    html! {
        @if let Some(plot) = plots::people::people(&page.curves.people) {
            section aria-labelledby="people-heading" {
                h2 id="people-heading" { "Who is hard" }
                (figure(&plot, "How often the encoder refuses each person's own probes at the threshold where both errors are equally \
                    frequent. On the right, how many of the worst people carry which share of these errors: on the dotted line all \
                    people would be alike. The audit “errors by person” says how likely this spread is by chance."))
            }
        }
    }
}

/// The prints on a plane.
pub(super) fn print_map(page: &Page) -> Markup {
    let fold = page.curves.map.fold;
    html! {
        @if let Some(plot) = plots::map::map(&page.curves.map) {
            section aria-labelledby="map-heading" {
                h2 id="map-heading" { "Where the prints lie" }
                (figure(&plot, &format!("Some prints of fold {fold}: above on their first two principal components, which show only part of \
                    what parts people; below by t-SNE, which draws neighbours together and whose distances mean little. One colour a \
                    person, one shape a recording. Same person together and others apart on the right is what carries over to new people.")))
            }
        }
    }
}

/// The course of training.
pub(super) fn training(page: &Page) -> Markup {
    html! {
        @if let Some(plot) = plots::training::training(&page.curves.training) {
            section aria-labelledby="training-heading" {
                h2 id="training-heading" { "Training" }
                (figure(&plot, "A loss that falls while the error on unseen people rises is overfitting."))
            }
        }
    }
}

/// One channel and one band at a time.
pub(super) fn scalp(results: &Results) -> Markup {
    let probe = results.scalp.first().map(|row| format::seconds(row.probe_seconds)).unwrap_or_default();
    html! {
        @if let Some(plot) = plots::scalp::scalp(&results.scalp) {
            section aria-labelledby="scalp-heading" {
                h2 id="scalp-heading" { "Where on the head" }
                (figure(&plot, &format!("The equal error rate, in per cent, of each channel in each frequency band alone, on the trials with {probe} \
                    probes: the distance between the log power spectra of template and probe, in standard deviations of the training people, and \
                    nothing else. Bluer is better; 50 % is chance. The numbers are measured; the colour between electrodes is only drawn. The \
                    intervals are wide (point at a channel), so neighbours that differ by a few points may be equal. Above 30 Hz muscle outweighs \
                    the brain.")))
            }
        }
    }
}

/// The recordings.
pub(super) fn quality(page: &Page) -> Markup {
    html! {
        @if let Some(plot) = plots::quality::quality(&page.curves.quality) {
            section aria-labelledby="quality-heading" {
                h2 id="quality-heading" { "The recordings" }
                (figure(&plot, "One dot a recording, people side by side in changing colours. A person whose recordings differ from all \
                    others here may be told apart by the equipment rather than by the brain. Line noise near 1 is none."))
                @if let Some(plot) = plots::recorded_spectra::recorded_spectra(&page.curves.quality) {
                    (figure(&plot, &plots::recorded_spectra::caption(page.curves.quality.len())))
                }
            }
        }
    }
}
