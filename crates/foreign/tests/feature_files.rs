//! Features of any tool as comparisons: numbers worked out by hand, and what cannot be compared is a stated error.

#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataFrame, KeyValueMetadata, ParquetWriter};
use twinprint_foreign::{
    FeatureOptions, Filter, Metric, ScoreOptions, ScoreReport, evaluate_features, evaluate_scores,
    read_features, score_table,
};

fn features(enrol: &str, probe: &str) -> FeatureOptions {
    let filter = |option, pair: &str| Filter::new(option, &[pair.to_owned()]).unwrap();
    FeatureOptions {
        enrol: filter("--enrol", enrol),
        probe: filter("--probe", probe),
        pool: 1,
        metric: Metric::Cosine,
    }
}

fn days() -> FeatureOptions {
    features("session=1", "session=2")
}

fn write(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("features.csv");
    std::fs::write(&path, text).unwrap();
    path
}

fn report(text: &str, features: &FeatureOptions) -> ScoreReport {
    let folder = tempfile::tempdir().unwrap();
    let options = ScoreOptions { bootstrap: 100, ..ScoreOptions::default() };
    evaluate_features(&write(folder.path(), text), features, &options).unwrap()
}

fn refused(text: &str, features: &FeatureOptions) -> String {
    let folder = tempfile::tempdir().unwrap();
    let error =
        evaluate_features(&write(folder.path(), text), features, &ScoreOptions::default()).unwrap_err();
    let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "no {word:?} in: {said}");
    }
}

/// Templates of ann and bob are (1, 0) and (0, 1), ann's from two rows of unequal length. Ann's second probe points nearer to
/// bob.
const TWO: &str = "\
subject,session,x,y
ann,1,9,0
ann,1,0.5,0
bob,1,0,2
ann,2,3,0
ann,2,0.6,0.8
bob,2,0,1
bob,2,0,5
";

#[test]
fn the_cosine_error_rate_is_the_one_worked_out_by_hand() {
    // Mated 1, 0.6, 1, 1; non-mated 0, 0.8, 0, 0: between 0.6 and 0.8 one of four is wrong on each side.
    let found = report(TWO, &days());
    let summary = &found.systems[0];
    assert_eq!((found.trials, summary.subjects, summary.mated, summary.non_mated), (8, 2, 4, 4));
    assert_eq!(summary.eer.value, 0.25);
    assert!(summary.threshold > 0.6 && summary.threshold <= 0.8 + 1e-6, "{}", summary.threshold);
    let rank1 = summary.identification.as_ref().unwrap();
    assert_eq!((rank1.probes, rank1.rank1.value), (4, 0.75));
    says(&score_table(&found), &["8 comparisons", "EER %", "25.00", "--dev FILE"]);
}

#[test]
fn a_pair_of_rows_makes_a_probe_and_what_is_left_over_is_said() {
    // Ann's pair of unit rows adds up to (1.6, 0.8), nearer to ann than to bob.
    let pairs = FeatureOptions { pool: 2, ..days() };
    let found = report(&format!("{TWO}bob,2,1,1\n"), &pairs);
    let summary = &found.systems[0];
    assert_eq!((summary.mated, summary.non_mated, summary.eer.value), (2, 2, 0.0));
    says(&summary.absent.join("\n"), &["1 probe rows are left out", "fewer than 2"]);
}

#[test]
fn distances_are_between_means_of_rows_as_they_are() {
    // Templates (4.75, 0) and (0, 2); mated distances 1.75, 4.23, 1, 3; non-mated 3.61, 1.34, 4.85, 6.90: between 3 and 3.61
    // one of four is wrong on each side.
    let far = FeatureOptions { metric: Metric::Euclidean, ..days() };
    let summary = &report(TWO, &far).systems[0];
    assert_eq!(summary.eer.value, 0.25);
    assert!(summary.threshold > 2.9 && summary.threshold < 3.7, "{}", summary.threshold);
}

#[test]
fn rows_of_different_folds_are_never_compared() {
    // In fold 1 everybody's features are turned about: compared across folds, each would be the other.
    let text = "subject,session,fold,x,y\n\
        ann,1,0,1,0\nbob,1,0,0,1\nann,2,0,1,0\nbob,2,0,0,1\n\
        ann,1,1,0,1\nbob,1,1,1,0\nann,2,1,0,1\nbob,2,1,1,0\n";
    let found = report(text, &days());
    let summary = &found.systems[0];
    assert_eq!((found.trials, summary.mated, summary.non_mated, summary.eer.value), (8, 4, 4, 0.0));
}

