//! Invented results, shaped like those of a run, for the tests of what is shown. None was measured.

use std::collections::BTreeMap;

use statrs::distribution::{ContinuousCDF, Normal};
use twinprint_signal::Estimate;

use crate::results::*;
use crate::{
    BandPlace, Curves, DataSource, DetCurve, ErrorsByPerson, MapPoint, PersonErrors, PrintMap,
    RecordingQuality, RunFacts, ScoreHistogram, TrainingCurve,
};

const SYSTEMS: [(&str, f64, f64); 7] = [
    ("encoder", 0.037, 0.008),
    ("log_psd_cosine", 0.218, 0.153),
    ("log_psd_wccn", 0.085, 0.028),
    ("tangent_cosine", 0.061, 0.031),
    ("tangent_wccn", 0.045, 0.010),
    ("untrained_encoder", 0.153, 0.117),
    ("whitened_encoder", 0.039, 0.009),
];

fn around(value: f64, width: f64) -> Option<Estimate> {
    Some(Estimate { value, ci95: Some([(value - width).max(0.0), (value + width).min(1.0)].into()) })
}

fn verification_row(system: &str, probe_seconds: f64, eer: f64) -> VerificationRow {
    let fnmr = [("0.1", eer * 0.4), ("0.01", eer * 2.4)];
    VerificationRow {
        system: system.to_owned(),
        probe_seconds,
        eer: around(eer, 0.012 + eer / 4.0),
        fnmr_at_fmr: fnmr.map(|(fmr, fnmr)| (fmr.to_owned(), fnmr)).into(),
        auc: Some(1.0 - eer * 0.6),
        d_prime: Some(3.6 - 10.0 * eer),
        min_dcf: Some((eer * 8.0).min(1.0)),
        cllr: Some(eer * 3.5),
        min_cllr: Some(eer * 3.1),
        mated: if probe_seconds < 5.0 { 744 } else { 144 },
        non_mated: if probe_seconds < 5.0 { 5208 } else { 1008 },
        eer_per_subject_mean: Some(eer * 0.6),
        transported: vec![TransportedThreshold {
            target_fmr: 0.01,
            threshold: None,
            fmr: 0.013,
            fmr_ci95: Some([0.008, 0.021].into()),
            fnmr: eer * 2.0,
            fnmr_ci95: Some([eer * 1.4, eer * 2.8].into()),
        }],
        ..Default::default()
    }
}

/// The results of an honest run.
pub(crate) fn results() -> Results {
    let verification = [2.0, 10.0].into_iter().flat_map(|probe| {
        SYSTEMS
            .map(|(name, short, long)| verification_row(name, probe, if probe < 5.0 { short } else { long }))
    });
    let few_shot = [(2, 1, 0.985), (5, 1, 0.962), (5, 5, 0.988)].map(|(ways, shots, value)| FewShotRow {
        system: ENCODER.to_owned(),
        ways,
        shots,
        accuracy: around(value, 0.02),
        chance: 1.0 / ways as f64,
    });
    Results {
        cohort: None,
        cohorts: Vec::new(),
        days: Vec::new(),
        scalp: crate::scalp::example(),
        schema: SCHEMA.to_owned(),
        name: "example".to_owned(),
        caveats: vec![
            "few people: 24 subjects are tested, so the intervals are wide and a low error rate says little about a population"
                .to_owned(),
            "same visit: 24 of 24 tested subjects enrol and probe in one session, so the numbers say nothing of permanence over time"
                .to_owned(),
        ],
        leaks: Vec::new(),
        protocol: ProtocolSummary {
            train_subjects: 16,
            test_subjects: 24,
            folds: 3,
            enroll_seconds: 30.0,
            probe_seconds: vec![2.0, 10.0],
            seen_subjects: false,
            variant: Some("unseen-subjects".to_owned()),
            dev_subjects: Some(0),
        },
        verification: verification.collect(),
        comparisons: comparisons(),
        identification: SYSTEMS.map(|(name, short, _)| identification_row(name, short)).into(),
        few_shot: few_shot.into(),
        classifiers: vec![
            classifier_row("knn", "subject", 0.951, 0.125),
            classifier_row("mlp", "subject", 0.963, 0.125),
            classifier_row("knn", "task", 0.731, 0.5),
        ],
        final_model: Some(final_model()),
        audit: audit(),
        timing: [("preprocess", 0.41), ("train", 12.7), ("embed", 0.63), ("evaluate", 1.92)]
            .map(|(stage, seconds)| (stage.to_owned(), seconds))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
    }
}

