//! A score report as people read it.

use std::fmt::Write as _;

use twinprint_evaluation::{Estimate, Interval};
use twinprint_signal::counted;

use super::{ScoreReport, ScoreSummary};

/// A block of numbers with their intervals for each part of the file.
pub fn score_table(report: &ScoreReport) -> String {
    let mut text = format!("{}: {} comparisons\n", report.file, report.trials);
    text.extend(report.columns.iter().map(ToString::to_string));
    for summary in &report.systems {
        let title: Vec<String> =
            summary.group.iter().map(|(name, value)| format!("{name} {value}")).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "\n{}{}{} mated and {} non-mated comparisons",
            if title.is_empty() { String::new() } else { title.join(", ") + ": " },
            if summary.subjects == 0 {
                String::new()
            } else {
                format!("{}, ", counted(summary.subjects, "subject"))
            },
            summary.mated,
            summary.non_mated
        );
        for (name, value) in lines(summary) {
            let _ = writeln!(text, "  {name:<28} {value}");
        }
        for reason in &summary.absent {
            let _ = writeln!(text, "  note: {reason}");
        }
    }
    text
}

fn lines(summary: &ScoreSummary) -> Vec<(String, String)> {
    let interval = |key: &str| summary.ci95.get(key).copied();
    let percent = |name: String, value: f64, key: &str| (name, shown(value, interval(key), 100.0, 2));
    let plain = |name: &str, value: f64, key: &str| (name.to_owned(), shown(value, interval(key), 1.0, 4));
    let mut lines = vec![
        ("EER %".to_owned(), rate(summary.eer)),
        ("threshold".to_owned(), format!("{:.6}", summary.threshold)),
    ];
    for (fmr, fnmr) in summary.fnmr_at_fmr.iter().rev() {
        let at = fmr.parse::<f64>().map_or_else(|_| fmr.clone(), |fmr| format!("{} %", 100.0 * fmr));
        lines.push(percent(format!("FNMR % at FMR {at}"), *fnmr, &format!("fnmr_at_fmr.{fmr}")));
    }
    lines.push(plain("AUC", summary.auc, "auc"));
    lines.extend(summary.d_prime.map(|value| plain("d′", value, "d_prime")));
    lines.push(plain("minDCF", summary.min_dcf, "min_dcf"));
    lines.extend(summary.cllr.map(|value| plain("Cllr", value, "cllr")));
    lines.push(plain("min Cllr", summary.min_cllr, "min_cllr"));
    let mean = summary.eer_per_subject_mean;
    lines.extend(
        mean.map(|value| percent("EER % per subject (flatters)".to_owned(), value, "eer_per_subject_mean")),
    );
    for moved in &summary.transported {
        let name = format!("at dev FMR {} %", 100.0 * moved.target_fmr);
        lines.push((format!("FMR % {name}"), shown(moved.fmr, moved.fmr_ci95, 100.0, 2)));
        lines.push((format!("FNMR % {name}"), shown(moved.fnmr, moved.fnmr_ci95, 100.0, 2)));
    }
    if let Some(found) = &summary.identification {
        let chance =
            format!("{} of {} probes, chance {:.1}", rate(found.rank1), found.probes, 100.0 * found.chance);
        lines.push(("rank 1 %".to_owned(), chance));
        for (far, dir) in found.dir_at_far.iter().rev() {
            lines.push((format!("DIR % at FAR {far}"), rate(*dir)));
        }
    }
    lines
}

fn rate(rate: Estimate) -> String {
    shown(rate.value, rate.ci95, 100.0, 2)
}

fn shown(value: f64, ci95: Option<Interval>, scale: f64, digits: usize) -> String {
    let one = |value: f64| format!("{:.digits$}", scale * value);
    match ci95 {
        Some(Interval { low, high }) => format!("{} [{}, {}]", one(value), one(low), one(high)),
        None => format!("{} (no interval)", one(value)),
    }
}
