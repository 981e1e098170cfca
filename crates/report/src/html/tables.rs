//! The tables of the page. Numbers stand right-aligned in columns of equal digits; absent ones are a dash.

use std::collections::BTreeSet;

use maud::{Markup, html};
use twinprint_signal::{Estimate, Interval};

use super::parts::figure;
use crate::days_table::days_rows;
use crate::format::{self, is_encoder};
use crate::plots;
use crate::results::{Results, ThresholdsAt, TransportedThreshold, VerificationRow};

/// A table with a caption; the first column names the row, the others are numbers.
pub(super) fn table(caption: &str, head: &[String], rows: &[(bool, Vec<String>)]) -> Markup {
    // Marking every row marks none.
    let marks = rows.iter().any(|(strong, _)| !strong);
    html! {
        div class="scroll" {
            table class=[(head.len() < 7).then_some("narrow")] {
                caption { (caption) }
                thead { tr { @for cell in head { th scope="col" { (cell) } } } }
                tbody {
                    @for (strong, cells) in rows {
                        tr class=[(*strong && marks).then_some("strong")] {
                            @for (column, cell) in cells.iter().enumerate() {
                                @if column == 0 { th scope="row" { (name(cell)) } } @else { td { (number(cell)) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A name that may break after each underscore.
fn name(cell: &str) -> Markup {
    html! { @for part in cell.split_inclusive('_') { (part) wbr; } }
}

/// A cell whose interval, `[1.9, 6.2]`, may stand below the number where the table is wide.
fn number(cell: &str) -> Markup {
    let interval = cell.find(" [").map(|at| cell.split_at(at));
    html! {
        @if let Some((number, interval)) = interval {
            (number) " " span class="ci" { (interval.trim_start()) }
        } @else { (cell) }
    }
}

fn owned(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

/// One table for each probe length.
pub(super) fn verification(results: &Results) -> Markup {
    let lengths = format::lengths(results.verification.iter().map(|row| row.probe_seconds));
    let systems = format::systems(results.verification.iter().map(|row| row.system.as_str()));
    let operating: BTreeSet<&String> =
        results.verification.iter().flat_map(|row| row.fnmr_at_fmr.keys()).collect();
    // From the laxest operating point to the strictest.
    let operating: Vec<&String> = operating.into_iter().rev().collect();
    let mut head = owned(&["System", "EER %"]);
    head.extend(operating.iter().map(|fmr| {
        let shown =
            fmr.parse::<f64>().map_or_else(|_| (*fmr).clone(), |fmr| format!("{} %", short(fmr * 100.0)));
        format!("FNMR % at FMR {shown}")
    }));
    head.extend(owned(&["AUC", "d′", "minDCF", "Cllr", "min Cllr", "EER % per subject*"]));
    html! {
        @for probe in lengths {
            @let rows: Vec<&VerificationRow> =
                systems.iter().filter_map(|system| format::verification(results, system, probe)).collect();
            @let body: Vec<_> =
                rows.iter().map(|row| (is_encoder(&row.system), verification_cells(row, &operating))).collect();
            (table(&caption(probe, &rows), &head, &body))
        }
        p class="footnote" {
            "* Mean of the error rates with a threshold for each subject. It flatters, because no deployed system knows those \
             thresholds; it is here only because other tools report it."
        }
    }
}

fn caption(probe: f64, rows: &[&VerificationRow]) -> String {
    let mut caption = format!("{} probes", format::seconds(probe));
    if let Some(row) = rows.first() {
        let (mated, non_mated) = (format::count(row.mated), format::count(row.non_mated));
        caption += &format!(": {mated} mated and {non_mated} non-mated comparisons");
        if row.failures_to_enrol + row.failures_to_acquire > 0 {
            let (enrol, acquire) = (row.failures_to_enrol, row.failures_to_acquire);
            caption += &format!("; failures to enrol {enrol}, failures to acquire {acquire}");
        }
    }
    caption
}

fn verification_cells(row: &VerificationRow, operating: &[&String]) -> Vec<String> {
    let mut cells = vec![row.system.clone(), format::estimate(row.eer)];
    cells.extend(operating.iter().map(|fmr| {
        let interval = row.ci95.get(&format!("fnmr_at_fmr.{fmr}")).copied();
        rate(row.fnmr_at_fmr.get(*fmr).copied(), interval)
    }));
    cells.extend([
        format::optional(row.auc, 3),
        format::optional(row.d_prime, 2),
        format::optional(row.min_dcf, 3),
        format::optional(row.cllr, 3),
        format::optional(row.min_cllr, 3),
        format::optional_percent(row.eer_per_subject_mean),
    ]);
    cells
}

/// A rate that may be absent, in per cent, with its interval where it has one.
fn rate(value: Option<f64>, ci95: Option<Interval>) -> String {
    format::estimate(value.map(|value| Estimate { value, ci95 }))
}

/// A number without needless zeros: `0.1`, `10`.
fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// How the error rate goes with time; nothing where no recording is dated.
pub(super) fn days(results: &Results) -> Markup {
    let rows = days_rows(results, str::to_owned).unwrap_or_default();
    let Some((head, body)) = rows.split_first() else { return html! {} };
    let body: Vec<_> = body.iter().map(|row| (is_encoder(&row[1]), row.clone())).collect();
    html! {
        h3 { "Days between enrolment and probe" }
        (table("Probes by the days since the last recording of their person's template", head, &body))
    }
}

pub(super) fn comparisons(results: &Results) -> Markup {
    let rows: Vec<_> = results
        .comparisons
        .iter()
        .map(|c| {
            let pair = format!("{} − {}", c.system, c.baseline);
            let difference = format::difference(c.estimate(), "");
            let reading = if c.better() {
                "better"
            } else if c.ci95.low > 0.0 {
                "worse"
            } else {
                "not told apart"
            };
            (c.better(), vec![pair, format::seconds(c.probe_seconds), difference, reading.to_owned()])
        })
        .collect();
    let head = owned(&["Pair", "Probes", "EER difference, points", "Reading"]);
    html! {
        @if !rows.is_empty() {
            h3 { "Differences on the same trials" }
            (table("Paired bootstrap over subjects; below 0 the first system is better", &head, &rows))
        }
    }
}

/// Those of the encoders, or of every system where there is no encoder.
pub(super) fn transported(results: &Results) -> Markup {
    let encoder = results.verification.iter().any(|row| is_encoder(&row.system));
    let rows: Vec<_> = results
        .verification
        .iter()
        .filter(|row| !encoder || is_encoder(&row.system))
        .flat_map(|row| row.transported.iter().map(move |threshold| (row, threshold)))
        .map(|(row, t)| {
            let percent = |rate: f64| format!("{} %", short(rate * 100.0));
            let cells = vec![
                row.system.clone(),
                format::seconds(row.probe_seconds),
                percent(t.target_fmr),
                rate(Some(t.fmr), t.fmr_ci95),
                rate(Some(t.fnmr), t.fnmr_ci95),
            ];
            (is_encoder(&row.system), cells)
        })
        .collect();
    let head = owned(&["System", "Probes", "FMR aimed at", "FMR % observed", "FNMR % observed"]);
    html! {
        @if !rows.is_empty() {
            h3 { "Thresholds carried over from dev" }
            (table("A threshold chosen on dev subjects, and what it gave on test subjects", &head, &rows))
        }
    }
}

/// The thresholds of the encoder that was fitted to everybody.
pub(super) fn final_model(results: &Results) -> Markup {
    let Some(model) = &results.final_model else { return html! {} };
    let percent = |rate: f64| format!("{} %", short(rate * 100.0));
    let row = |at: &ThresholdsAt, t: &TransportedThreshold| {
        let cells = vec![
            format::seconds(at.probe_seconds),
            percent(t.target_fmr),
            format::optional(t.threshold, 3),
            rate(Some(t.fmr), t.fmr_ci95),
            rate(Some(t.fnmr), t.fnmr_ci95),
            format::count(at.non_mated),
        ];
        (false, cells)
    };
    let rows: Vec<_> =
        model.thresholds.iter().flat_map(|at| at.points.iter().map(move |t| row(at, t))).collect();
    let head = owned(&[
        "Probes",
        "FMR aimed at",
        "Threshold",
        "FMR % observed",
        "FNMR % observed",
        "Non-mated comparisons",
    ]);
    let (people, recordings) = (format::count(model.people), format::count(model.recordings));
    html! {
        h3 { "The final model" }
        p {
            "One encoder more, in " code { "model/" } ", has learnt from " (people) " people in " (recordings) " recordings: the one to enrol new people \
             with. Its thresholds are set on the scores of everybody who was tested, each by the encoder of a fold that had not seen \
             them. A rate is listed where 30 errors are to be expected at it."
        }
        @if rows.is_empty() {
            p { "There are too few comparisons for any rate." }
        } @else {
            (table("What a threshold set on all folds but one gave on the one left out", &head, &rows))
        }
    }
}

pub(super) fn identification(results: &Results) -> Markup {
    let alarms: BTreeSet<&String> =
        results.identification.iter().flat_map(|row| row.dir_at_far.keys()).collect();
    let alarms: Vec<&String> = alarms.into_iter().rev().collect();
    let mut head = owned(&["System", "Probes", "Rank 1 %"]);
    head.extend(alarms.iter().map(|far| {
        let shown =
            far.parse::<f64>().map_or_else(|_| (*far).clone(), |far| format!("{} %", short(far * 100.0)));
        format!("Open set: DIR % at FAR {shown}")
    }));
    let rows: Vec<_> =
        results
            .identification
            .iter()
            .map(|row| {
                let rank1 = format::estimate(row.rank1);
                let mut cells = vec![row.system.clone(), format::seconds(row.probe_seconds), rank1];
                cells.extend(alarms.iter().map(|far| {
                    rate(row.dir_at_far.get(*far).copied(), row.dir_at_far_ci95.get(*far).copied())
                }));
                (is_encoder(&row.system), cells)
            })
            .collect();
    table("Nobody is claimed: the probe is compared with everybody enrolled in its fold", &head, &rows)
}

/// A row for each system, a column for each kind of episode, and chance below.
pub(super) fn few_shot(results: &Results) -> Markup {
    let all = || results.few_shot.iter();
    let episodes: BTreeSet<(usize, usize)> = all().map(|row| (row.ways, row.shots)).collect();
    let of = |system: &str, (ways, shots): (usize, usize)| {
        all().find(|row| row.system == system && (row.ways, row.shots) == (ways, shots))
    };
    let systems = format::systems(all().map(|row| row.system.as_str()));
    let mut rows: Vec<_> = systems
        .iter()
        .map(|system| {
            let accuracy = |episode: &(usize, usize)| {
                format::estimate(of(system, *episode).and_then(|row| row.accuracy))
            };
            let mut cells = vec![(*system).to_owned()];
            cells.extend(episodes.iter().map(accuracy));
            (is_encoder(system), cells)
        })
        .collect();
    let chance = |episode: &(usize, usize)| {
        let row = all().find(|row| (row.ways, row.shots) == *episode);
        row.map_or_else(|| format::ABSENT.to_owned(), |row| format::percent(row.chance))
    };
    rows.push((false, [vec!["chance".to_owned()], episodes.iter().map(chance).collect()].concat()));
    let mut head = owned(&["System"]);
    head.extend(episodes.iter().map(|(ways, shots)| format::episode(*ways, *shots)));
    html! {
        @if !episodes.is_empty() {
            section aria-labelledby="few-shot" {
                h2 id="few-shot" { "Few-shot" }
                p {
                    "An N-way K-shot episode draws N people of a fold and K epochs of each from the recordings they enrol with. One epoch \
                     more of each, from the recordings they are probed with, goes to the person whose K prints have the nearest mean. \
                     Guessing is right once in N."
                }
                @if let Some(plot) = plots::few_shot::few_shot(&results.few_shot) {
                    (figure(&plot, "Bars are 95 % intervals of the encoder over subjects; the dotted line is what guessing gives."))
                }
                (table("Accuracy in per cent, with its 95 % interval", &head, &rows))
            }
        }
    }
}

pub(super) fn classifiers(results: &Results) -> Markup {
    let rows: Vec<_> = results
        .classifiers
        .iter()
        .map(|row| {
            let cells = vec![
                row.system.clone(),
                format::classifier(&row.classifier),
                row.label.clone(),
                format::estimate(row.accuracy),
                rate(row.balanced_accuracy, row.balanced_ci95),
                format::optional_percent(row.chance),
            ];
            (is_encoder(&row.system), cells)
        })
        .collect();
    let head = owned(&["System", "Classifier", "Label", "Accuracy %", "Balanced %", "Chance %"]);
    html! {
        @if !rows.is_empty() {
            section aria-labelledby="classifiers" {
                h2 id="classifiers" { "Classifiers on prints" }
                (table("What the prints tell apart, by classifier and label", &head, &rows))
                @if let Some(plot) = plots::confusion::confusion(&results.classifiers) {
                    (figure(&plot, "Which label the encoder's epochs are taken for. A fold learns and asks about its own people only."))
                }
            }
        }
    }
}