fn final_model() -> FinalModel {
    let at = |probe_seconds: f64, non_mated: usize, rates: &[f64]| ThresholdsAt {
        enroll_seconds: 30.0,
        probe_seconds,
        people: 24,
        mated: non_mated / 7,
        non_mated,
        strictest_fmr: 30.0 / non_mated as f64,
        points: rates
            .iter()
            .map(|&target_fmr| TransportedThreshold {
                target_fmr,
                threshold: Some(0.5 - target_fmr),
                fmr: target_fmr * 1.2,
                fmr_ci95: Some([target_fmr * 0.6, target_fmr * 2.1].into()),
                fnmr: 0.05 - target_fmr / 3.0,
                fnmr_ci95: Some([0.004, 0.09].into()),
            })
            .collect(),
    };
    FinalModel {
        people: 24,
        recordings: 48,
        thresholds: vec![at(2.0, 5208, &[0.1, 0.01]), at(10.0, 1008, &[0.1, 0.05])],
    }
}

fn comparisons() -> Vec<Comparison> {
    let rows = [
        (2.0, "whitened_encoder", -0.002, [-0.006, 0.003]),
        (2.0, "tangent_wccn", -0.008, [-0.019, 0.004]),
        (2.0, "log_psd_cosine", -0.181, [-0.231, -0.128]),
        (10.0, "whitened_encoder", -0.001, [-0.004, 0.002]),
        (10.0, "tangent_wccn", -0.002, [-0.010, 0.006]),
        (10.0, "log_psd_cosine", -0.145, [-0.201, -0.090]),
    ];
    let row = |(probe_seconds, baseline, difference, ci95): (f64, &str, f64, [f64; 2])| Comparison {
        system: ENCODER.to_owned(),
        baseline: baseline.to_owned(),
        probe_seconds,
        difference,
        ci95: ci95.into(),
    };
    rows.map(row).into()
}

fn identification_row(system: &str, eer: f64) -> IdentificationRow {
    IdentificationRow {
        system: system.to_owned(),
        probe_seconds: 2.0,
        rank1: around(1.0 - eer * 2.0, 0.03),
        cmc: (0..8).map(|rank| 1.0 - eer * 2.0 * 0.55_f64.powi(rank)).collect(),
        dir_at_far: [("0.1".to_owned(), 1.0 - eer * 3.0)].into(),
        dir_at_far_ci95: [("0.1".to_owned(), [1.0 - eer * 4.0, 1.0 - eer * 2.0].into())].into(),
        ..Default::default()
    }
}

fn classifier_row(classifier: &str, label: &str, accuracy: f64, chance: f64) -> ClassifierRow {
    ClassifierRow {
        system: ENCODER.to_owned(),
        classifier: classifier.to_owned(),
        label: label.to_owned(),
        accuracy: around(accuracy, 0.03),
        balanced_accuracy: Some(accuracy - 0.004),
        balanced_ci95: Some([accuracy - 0.035, accuracy + 0.025].into()),
        chance: Some(chance),
        confusion: ["anna", "ben", "chris"]
            .iter()
            .flat_map(|truth| {
                let answers = ["anna", "ben", "chris"].into_iter();
                answers.map(move |answer| Confused {
                    truth: (*truth).to_owned(),
                    answer: answer.to_owned(),
                    epochs: if *truth == answer { 28 } else { 1 },
                })
            })
            .collect(),
    }
}

fn audit() -> Vec<AuditRow> {
    let row = |check: &str, outcome, detail: &str, eer: f64, width| AuditRow {
        eer: around(eer, width),
        probe_seconds: Some(2.0),
        ..AuditRow::new(outcome, check, detail)
    };
    vec![
        row("shuffled_labels", Outcome::Passed, "EER with shuffled subjects contains 50 %", 0.497, 0.04),
        row("amplitude_only", Outcome::Passed, "amplitude scale alone", 0.312, 0.05),
        row("line_noise_only", Outcome::Failed, "the mains bin alone tells people apart", 0.184, 0.05),
        row("band_8_13_hz", Outcome::Informs, "8–13 Hz alone", 0.121, 0.03),
        AuditRow::absent("fnmr_at_fmr_0.001", "5208 non-mated trials do not resolve 0.1 % (rule of 30)"),
    ]
}

