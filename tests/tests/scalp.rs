//! How far each channel goes alone in each band, computed once more the long way.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

use twinprint_report::Results;
use twinprint_report::results::Outcome;
use twinprint_store::prints::PrintFile;
use twinprint_tests::{Cohort, PIPELINE};

/// Frequencies of a channel's spectrum: 1 to 40 Hz of epochs of one second.
const FREQUENCIES: usize = 40;

fn results(folder: &Path) -> Results {
    Results::from_json(&fs::read_to_string(folder.join("results.json")).unwrap()).unwrap()
}

/// The rate at the threshold where both errors differ least.
fn equal_error_rate(mated: &[f64], non_mated: &[f64]) -> f64 {
    let share = |scores: &[f64], counts: &dyn Fn(f64) -> bool| {
        scores.iter().filter(|score| counts(**score)).count() as f64 / scores.len() as f64
    };
    let rates = mated.iter().chain(non_mated).map(|&threshold| {
        let (fmr, fnmr) =
            (share(non_mated, &|score| score >= threshold), share(mated, &|score| score < threshold));
        ((fmr - fnmr).abs(), (fmr + fnmr) / 2.0)
    });
    rates.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap().1
}

#[test]
fn the_rate_of_a_channel_and_band_is_that_of_distances_between_mean_spectra() {
    let cohort = Cohort::new("1");
    let audits = "baselines = [\"log_psd_cosine\"]\naudits = [\"scalp\"]\n";
    fs::write(cohort.pipeline(), format!("{PIPELINE}{audits}")).unwrap();
    let run = cohort.run("out", &[]);
    let found = results(&run).scalp;
    assert_eq!(found.len(), 36, "six channels in six bands");
    let file = PrintFile::open(&run.join("systems/log_psd_cosine.h5")).unwrap();
    let (prints, infos) = (file.prints(), file.infos());
    assert_eq!(prints.ncols(), 6 * FREQUENCIES);
    for (channel, row) in found.iter().filter(|row| row.low_hz == 8.0).enumerate() {
        assert_eq!((row.high_hz, row.probe_seconds), (13.0, 1.0));
        // 8 to 13 Hz.
        let columns = channel * FREQUENCIES + 7..channel * FREQUENCIES + 13;
        let (mut mated, mut non_mated) = (Vec::new(), Vec::new());
        for fold in 0..2 {
            let epochs = |session: &str| -> Vec<(String, Vec<f64>)> {
                let of_fold = |at: &usize| {
                    let info = &infos[*at];
                    let here =
                        info.fold.is_some_and(|own| own.0 == fold) && info.role.as_deref() == Some("test");
                    here && info.epoch.key.session.to_string().ends_with(session)
                };
                let mut rows: Vec<usize> = (0..infos.len()).filter(of_fold).collect();
                rows.sort_by(|&a, &b| infos[a].epoch.start.get().total_cmp(&infos[b].epoch.start.get()));
                let spectrum =
                    |at: usize| columns.clone().map(|column| f64::from(prints[[at, column]])).collect();
                rows.into_iter().map(|at| (infos[at].epoch.key.subject.to_string(), spectrum(at))).collect()
            };
            let (enrolled, probes) = (epochs("1"), epochs("2"));
            let mut people: Vec<&String> = enrolled.iter().map(|(person, _)| person).collect();
            people.sort();
            people.dedup();
            for person in people {
                // The first ten seconds.
                let own: Vec<&Vec<f64>> = enrolled
                    .iter()
                    .filter(|(name, _)| name == person)
                    .map(|(_, spectrum)| spectrum)
                    .take(10)
                    .collect();
                let mean =
                    |place: usize| own.iter().map(|spectrum| spectrum[place]).sum::<f64>() / own.len() as f64;
                let template: Vec<f64> = (0..columns.len()).map(mean).collect();
                for (other, probe) in &probes {
                    let squares: f64 = template.iter().zip(probe).map(|(a, b)| (a - b).powi(2)).sum();
                    let scores = if other == person { &mut mated } else { &mut non_mated };
                    scores.push(-squares.sqrt());
                }
            }
        }
        let expected = equal_error_rate(&mated, &non_mated);
        // A step of the curve is one of 240 mated comparisons.
        assert!((row.eer.value - expected).abs() < 0.006, "{}: {} {expected}", row.channel, row.eer.value);
        assert!(row.eer.ci95.is_some_and(|ci95| ci95.contains(row.eer.value)));
    }
}

#[test]
fn without_the_spectra_it_is_absent_and_without_the_audit_nobody_asks() {
    let cohort = Cohort::new("1");
    fs::write(cohort.pipeline(), format!("{PIPELINE}baselines = []\naudits = [\"scalp\"]\n")).unwrap();
    let without = results(&cohort.run("without", &[]));
    let absent: Vec<_> = without.audits(Outcome::Absent).filter(|row| row.check == "scalp").collect();
    assert!(without.scalp.is_empty() && absent.len() == 1 && absent[0].detail.contains("log_psd_cosine"));
    let silent = results(&cohort.run("silent", &["--set", "evaluation.audits=[]"]));
    assert!(silent.scalp.is_empty() && silent.audits(Outcome::Absent).all(|row| row.check != "scalp"));
}
