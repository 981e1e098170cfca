//! What was checked, and what is absent: two tables, since an absent number has passed nothing.

use maud::{Markup, html};

use crate::format;
use crate::results::{AuditRow, Outcome, Results};

/// The checks and the findings that inform.
pub(super) fn audit(results: &Results) -> Markup {
    let rows: Vec<&AuditRow> = results.audit.iter().filter(|row| row.outcome != Outcome::Absent).collect();
    html! {
        @if !rows.is_empty() {
            section aria-labelledby="audit" {
                h2 id="audit" { "Audits" }
                div class="scroll" {
                    table class="text" {
                        caption { "How much of this could be a shortcut" }
                        thead { tr {
                            th scope="col" { "Check" } th scope="col" { "Outcome" }
                            th scope="col" { "EER %" } th scope="col" { "Finding" }
                        } }
                        tbody {
                            @for row in rows {
                                tr class=[(row.outcome == Outcome::Failed).then_some("failed")] {
                                    th scope="row" { (row.check) }
                                    td { (badge(row.outcome)) }
                                    td {
                                        (format::estimate(row.eer))
                                        @if let Some(probe) = row.probe_seconds { " at " (format::seconds(probe)) }
                                    }
                                    td { (row.detail) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What stands above every number where something that is no brain reaches the encoder's error rate.
pub(super) fn alert(results: &Results) -> Markup {
    // Of the checks only those of a part of the signal rest on an error rate.
    let failed: Vec<&AuditRow> = results.audits(Outcome::Failed).filter(|row| row.eer.is_some()).collect();
    html! {
        @if !failed.is_empty() {
            aside class="alert shortcut" aria-label="A shortcut explains this result" {
                h2 class="quiet" { "A shortcut may explain this result" }
                ul { @for row in failed { li { b { (row.check) } ": " (row.detail) } } }
                p { "What these checks look at says nothing about the brain; while one of them fails, the error rates below may come from it." }
            }
        }
    }
}

fn badge(outcome: Outcome) -> Markup {
    let (class, text) = match outcome {
        Outcome::Passed => ("badge yes", "✓ passed"),
        Outcome::Failed => ("badge no", "✗ failed"),
        Outcome::Informs => ("badge plain", "informs"),
        Outcome::Absent => ("badge plain", "absent"),
    };
    html! { span class=(class) { (text) } }
}

/// The numbers that could not be computed, each with the reason.
pub(super) fn absent(results: &Results) -> Markup {
    html! {
        @if results.audits(Outcome::Absent).next().is_some() {
            section aria-labelledby="absent" {
                h2 id="absent" { "Absent numbers" }
                div class="scroll" {
                    table class="text" {
                        caption { "What could not be computed, and why" }
                        thead { tr { th scope="col" { "Number" } th scope="col" { "Why it is absent" } } }
                        tbody {
                            @for row in results.audits(Outcome::Absent) {
                                tr { th scope="row" { (row.check) } td { (row.detail) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
