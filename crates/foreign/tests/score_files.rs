//! Score files of any tool: every format gives the same numbers, and what cannot be scored is a stated error.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test stops where it fails")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataFrame, ParquetWriter};
use twinprint_foreign::{ScoreOptions, ScoreReport, evaluate_scores, score_table};

/// Ten people, three probes each against everybody: mated scores a good deal higher, none of them equal.
fn rows() -> Vec<(String, String, String, f64)> {
    let mut rows = Vec::new();
    for probe in 0..10u32 {
        for take in 0..3u32 {
            for enrol in 0..10u32 {
                let noise = f64::from((probe * 7919 + take * 104_729 + enrol * 1_299_709) % 1000) / 1000.0;
                let score = noise + if enrol == probe { 0.6 } else { 0.0 };
                rows.push((format!("p{enrol}"), format!("p{probe}"), format!("take-{take}"), score));
            }
        }
    }
    rows
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn csv(rows: &[(String, String, String, f64)], mark: char) -> String {
    let mut text = ["probe", "enrol_subject", "probe_subject", "score"].join(&mark.to_string()) + "\n";
    for (enrol, probe, take, score) in rows {
        writeln!(text, "{take}{mark}\"{enrol}\"{mark}{probe}{mark}{score}").unwrap();
    }
    text
}

fn options() -> ScoreOptions {
    ScoreOptions { bootstrap: 200, ..ScoreOptions::default() }
}

fn numbers(path: &Path, options: &ScoreOptions) -> ScoreReport {
    ScoreReport { file: String::new(), ..evaluate_scores(path, options).unwrap() }
}

fn refused(path: &Path, options: &ScoreOptions) -> String {
    let error = evaluate_scores(path, options).unwrap_err();
    let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[test]
fn comma_semicolon_tab_bare_columns_and_parquet_give_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows();
    let expected = numbers(&write(folder.path(), "a.csv", &csv(&rows, ',')), &options());
    let summary = &expected.systems[0];
    assert_eq!((expected.trials, summary.mated, summary.non_mated, summary.subjects), (300, 30, 270, 10));
    assert!(summary.eer.value > 0.0 && summary.eer.value < 0.5);
    assert!(summary.eer.ci95.unwrap().contains(summary.eer.value));
    for key in ["auc", "d_prime", "min_dcf", "min_cllr", "eer_per_subject_mean"] {
        assert!(summary.ci95.contains_key(key), "{key} has no interval: {:?}", summary.ci95);
    }
    let found = summary.identification.as_ref().expect("every probe was compared with everybody");
    assert_eq!((found.probes, found.cmc.len()), (30, 10));
    assert_eq!(*found.cmc.last().unwrap(), 1.0);
    for mark in [';', '\t'] {
        assert_eq!(numbers(&write(folder.path(), "b.csv", &csv(&rows, mark)), &options()), expected);
    }
    let bare: String = rows.iter().map(|(e, p, take, score)| format!("{e} {p} {take} {score}\n")).collect();
    assert_eq!(numbers(&write(folder.path(), "four.txt", &bare), &options()), expected);
    let with_model: String =
        rows.iter().map(|(e, p, take, score)| format!("{e} model-{e} {p} {take} {score}\n")).collect();
    assert_eq!(numbers(&write(folder.path(), "five.txt", &with_model), &options()), expected);
    let column = |name: &str, of: fn(&(String, String, String, f64)) -> &String| {
        Column::new(name.into(), rows.iter().map(|row| of(row).as_str()).collect::<Vec<_>>())
    };
    let mut table = DataFrame::new_infer_height(vec![
        column("enrol_subject", |row| &row.0),
        column("probe_subject", |row| &row.1),
        column("probe", |row| &row.2),
        Column::new("mated".into(), rows.iter().map(|row| row.0 == row.1).collect::<Vec<bool>>()),
        Column::new("score".into(), rows.iter().map(|row| row.3).collect::<Vec<f64>>()),
    ])
    .unwrap();
    let path = folder.path().join("scores.parquet");
    ParquetWriter::new(std::fs::File::create(&path).unwrap()).finish(&mut table).unwrap();
    assert_eq!(numbers(&path, &options()), expected);
    let shown = score_table(&expected);
    assert!(shown.contains("EER %") && shown.contains("rank 1 %") && shown.contains("--dev FILE"), "{shown}");
}

#[test]
fn distances_and_columns_under_other_names_are_said_and_give_the_same_rates() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows();
    let expected = numbers(&write(folder.path(), "a.csv", &csv(&rows, ',')), &options());
    let far: Vec<_> = rows.iter().map(|(e, p, t, s)| (e.clone(), p.clone(), t.clone(), 5.0 - s)).collect();
    let text = csv(&far, ',').replacen("score", "far", 1);
    let path = write(folder.path(), "b.csv", &text);
    let named = ScoreOptions { columns: vec!["score=far".to_owned()], distance: true, ..options() };
    let found = numbers(&path, &named);
    assert_eq!(found.systems[0].eer.value, expected.systems[0].eer.value);
    assert!((found.systems[0].threshold - (5.0 - expected.systems[0].threshold)).abs() < 1e-9);
    let said = refused(&path, &options());
    assert!(
        said.contains("no column \"score\"") && said.contains("--column score=NAME") && said.contains("far"),
        "{said}"
    );
    let wrong = ScoreOptions { columns: vec!["likeness=far".to_owned()], ..options() };
    assert!(refused(&path, &wrong).contains("--column") && refused(&path, &wrong).contains("enrol_subject"));
}