/// The results of a run with a leak on purpose.
pub(crate) fn leaky() -> Results {
    let optimism = |probe_seconds, leaky_eer, honest_eer| Optimism {
        system: ENCODER.to_owned(),
        probe_seconds,
        leaky_eer,
        honest_eer,
    };
    let mut flattered = Results { final_model: None, ..results() };
    for row in flattered.verification.iter_mut().filter(|row| row.system == ENCODER) {
        row.eer = around(if row.probe_seconds < 5.0 { 0.011 } else { 0.0 }, 0.01);
    }
    Results {
        leaks: vec![AllowedLeak {
            leak: "same-recording".to_owned(),
            detail: "subject Subject03 enrols and probes with one recording under unseen-subjects".to_owned(),
            optimism: vec![optimism(2.0, 0.011, 0.037), optimism(10.0, 0.0, 0.008)],
        }],
        comparisons: Vec::new(),
        ..flattered
    }
}

/// A run to go with them.
pub(crate) fn run() -> RunFacts {
    RunFacts {
        name: "example".to_owned(),
        version: "0.1.0".to_owned(),
        git_commit: Some("0123abcd".to_owned()),
        plan_hash: "9f3a51c2".to_owned(),
        plan_toml: "name = \"example\"\n\n[protocol]\nfolds = 3\n\n[protocol.probe]\nseconds = [2, 10]\n"
            .to_owned(),
        seeds: vec![("split".to_owned(), 0), ("encoder".to_owned(), 17)],
        device: "cpu (flex)".to_owned(),
        host: "Linux, x86_64, 2 cores".to_owned(),
        started: "2026-01-01T10:00:00Z".to_owned(),
        ended: "2026-01-01T10:00:16Z".to_owned(),
        inputs: 48,
        stages: [("preprocess", 0.41), ("train", 12.7), ("embed", 0.63), ("evaluate", 1.92), ("report", 0.8)]
            .map(|(stage, seconds)| (stage.to_owned(), seconds))
            .into(),
        data: vec![DataSource {
            title: "Example recordings".to_owned(),
            homepage: "example.org/recordings".to_owned(),
            licence: "CC0-1.0".to_owned(),
            citation: vec!["Somebody (2020), Recordings of nobody.".to_owned()],
        }],
    }
}

/// Curves of Gaussian scores with those error rates.
pub(crate) fn curves() -> Curves {
    let normal = Normal::standard();
    let mut curves = Curves::default();
    for probe_seconds in [2.0, 10.0] {
        for (name, short, long) in SYSTEMS {
            let eer = if probe_seconds < 5.0 { short } else { long };
            let half = -normal.inverse_cdf(eer);
            let points = (0..=160).map(|i| {
                let threshold = -5.0 + f64::from(i) / 16.0;
                (1.0 - normal.cdf(threshold + half), normal.cdf(threshold - half))
            });
            let band = (0..20).map(|i| {
                let place = -3.3 + f64::from(i) * 0.25;
                let edge = |shift: f64| normal.cdf(-2.0 * half - place + shift);
                BandPlace { fmr: normal.cdf(place), low: edge(-0.3), high: edge(0.3) }
            });
            let (points, band) = (points.collect(), band.collect());
            curves.det.push(DetCurve { system: name.to_owned(), probe_seconds, points, band });
        }
        let half = -normal.inverse_cdf(if probe_seconds < 5.0 { 0.037 } else { 0.008 });
        let edges: Vec<f64> = (0..=50).map(|i| -0.5 + f64::from(i) * 0.03).collect();
        let share = |mean: f64| -> Vec<f64> {
            let cdf = |x: f64| normal.cdf((x - mean) / (0.25 / half));
            edges.windows(2).map(|pair| cdf(pair[1]) - cdf(pair[0])).collect()
        };
        curves.scores.push(ScoreHistogram {
            system: ENCODER.to_owned(),
            probe_seconds,
            mated: share(0.55),
            non_mated: share(0.05),
            edges,
            threshold: Some(0.3),
        });
    }
    for fold in 0..3 {
        let course = |scale: f64, floor: f64| {
            (0..=30).map(move |i| {
                (f64::from(i) * 10.0, floor + scale * (-f64::from(i) / (7.0 + fold as f64)).exp())
            })
        };
        let (loss, dev_eer) =
            (course(2.1, 0.9).collect(), course(0.02, 0.035 + 0.004 * fold as f64).collect());
        curves.training.push(TrainingCurve { fold, loss, dev_eer, attention: false });
    }
    curves.map = map();
    curves.people = people();
    curves.quality = quality();
    curves
}