#[test]
fn people_without_a_template_and_probes_beside_their_template_are_counted() {
    let found = report(&format!("{TWO}cas,2,1,1\ncas,2,1,2\ndan,2,1,3\n"), &days());
    assert_eq!(found.trials, 8);
    let said = found.systems[0].absent.join("\n");
    says(&said, &["3 probes of 2 subjects without a template left out: cas, dan"]);
    assert!(!said.contains("another day"), "{said}");
    let text = "subject,task,x,y\nann,a,1,0\nbob,a,0,1\nann,b,2,0\nbob,b,0,2\n";
    let found = report(text, &features("task=a", "task=b"));
    says(&found.systems[0].absent.join("\n"), &["2 of 2 probes", "recording that enrols as well"]);
}

#[test]
fn features_of_other_people_calibrate_and_those_of_the_same_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let test = write(folder.path(), TWO);
    let dev = folder.path().join("dev.csv");
    std::fs::write(&dev, TWO.replace("ann", "eva").replace("bob", "fay")).unwrap();
    let with =
        |dev: &Path| ScoreOptions { bootstrap: 100, dev: Some(dev.to_owned()), ..ScoreOptions::default() };
    let found = evaluate_features(&test, &days(), &with(&dev)).unwrap();
    assert!(found.systems[0].cllr.is_some());
    let said = evaluate_features(&test, &days(), &with(&test)).unwrap_err().to_string();
    says(&said, &["2 of its subjects", "knows the test"]);
}

#[test]
fn what_cannot_be_compared_is_refused_with_the_rows_and_a_way_out() {
    let cases: [(&str, FeatureOptions, &[&str]); 10] = [
        (TWO, features("session=1", "subject=ann"), &["2 of its rows, row 0", "ann", "exclude one another"]),
        (
            TWO,
            features("session=9", "session=2"),
            &["none of its 7 rows", "--enrol session=9", "session is 1, 2"],
        ),
        (TWO, features("session=1", "session=9"), &["--probe session=9", "session is 1, 2"]),
        (TWO, features("task=rest", "session=2"), &["no row has a task", "choose from subject, session"]),
        (TWO, features("subject=ann", "subject=bob"), &["no subject has both a template and a probe"]),
        (TWO, FeatureOptions { pool: 3, ..days() }, &["a probe of 3 rows", "--pool"]),
        (TWO, FeatureOptions { pool: 0, ..days() }, &["--pool", "write 1 or more"]),
        (
            "subject,session,x\nann,1,1\nann,2,2\nbob,2,2\n",
            days(),
            &["no fold has the templates of two subjects"],
        ),
        (
            "subject,session,x\nann,1,1\nbob,1,0\nann,2,2\nbob,2,0\n",
            days(),
            &["row 1 and 1 other hold", "zeros", "--metric euclidean"],
        ),
        ("subject,session,x\nann,1,1\nbob,1,NaN\n", days(), &["row 1 of column x", "finite"]),
    ];
    for (text, features, words) in cases {
        says(&refused(text, &features), words);
    }
    let bad = Filter::new("--enrol", &["session".to_owned()]).unwrap_err().to_string();
    says(&bad, &["--enrol session", "KEY=VALUE"]);
    let both = ["session=1".to_owned(), "x=1".to_owned()];
    let opposed = FeatureOptions { enrol: Filter::new("--enrol", &both).unwrap(), ..days() };
    says(&refused(TWO, &opposed), &["--enrol session=1 --enrol x=1", "no row has a x"]);
}