#[test]
fn each_system_and_probe_length_stands_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "system,probe_seconds,enrol_subject,probe_subject,score\n".to_owned();
    for (system, gap) in [("a", 0.6), ("b", 0.0)] {
        for (enrol, probe, _, score) in rows() {
            let score = if enrol == probe { score - 0.6 + gap } else { score };
            writeln!(text, "{system},2,{enrol},{probe},{score}").unwrap();
        }
    }
    let path = write(folder.path(), "a.csv", &text);
    let found = numbers(&path, &options());
    assert_eq!(found.systems.len(), 2);
    assert_eq!(found.systems[1].group["system"], "b");
    assert!(found.systems[0].eer.value < found.systems[1].eer.value);
    assert!(found.systems[0].absent.iter().any(|reason| reason.contains("no column that names the probe")));
    let together = ScoreOptions { by: vec!["probe_seconds".to_owned()], ..options() };
    assert_eq!(numbers(&path, &together).systems[0].mated, 60);
    let unknown = ScoreOptions { by: vec!["session".to_owned()], ..options() };
    assert!(refused(&path, &unknown).contains("\"session\""));
}

#[test]
fn scores_of_other_people_calibrate_and_carry_thresholds_and_those_of_the_same_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let test = write(folder.path(), "test.csv", &csv(&rows(), ','));
    let others: Vec<_> =
        rows().into_iter().map(|(e, p, t, s)| (format!("dev-{e}"), format!("dev-{p}"), t, s)).collect();
    let dev = write(folder.path(), "dev.csv", &csv(&others, ','));
    let with = |dev: &Path| ScoreOptions { dev: Some(dev.to_owned()), ..options() };
    let summary = &numbers(&test, &with(&dev)).systems[0];
    assert!(summary.cllr.unwrap() >= summary.min_cllr && summary.ci95.contains_key("cllr"));
    assert_eq!(summary.transported.len(), 2);
    assert!((summary.transported[0].fmr - 0.1).abs() < 1e-9, "the same scores: {:?}", summary.transported);
    assert!(summary.transported[0].fmr_ci95.is_some());
    let said = refused(&test, &with(&test));
    assert!(said.contains("10 of its subjects") && said.contains("knows the test"), "{said}");
}