/// The results of a run with many systems, long names, five probe lengths and gaps.
pub(crate) fn crowded() -> (Results, Curves) {
    let (mut results, mut curves) = (results(), Curves::default());
    results.verification.clear();
    results.identification.clear();
    for (place, probe) in [1.0, 2.0, 5.0, 10.0, 20.0].into_iter().enumerate() {
        for number in 0..11 {
            let system = match number {
                0 => ENCODER.to_owned(),
                1 => "encoder:a-name-that-is-far-too-long-for-any-plot-to-hold".to_owned(),
                _ => format!("system_{number}_with_a_long_name"),
            };
            let eer = 0.02 * (1.0 + number as f64) / (1.0 + place as f64);
            let mut row = verification_row(&system, probe, eer);
            if number == place {
                row.eer = None;
            }
            results.verification.push(row);
            let points =
                vec![(1.0, 0.0), (eer * 2.0, eer / 2.0), (eer, eer), (eer / 2.0, eer * 2.0), (0.0, 1.0)];
            let band = Vec::new();
            curves.det.push(DetCurve { system: system.clone(), probe_seconds: probe, points, band });
            let cmc = vec![1.0 - eer, 1.0 - eer / 2.0, 1.0];
            results.identification.push(IdentificationRow {
                system,
                probe_seconds: probe,
                cmc,
                ..Default::default()
            });
        }
    }
    (results, curves)
}

/// Two of eight people make most of the errors.
fn people() -> Vec<ErrorsByPerson> {
    let person = |(number, refused): (usize, usize)| PersonErrors {
        subject: format!("sub-{number:02}"),
        mated: 31,
        refused,
    };
    let people = [9, 0, 1, 6, 0, 1, 0, 0].into_iter().enumerate().map(person).collect();
    vec![ErrorsByPerson { probe_seconds: 2.0, people }]
}

fn quality() -> Vec<RecordingQuality> {
    let recording = |number: usize| RecordingQuality {
        subject: format!("sub-{:02}", number / 2),
        recording: format!("{}", 1 + number % 2),
        cut: 120,
        kept: 120 - number * number % 17,
        line_noise: (number != 3).then_some(1.0 + 0.2 * (number % 5) as f64),
        peak_to_peak: Some(40.0 + (number % 7) as f64),
        spectrum: (1..=45)
            .map(|hertz| Some(20.0 - 12.0 * f64::from(hertz).log10() + (number % 5) as f64))
            .collect(),
        mended: if number == 5 { vec!["T3".to_owned()] } else { Vec::new() },
    };
    (0..16).map(recording).collect()
}

/// Six people on a ring, each a small cloud of two recordings.
fn map() -> PrintMap {
    let point = |person: usize, epoch: usize| {
        let (angle, turn) = (person as f64 * 1.05, epoch as f64 * 2.4);
        let spread = 0.05 * (1 + epoch % 4) as f64;
        MapPoint {
            subject: format!("sub-{person:02}"),
            recording: if epoch.is_multiple_of(2) { "1" } else { "2" }.to_owned(),
            seen: person.is_multiple_of(2),
            start: epoch as f64 * 2.0,
            components: [angle.cos() + spread * turn.cos(), angle.sin() + spread * turn.sin()],
            neighbours: [20.0 * angle.sin() + turn.cos(), 20.0 * angle.cos() + turn.sin()],
        }
    };
    let points = (0..6).flat_map(|person| (0..12).map(move |epoch| point(person, epoch))).collect();
    PrintMap { points, explained: [0.31, 0.22], fold: 0 }
}