#[test]
fn a_column_that_tells_who_the_person_is_is_refused_with_two_of_its_rows() {
    let with = |name: &str, values: [&str; 7]| {
        let lines = TWO.lines().zip([name].into_iter().chain(values));
        lines.map(|(line, value)| format!("{line},{value}\n")).collect::<String>()
    };
    // Constant within a person and different between people; an identifier by its name; a number for every row.
    let age = ["31", "31", "40", "31", "31", "40", "40"];
    let cases = [
        ("age", age, ["31", "40"]),
        ("Participant ID", ["1", "2", "3", "4", "5", "6", "7"], ["1", "3"]),
        ("trial", ["10", "11", "12", "13", "14", "15", "16"], ["10", "12"]),
    ];
    for (name, values, shown) in cases {
        let said = refused(&with(name, values), &days());
        says(&said, &["identity-in-features", &format!("column {name}"), "ann", "bob", "label_"]);
        says(&said, &shown.map(|value| format!("{name} = {value}")).each_ref().map(String::as_str));
    }
    let found = report(&with("label_age", age), &days());
    assert_eq!(found.systems[0].eer.value, 0.25);
    assert_eq!(found.columns.unwrap().labels, ["age"]);
}

#[test]
fn columns_that_count_rows_are_left_out_and_every_column_is_listed() {
    let counted = |name: &str| {
        let lines = TWO.lines().enumerate();
        let first = |row: usize| if row == 0 { name.to_owned() } else { (row - 1).to_string() };
        lines.map(|(row, line)| format!("{},{line},rest\n", first(row))).collect::<String>()
    };
    for name in ["", "Unnamed: 0", "__index_level_0__"] {
        let found = report(&counted(name).replacen(",rest", ",task", 1), &days());
        assert_eq!(found.systems[0].eer.value, 0.25, "{name:?}");
        let columns = found.columns.as_ref().unwrap();
        assert_eq!(
            (&columns.features[..], &columns.labels[..]),
            (&["x", "y"].map(str::to_owned)[..], &["task".to_owned()][..])
        );
        assert_eq!(columns.left_out, [name]);
        says(&score_table(&found), &["features: x, y", "labels: task", "left out: "]);
        assert_eq!(serde_json::to_value(&found).unwrap()["columns"]["left_out"][0], name);
    }
}

#[test]
fn an_index_is_no_feature_whatever_it_is_called() {
    let with = |name: &str, values: [&str; 7]| {
        let lines = TWO.lines().zip([name].into_iter().chain(values));
        lines.map(|(line, value)| format!("{line},{value}\n")).collect::<String>()
    };
    // Shuffled rows under pandas' own name.
    let found = report(&with("index", ["6", "0", "3", "1", "5", "2", "4"]), &days());
    assert_eq!(found.columns.unwrap().left_out, ["index"]);
    assert_eq!(found.systems[0].eer.value, 0.25);
    // A number that starts anew with each recording.
    let mut text = "subject,session,x,y,window\n".to_owned();
    for (person, visit) in [("ann", 1), ("bob", 1), ("ann", 2), ("bob", 2)] {
        for row in 0..3 {
            let (x, y) = if person == "ann" { (9 + row % 2, row % 3) } else { (row % 3, 9 - row % 2) };
            text += &format!("{person},{visit},{x},{y},{row}\n");
        }
    }
    let found = report(&text, &days());
    assert_eq!(
        (found.columns.unwrap().left_out, found.systems[0].eer.value),
        (vec!["window".to_owned()], 0.0)
    );
    // A count of something else is a feature.
    let spikes = with("spikes", ["1", "2", "1", "4", "2", "2", "3"]);
    assert_eq!(report(&spikes, &days()).columns.unwrap().features, ["x", "y", "spikes"]);
}

#[test]
fn the_index_that_pandas_names_in_a_parquet_file_is_no_feature() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("features.parquet");
    let rows: Vec<Vec<&str>> = TWO.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let text = |at: usize| rows.iter().map(|row| row[at]).collect::<Vec<_>>();
    let number = |at: usize| rows.iter().map(|row| row[at].parse::<f64>().unwrap()).collect::<Vec<_>>();
    let mut table = DataFrame::new_infer_height(vec![
        Column::new("subject".into(), text(0)),
        Column::new("session".into(), text(1)),
        Column::new("x".into(), number(2)),
        Column::new("y".into(), number(3)),
        Column::new("epoch".into(), [3i64, 1, 4, 1, 5, 9, 2]),
    ])
    .unwrap();
    let described = r#"{"index_columns": ["epoch"], "columns": []}"#;
    let metadata = vec![("pandas".to_owned(), described.to_owned())];
    ParquetWriter::new(std::fs::File::create(&path).unwrap())
        .with_key_value_metadata(Some(KeyValueMetadata::from_static(metadata)))
        .finish(&mut table)
        .unwrap();
    let options = ScoreOptions { bootstrap: 100, ..ScoreOptions::default() };
    let found = evaluate_features(&path, &days(), &options).unwrap();
    assert_eq!(found.columns.unwrap().left_out, ["epoch"]);
    assert_eq!(found.systems[0].eer.value, 0.25);
}

