//! The head of the page: name, protocol, what to beware of, and the few numbers most people come for.

use maud::{Markup, html};
use twinprint_signal::Estimate;

use super::audit;
use crate::format;
use crate::results::{AllowedLeak, ENCODER};
use crate::{Page, Results, Verdict, verdicts};

pub(super) fn top(page: &Page) -> Markup {
    let results = page.results;
    html! {
        header {
            p class="eyebrow" { "EEG biometrics · twinprint " (page.run.version) }
            h1 {
                (results.name)
                @if !results.leaks.is_empty() { " " span class="badge leak" { "leaky" } }
                @if let Some(why) = format::optimistic(results) { " " span class="badge warn" { (why) } }
            }
            p class="lead" { (format::protocol_line(results)) }
        }
        @for leak in &results.leaks { (leak_alert(leak)) }
        (audit::alert(results))
        @if !results.caveats.is_empty() {
            aside class="alert warn" aria-label="What to know before reading a number" {
                h2 class="quiet" { "Before you read a number" }
                ul { @for caveat in &results.caveats { li { (sentence(caveat)) } } }
            }
        }
        @if let Some(text) = plainly(results) { p class="plainly" { (text) } }
        (cards(results))
        (verdict_list(&verdicts(results)))
    }
}

fn leak_alert(leak: &AllowedLeak) -> Markup {
    html! {
        aside class="alert leak" aria-label="This run leaks" {
            h2 class="quiet" { "Leaky on purpose: " (leak.leak) }
            p { (sentence(&leak.detail)) " No number on this page is an honest error rate." }
            @if leak.optimism.is_empty() {
                p { "What the leak gained was not measured." }
            } @else {
                ul {
                    @for gained in &leak.optimism {
                        li {
                            b { (gained.system) } " at " (format::seconds(gained.probe_seconds)) " probes: EER "
                            (format::percent(gained.leaky_eer)) " % with the leak, " (format::percent(gained.honest_eer))
                            " % without; optimism " b { (format::points(gained.difference())) " points" }
                        }
                    }
                }
            }
        }
    }
}

/// The text with a capital at its beginning and a full stop at its end.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{stop}", first.to_uppercase(), chars.as_str())
}

/// What was tried on whom and what came of it, for somebody who knows none of the words.
fn plainly(results: &Results) -> Option<String> {
    let rows = results.verification.iter().filter(|row| row.system == ENCODER && row.eer.is_some());
    let row = rows.min_by(|a, b| a.probe_seconds.total_cmp(&b.probe_seconds))?;
    let (eer, protocol) = (row.eer?, &results.protocol);
    let optimistic = format::optimistic(results).is_some();
    let known = if protocol.seen_subjects || protocol.variant.as_deref() == Some("seen-subjects") {
        "whom the encoder had learnt from"
    } else {
        "whom the encoder had never seen"
    };
    let when = match protocol.variant.as_deref() {
        Some("cross-session") => "in another session",
        Some("within-recording") => "later in the same recording",
        _ => "in another recording",
    };
    let people = match protocol.test_subjects {
        1 => "1 person".to_owned(),
        number => format!("{} people", format::count(number)),
    };
    let interval = eer.ci95.map(|ci95| {
        format!(" (95 % interval {} to {} %)", format::percent(ci95.low), format::percent(ci95.high))
    });
    let flatters = if optimistic { " This protocol flatters: expect more errors in use." } else { "" };
    Some(format!(
        "{people} {known} were enrolled with {} of EEG and verified with {} {when}: at the threshold where both errors are equally \
         frequent, {} %{} of true claims are refused and as many false claims accepted.{flatters}",
        format::seconds(protocol.enroll_seconds),
        format::seconds(row.probe_seconds),
        format::percent(eer.value),
        interval.unwrap_or_default(),
    ))
}

fn cards(results: &Results) -> Markup {
    let leaky = !results.leaks.is_empty();
    let mut cards: Vec<Markup> = Vec::new();
    for row in results.verification.iter().filter(|row| row.system == ENCODER) {
        if let Some(eer) = &row.eer {
            let name = format!("EER, {} probes", format::seconds(row.probe_seconds));
            let trials = format!(
                "{} mated, {} non-mated trials",
                format::count(row.mated),
                format::count(row.non_mated)
            );
            cards.push(card(leaky, &name, eer, &trials));
        }
    }
    for row in results.identification.iter().filter(|row| row.system == ENCODER) {
        if let Some(rank1) = &row.rank1 {
            let name = format!("Rank 1, {} probes", format::seconds(row.probe_seconds));
            cards.push(card(leaky, &name, rank1, "right person first"));
        }
    }
    let hardest_first = results.few_shot.iter().filter(|row| row.system == ENCODER && row.shots == 1);
    if let Some(row) = hardest_first.max_by_key(|row| row.ways)
        && let Some(accuracy) = &row.accuracy
    {
        let chance = format!("chance {} %", format::percent(row.chance));
        cards.push(card(
            leaky,
            &format!("Accuracy, {}", format::episode(row.ways, row.shots)),
            accuracy,
            &chance,
        ));
    }
    html! { @if !cards.is_empty() { div class="cards" { @for card in &cards { (card) } } } }
}

fn card(leaky: bool, name: &str, number: &Estimate, note: &str) -> Markup {
    html! {
        div class=(if leaky { "card leak" } else { "card" }) {
            p class="name" { (name) @if leaky { " " span class="badge leak" { "leaky" } } }
            p class="number" { (format::percent(number.value)) span class="unit" { " %" } }
            @if let Some(ci95) = number.ci95 { p class="interval" { "95 % interval " (format::interval(ci95)) } }
            p class="note" { (note) }
        }
    }
}

fn verdict_list(verdicts: &[Verdict]) -> Markup {
    html! {
        @if !verdicts.is_empty() {
            div class="verdict" {
                h2 class="quiet" { "Does the encoder beat the baselines?" }
                ul {
                    @for verdict in verdicts {
                        @let (class, word) = match (verdict.certain(), verdict.lower()) {
                            (true, _) => ("yes", "Yes"),
                            (false, true) => ("open", "Not certain"),
                            (false, false) => ("no", "No"),
                        };
                        li { span class=(format!("badge {class}")) { (word) } " " (verdict.text()) "." }
                    }
                }
            }
        }
    }
}