#[test]
fn what_cannot_be_scored_is_refused_with_the_row_and_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let head = "enrol_subject,probe_subject,score\n";
    let cases: [(&str, String, &[&str]); 12] = [
        ("nan", format!("{head}a,a,0.5\na,b,NaN\n"), &["row 2", "NaN", "not a number"]),
        (
            "trials alone",
            "a u1 target\na u2 nontarget\n".to_owned(),
            &["trials without scores", "add the score"],
        ),
        ("text", format!("{head}a,a,high\n"), &["row 1", "\"high\"", "not a number"]),
        ("missing score", format!("{head}a,a,\n"), &["row 1", "not a number"]),
        ("missing subject", format!("{head}a,,0.5\n"), &["row 1", "no probe_subject"]),
        ("no mated", format!("{head}a,b,0.5\nb,a,0.2\n"), &["none of the 2 comparisons is mated"]),
        ("one subject", format!("{head}a,a,0.5\na,a,0.2\n"), &["non-mated", "at least two subjects"]),
        ("no rows", head.to_owned(), &["no comparison"]),
        ("empty", String::new(), &["empty"]),
        ("ragged", format!("{head}a,a,0.5,9\n"), &["line 2", "4 columns", "3"]),
        ("columns", "left,right,score\na,a,1\n".to_owned(), &["enrol_subject", "left, right, score"]),
        (
            "contradiction",
            "enrol_subject,probe_subject,score,mated\na,b,1,true\n".to_owned(),
            &["row 1", "\"a\"", "\"b\"", "the subjects say otherwise"],
        ),
    ];
    for (name, text, words) in cases {
        let said = refused(&write(folder.path(), "x.csv", &text), &options());
        for word in words {
            assert!(said.contains(word), "{name}: no {word:?} in: {said}");
        }
    }
    let bare = write(folder.path(), "x.txt", "a a 1 0.5\na b 1\n");
    assert!(refused(&bare, &options()).contains("line 2 has 3 columns"));
    std::fs::write(&bare, [0xff, 0xfe, 0x00, 0x41]).unwrap();
    assert!(refused(&bare, &options()).contains("neither parquet nor text"));
    std::fs::write(&bare, b"PAR1 and then nothing of the kind").unwrap();
    assert!(refused(&bare, &options()).contains("x.txt"));
    assert!(refused(&folder.path().join("none.csv"), &options()).contains("cannot read"));
}

#[test]
fn ties_everywhere_are_one_half_without_an_interval() {
    let folder = tempfile::tempdir().unwrap();
    let text = "enrol_subject,probe_subject,score\na,a,1\na,b,1\nb,b,1\nb,a,1\n";
    let found = numbers(&write(folder.path(), "x.csv", text), &options());
    let summary = &found.systems[0];
    assert_eq!((summary.eer.value, summary.eer.ci95, summary.d_prime), (0.5, None, None));
    assert!(score_table(&found).contains("50.00 (no interval)"));
}

#[test]
fn spellings_of_one_person_stop_the_evaluation_and_both_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let head = "enrol_subject,probe_subject,score\n";
    for (one, other) in [("1", "01"), ("1.0", "1"), ("S7", "s7"), ("sub 2", "sub2")] {
        let text = format!("{head}{one},{one},0.9\n{one},b,0.2\nb,{other},0.3\nb,b,0.8\n");
        let said = refused(&write(folder.path(), "x.csv", &text), &options());
        assert!(said.contains(&format!("{one:?}")) && said.contains(&format!("{other:?}")), "{said}");
    }
    // People to calibrate on are other people, however they are spelt.
    let test = write(folder.path(), "test.csv", &csv(&rows(), ','));
    let others: Vec<_> =
        rows().into_iter().map(|(e, p, t, s)| (e.to_uppercase(), p.to_uppercase(), t, s)).collect();
    let dev = write(folder.path(), "dev.csv", &csv(&others, ','));
    let said = refused(&test, &ScoreOptions { dev: Some(dev), ..options() });
    assert!(said.contains("\"P0\"") && said.contains("\"p0\""), "{said}");
}

#[test]
fn scores_that_fall_with_likeness_are_told_from_chance() {
    let folder = tempfile::tempdir().unwrap();
    let far: Vec<_> = rows().into_iter().map(|(e, p, t, s)| (e, p, t, 5.0 - s)).collect();
    let path = write(folder.path(), "far.csv", &csv(&far, ','));
    let says = |options: &ScoreOptions, rows: &Path| numbers(rows, options).systems[0].absent.join("; ");
    assert!(says(&options(), &path).contains("--distance"), "{}", says(&options(), &path));
    let distance = ScoreOptions { distance: true, ..options() };
    assert!(!says(&distance, &path).contains("--distance"));
    let near = write(folder.path(), "near.csv", &csv(&rows(), ','));
    assert!(says(&distance, &near).contains("leave --distance out"));
    let level: Vec<_> = rows()
        .into_iter()
        .map(|(e, p, t, s)| if e == p { (e, p, t, s - 0.61) } else { (e, p, t, s) })
        .collect();
    let level = write(folder.path(), "level.csv", &csv(&level, ','));
    let auc = numbers(&level, &options()).systems[0].auc;
    assert!((0.4..0.5).contains(&auc) && !says(&options(), &level).contains("--distance"), "{auc}");
}