#[test]
fn spellings_of_one_person_are_refused_with_both() {
    let said = refused(&TWO.replacen("ann,2", "Ann,2", 1), &days());
    says(&said, &["\"ann\"", "\"Ann\"", "spell a person alike"]);
}

#[test]
fn dialects_of_text_give_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let expected = report(TWO, &days());
    let options = ScoreOptions { bootstrap: 100, ..ScoreOptions::default() };
    let found = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        ScoreReport { file: expected.file.clone(), ..evaluate_features(&path, &days(), &options).unwrap() }
    };
    let quoted = TWO.replace("ann", "\"ann\"");
    let german = TWO.replace(',', ";").replace('.', ",");
    let commented = format!("# made by somebody\n\n{}# the end\n", TWO.replace(',', "\t"));
    let texts = [
        quoted,
        german,
        commented,
        TWO.replace(',', " "),
        format!("\u{feff}{TWO}"),
        TWO.replace('\n', "\r\n"),
        TWO.replace('\n', "\r"),
        format!("\u{feff}# a comment behind the mark of UTF-8\n{TWO}"),
        TWO.replacen("subject,session", "Subject,SESSION", 1),
    ];
    for text in &texts {
        assert_eq!(found("f.csv", text.as_bytes()), expected, "{text}");
    }
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, TWO.as_bytes()).unwrap();
    assert_eq!(found("f.csv.gz", &packed.finish().unwrap()), expected);
    let path = folder.path().join("wide.csv");
    let wide = format!("\u{feff}{TWO}");
    std::fs::write(&path, wide.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()).unwrap();
    let error = evaluate_features(&path, &days(), &options).unwrap_err();
    says(&error.to_string(), &["UTF-8", "write CSV"]);
}

/// A parquet file that pyarrow wrote, by `tests/golden/foreign/generate.py`.
fn pyarrow(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/foreign").join(name)
}

#[test]
fn columns_of_every_parquet_type_are_read_left_out_or_refused_by_name() {
    let options = ScoreOptions { bootstrap: 100, ..ScoreOptions::default() };
    let read = |name: &str| evaluate_features(&pyarrow(name), &days(), &options);
    let columns = read("carried.parquet").unwrap().columns.unwrap();
    assert_eq!(columns.features, ["embedding_0", "embedding_1", "x", "count"]);
    assert_eq!(columns.labels, ["flag", "category", "long_text"]);
    assert_eq!(columns.left_out, ["timestamp", "date", "bytes", "struct"]);
    let first = |name: &str| {
        let features = read_features(&pyarrow(name)).unwrap();
        let prints = features.prints(&[0, 2, 5]).unwrap();
        (
            features.columns().features.clone(),
            prints.values().rows().into_iter().map(|row| row.to_vec()).collect::<Vec<_>>(),
        )
    };
    for name in ["int8", "uint16"] {
        let expected = (vec![name.to_owned()], vec![vec![3.0], vec![4.0], vec![9.0]]);
        assert_eq!(first(&format!("{name}.parquet")), expected);
    }
    let expected = (vec!["decimal".to_owned()], vec![vec![3.25], vec![4.25], vec![9.25]]);
    assert_eq!(first("decimal.parquet"), expected);
    // The fixed lists hold the very numbers of the plain ones.
    let (names, fixed) = first("fixed.parquet");
    assert_eq!(names, ["fixed_0", "fixed_1"]);
    let (_, carried) = first("carried.parquet");
    let embeddings: Vec<&[f32]> = carried.iter().map(|row| &row[..2]).collect();
    assert_eq!(fixed, embeddings);
    assert!(first("half.parquet").1.iter().flatten().all(|number| number.fract() != 0.0));
    assert_eq!(first("session.parquet").0, ["x"]);
}

