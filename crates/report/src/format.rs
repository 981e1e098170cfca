//! Numbers and names as text, the same in every output.

use twinprint_signal::{Estimate, Interval};

use crate::results::{ENCODER, Results, VerificationRow};

/// What stands where a number is absent.
pub(crate) const ABSENT: &str = "–";

/// A rate from 0 to 1 as per cent with one digit: `3.7`.
pub(crate) fn percent(rate: f64) -> String {
    format!("{:.1}", rate * 100.0)
}

/// A rate as per cent, with the interval it has: `3.7 [1.9, 6.2]`, `3.7`, `–`.
pub(crate) fn estimate(rate: Option<Estimate>) -> String {
    match rate {
        Some(Estimate { value, ci95: Some(ci95) }) => format!("{} {}", percent(value), interval(ci95)),
        Some(Estimate { value, ci95: None }) => percent(value),
        None => ABSENT.to_owned(),
    }
}

/// An interval of rates as per cent: `[1.9, 6.2]`.
pub(crate) fn interval(ci95: Interval) -> String {
    format!("[{}, {}]", percent(ci95.low), percent(ci95.high))
}

/// A difference of rates in percentage points with its interval: `−1.2 [−2.0, −0.4]`, with `unit` after the number.
pub(crate) fn difference(difference: Estimate, unit: &str) -> String {
    let interval = difference.ci95.map(|ci95| format!(" [{}, {}]", points(ci95.low), points(ci95.high)));
    points(difference.value) + unit + &interval.unwrap_or_default()
}

/// A difference of rates in percentage points, signed with a real minus: `−1.2`.
pub(crate) fn points(difference: f64) -> String {
    let text = format!("{:+.1}", difference * 100.0);
    if text.ends_with("0.0") && text.len() == 4 { "0.0".to_owned() } else { text.replace('-', "−") }
}

/// An optional rate as per cent.
pub(crate) fn optional_percent(rate: Option<f64>) -> String {
    rate.map_or_else(|| ABSENT.to_owned(), percent)
}

/// An optional number with so many digits after the point.
pub(crate) fn optional(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| ABSENT.to_owned(), |value| format!("{value:.digits$}"))
}

/// Seconds without a needless fraction: `2 s`, `0.5 s`.
pub(crate) fn seconds(value: f64) -> String {
    format!("{value} s")
}

/// A whole number with its thousands parted by thin spaces: `12 480`.
pub(crate) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `1 subject`, `2 subjects`.
pub(crate) fn counted(number: usize, thing: &str) -> String {
    format!("{} {thing}{}", count(number), if number == 1 { "" } else { "s" })
}

/// Whether a system is an encoder of the run rather than a baseline.
pub(crate) fn is_encoder(system: &str) -> bool {
    system == ENCODER || system.starts_with("encoder:")
}

/// The name of a classifier as the field writes it.
pub(crate) fn classifier(name: &str) -> String {
    match name {
        "knn" => "k-NN".to_owned(),
        "knn_cosine" => "k-NN (cosine)".to_owned(),
        "knn_euclidean" => "k-NN (Euclidean)".to_owned(),
        "mlp" => "MLP".to_owned(),
        other => other.to_owned(),
    }
}

/// Systems without repetition, the encoders before the baselines, otherwise in the order given.
pub(crate) fn systems<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Vec<&'a str> {
    let mut unique: Vec<&str> = Vec::new();
    let encoders = names.clone().filter(|name| is_encoder(name));
    for name in encoders.chain(names.filter(|name| !is_encoder(name))) {
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    // The encoder that the plan names as its result comes first of all.
    unique.sort_by_key(|name| *name != ENCODER);
    unique
}

/// Probe lengths without repetition, ascending.
pub(crate) fn lengths(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut lengths: Vec<f64> = values.collect();
    lengths.sort_by(f64::total_cmp);
    lengths.dedup();
    lengths
}

/// The verification row of a system at a probe length.
pub(crate) fn verification<'a>(
    results: &'a Results,
    system: &str,
    probe: f64,
) -> Option<&'a VerificationRow> {
    results.verification.iter().find(|row| row.system == system && row.probe_seconds == probe)
}

/// Why the protocol flatters, in two words; nothing for an honest one.
pub(crate) fn optimistic(results: &Results) -> Option<&'static str> {
    let variant = results.protocol.variant.as_deref();
    if results.protocol.seen_subjects || variant == Some("seen-subjects") {
        Some("optimistic: seen subjects")
    } else if variant == Some("within-recording") {
        Some("optimistic: within recording")
    } else {
        None
    }
}

/// The protocol in one line: variant, folds, people, enrolment.
pub(crate) fn protocol_line(results: &Results) -> String {
    let p = &results.protocol;
    let variant = p.variant.clone().unwrap_or_else(|| {
        if p.seen_subjects { "seen-subjects".to_owned() } else { "unseen-subjects".to_owned() }
    });
    let mark = if optimistic(results).is_some() { " (optimistic)" } else { "" };
    let cohort = results.cohort.as_ref().map(|cohort| format!("{cohort} · ")).unwrap_or_default();
    format!(
        "{cohort}{variant}{mark} · {} · {} a fold · {} · {} enrolment",
        counted(p.folds, "fold"),
        counted(p.train_subjects, "training subject"),
        counted(p.test_subjects, "test subject"),
        seconds(p.enroll_seconds),
    )
}

/// A few-shot task as the field writes it: `20-way 1-shot`.
pub(crate) fn episode(ways: usize, shots: usize) -> String {
    format!("{ways}-way {shots}-shot")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_thousands_read_well() {
        assert_eq!(points(-0.0123), "−1.2");
        assert_eq!(points(0.0123), "+1.2");
        assert_eq!(points(-0.0001), "0.0");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(count(123), "123");
        assert_eq!(counted(1, "fold"), "1 fold");
    }

    #[test]
    fn an_optimistic_protocol_is_called_so_wherever_it_is_named() {
        let mut results = crate::example::results();
        assert!(!protocol_line(&results).contains("optimistic"));
        for variant in ["seen-subjects", "within-recording"] {
            results.protocol.variant = Some(variant.to_owned());
            assert!(protocol_line(&results).starts_with(&format!("{variant} (optimistic) · ")));
            assert!(crate::table(&results).contains("(optimistic)"));
            assert!(crate::markdown(&results).contains("(optimistic)"));
        }
    }

    #[test]
    fn the_named_encoder_comes_first_then_other_encoders_then_baselines() {
        let names = ["log_psd_cosine", "encoder:b", "encoder", "log_psd_cosine", "tangent_wccn"];
        assert_eq!(systems(names.into_iter()), ["encoder", "encoder:b", "log_psd_cosine", "tangent_wccn"]);
    }
}