#[test]
fn columns_of_other_tools_give_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let rows = rows();
    let expected = numbers(&write(folder.path(), "a.csv", &csv(&rows, ',')), &options());
    let eer = |text: String| numbers(&write(folder.path(), "b.txt", &text), &options()).systems.remove(0);
    type Row = (String, String, String, f64);
    let of = |line: &dyn Fn(&Row) -> String| rows.iter().map(line).collect::<String>();
    let label = |e: &str, p: &str| if e == p { "target" } else { "nontarget" };
    let three = eer(of(&|(e, p, _, s)| format!("{e} {p} {s}\n")));
    let last = eer(of(&|(e, p, _, s)| format!("{e} {p} {s} {}\n", label(e, p))));
    let mixed = csv(&rows, ',').replacen(
        "probe,enrol_subject,probe_subject,score",
        "Probe,Enrol_Subject,PROBE_SUBJECT,Score",
        1,
    );
    for found in [&three, &last, &eer(mixed)] {
        assert_eq!((found.eer, found.subjects), (expected.systems[0].eer, 10));
    }
    // Kaldi names utterances, of which no two are alike: the label alone says who is one person.
    let kaldi = eer(of(&|(e, p, t, s)| format!("{e}-{t}a {p}-{t}b {s} {}\n", label(e, p))));
    let two = eer(of(&|(e, p, _, s)| format!("{} {s}\n", label(e, p))));
    let ones = eer(of(&|(e, p, _, s)| format!("{s},{}\n", u8::from(e == p))));
    let headed = eer("Label,Score\n".to_owned() + &of(&|(e, p, _, s)| format!("{},{s}\n", u8::from(e == p))));
    for found in [kaldi, two, ones, headed] {
        assert_eq!(
            (found.eer.value, found.eer.ci95, found.ci95.len()),
            (expected.systems[0].eer.value, None, 0)
        );
        assert!(found.absent[0].contains("names no people"), "{:?}", found.absent);
    }
}

#[test]
fn infinite_scores_are_the_ends_of_the_order() {
    let folder = tempfile::tempdir().unwrap();
    let with = |high: &str, low: &str| {
        let head = "enrol_subject,probe_subject,score\n";
        let text = format!("{head}a,a,{high}\nb,b,0.4\na,b,{low}\nb,a,0.5\nc,c,0.6\nc,a,0.1\n");
        numbers(&write(folder.path(), "x.csv", &text), &options()).systems.remove(0)
    };
    let (infinite, finite) = (with("inf", "-inf"), with("99", "-99"));
    assert_eq!((infinite.eer.value, infinite.auc), (finite.eer.value, finite.auc));
    assert!(infinite.d_prime.is_none() && finite.d_prime.is_some());
    assert!(
        infinite.absent.iter().any(|text| text.contains("2 scores are infinite")),
        "{:?}",
        infinite.absent
    );
}

#[test]
fn labels_of_other_tools_are_known_and_a_first_row_is_no_header() {
    let folder = tempfile::tempdir().unwrap();
    let eer =
        |name: &str, text: &str| numbers(&write(folder.path(), name, text), &options()).systems[0].eer.value;
    let lines = |of: &dyn Fn(bool, &str, &str, f64) -> String| -> String {
        rows()
            .iter()
            .map(|(enrol, probe, _, score)| of(enrol == probe, enrol, probe, *score) + "\n")
            .collect()
    };
    let label = |mated: bool, yes: &str, no: &str| if mated { yes.to_owned() } else { no.to_owned() };
    let expected = eer("plain.txt", &lines(&|_, enrol, probe, score| format!("{enrol} {probe} {score}")));
    // scikit-learn's labels may be -1 and 1; SIDEKIT and Kaldi's scripts shorten theirs.
    for (yes, no) in [("1", "-1"), ("genuine", "impostor"), ("match", "nonmatch")] {
        let text = lines(&|mated, _, _, score| format!("{} {score}", label(mated, yes, no)));
        assert!((eer("labels.txt", &text) - expected).abs() < 1e-12, "{yes} {no}");
    }
    let text = lines(&|mated, enrol, probe, score| {
        format!("{enrol} {probe} {score} {}", label(mated, "tgt", "imp"))
    });
    assert!((eer("behind.txt", &text) - expected).abs() < 1e-12);
    let trials = write(folder.path(), "trials.txt", "1 ann/1.wav ann/2.wav\n0 ann/1.wav bob/2.wav\n");
    assert!(refused(&trials, &options()).contains("trials without scores"));
    let unknown = write(folder.path(), "unknown.txt", "ann bob 0.5 perhaps\nann ann 0.7 perhaps\n");
    let said = refused(&unknown, &options());
    assert!(said.contains("ann, bob, 0.5, perhaps") && said.contains("names no columns"), "{said}");
}