#[test]
fn nested_short_and_meaningless_columns_are_read_or_left_out_by_name() {
    let features = read_features(&pyarrow("more.parquet")).unwrap();
    let columns = features.columns();
    let read = ["large_0", "large_1", "short_0", "short_1", "halves_0", "halves_1", "cents", "grade"];
    assert_eq!(columns.features, read);
    assert_eq!(columns.left_out, ["wide", "words", "nested", "pairs", "nothing", "length", "clock"]);
    assert_eq!(
        features.prints(&[1]).unwrap().values().row(0).to_vec()[2..],
        [3.0, 4.0, 0.5, 1.0, 100.0, 1.0]
    );
}

#[test]
fn row_groups_are_joined_and_long_ids_keep_their_digits() {
    let features = read_features(&pyarrow("groups.parquet")).unwrap();
    assert_eq!(features.infos().len(), 7);
    assert_eq!(features.infos()[0].epoch.key.subject.as_str(), (2u64.pow(60) + 1).to_string());
    let report = evaluate_scores(
        &pyarrow("scores.parquet"),
        &ScoreOptions { bootstrap: 100, ..ScoreOptions::default() },
    )
    .unwrap();
    assert_eq!((report.trials, report.systems[0].mated, report.systems[0].eer.value), (12, 6, 0.0));
}

#[test]
fn hdf5_of_other_tools_is_read_or_refused_by_name() {
    let features = read_features(&pyarrow("packed.h5")).unwrap();
    let subjects: Vec<&str> = features.infos().iter().map(|info| info.epoch.key.subject.as_str()).collect();
    assert_eq!(subjects, ["1", "1", "2", "1", "1", "2", "2"]);
    let half = features.prints(&[0, 5]).unwrap();
    let single = read_features(&pyarrow("fixed.parquet")).unwrap().prints(&[0, 5]).unwrap();
    for (half, single) in half.values().iter().zip(single.values()) {
        assert!((half - single).abs() <= single.abs() / 1024.0, "{half} {single}");
    }
    let whole = read_features(&pyarrow("whole.h5")).unwrap().prints(&[5]).unwrap();
    assert!(whole.values().iter().all(|number| number.fract() == 0.0 && number.abs() > 1.0));
    let column = read_features(&pyarrow("matlab_column.h5")).unwrap();
    assert_eq!((column.infos().len(), column.infos()[2].epoch.key.recording.as_str()), (7, "bob"));
    let said = |name: &str| read_features(&pyarrow(name)).unwrap_err().to_string();
    says(&said("matlab.h5"), &["/features", "[2, 7]", "7 entries", "transposed", "MATLAB"]);
    says(&said("records.h5"), &["/features", "compound (2 fields)", "float32"]);
}

#[test]
fn a_missing_number_by_a_name_makes_no_label_of_a_feature() {
    for missing in ["NA", "#N/A", "null", "1.2.3"] {
        let text = TWO.replace("bob,1,0,2", &format!("bob,1,0,{missing}"));
        says(&refused(&text, &days()), &["column y holds numbers", "row 2", missing, "label_y"]);
    }
    let mixed = TWO.replace("session,x,y", "session,x,label_y").replace("bob,1,0,2", "bob,1,0,NA");
    let folder = tempfile::tempdir().unwrap();
    let read = read_features(&write(folder.path(), &mixed)).unwrap();
    assert_eq!(
        (&read.columns().labels[..], &read.columns().features[..]),
        (&["y".to_owned()][..], &["x".to_owned()][..])
    );
}

#[test]
fn a_value_asked_for_that_has_another_spelling_is_refused_with_it() {
    let text = TWO.replace("bob,1,", "bob,01,");
    says(&refused(&text, &days()), &["--enrol session=1", "session=01", "spell them alike"]);
    let apart = TWO.replace("bob,1,", "bob,10,");
    assert!(!refused(&apart, &days()).contains("alike"));
}

#[test]
fn people_named_with_and_without_the_start_of_bids_are_one() {
    for (one, other) in [("sub-01", "01"), ("sub_01", "sub-01"), ("P-1", "P1")] {
        let text = TWO.replace("ann,1", &format!("{one},1")).replace("ann,2", &format!("{other},2"));
        says(&refused(&text, &days()), &[one, other, "one person"]);
    }
}
