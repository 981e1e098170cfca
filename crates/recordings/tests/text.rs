//! Recordings as text: devices known by their headers, tables that a layout states, and what was lost on the way.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{emotiv, mind_monitor, muselsl, open_bci, value, write};
use twinprint_recordings::{Kind, RecordingReader, Strictness, TextLayout, is_recording_text};

fn open(text: &str) -> RecordingReader {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "recording.csv", text);
    assert!(is_recording_text(&path));
    RecordingReader::open(&path, Strictness::Strict).unwrap()
}

fn stated(text: &str, layout: &TextLayout) -> Result<RecordingReader, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "recording.csv", text);
    RecordingReader::open_text(&path, Strictness::Strict, layout).map_err(|error| error.to_string())
}

/// First sample and onset in samples of each stretch.
fn starts(reader: &RecordingReader) -> Vec<(u64, i64)> {
    let rate = reader.channels()[0].rate.get();
    reader.segments(0).iter().map(|part| (part.first.0, (part.onset.get() * rate).round() as i64)).collect()
}

fn eeg(reader: &RecordingReader) -> Vec<&str> {
    reader
        .channels()
        .iter()
        .filter(|channel| channel.kind == Kind::Eeg)
        .map(|channel| channel.label.as_str())
        .collect()
}

fn samples(reader: &RecordingReader, channel: usize) -> Vec<f32> {
    let mut samples = vec![0.0; reader.channels()[channel].total_samples as usize];
    reader.read(channel, 0..samples.len() as u64, &mut samples).unwrap();
    samples
}

fn events(reader: &RecordingReader) -> Vec<(String, i64)> {
    let rate = reader.channels()[0].rate.get();
    reader
        .annotations()
        .iter()
        .map(|event| (event.label.clone(), (event.onset.get() * rate).round() as i64))
        .collect()
}

#[test]
fn open_bci_is_known_and_lost_packets_are_gaps() {
    let lost = |sample| (100..103).contains(&sample) || (600..1112).contains(&sample);
    let reader = open(&open_bci(2000, 4, lost));
    assert_eq!((reader.format().as_str(), reader.channels()[0].rate.get()), ("OpenBCI", 250.0));
    assert_eq!(eeg(&reader), ["EXG Channel 0", "EXG Channel 1", "EXG Channel 2", "EXG Channel 3"]);
    // Three packets are lost, which the counter shows, and 512, two of its turns, which the time stamps show.
    let found = starts(&reader);
    assert_eq!(found[..2], [(0, 0), (100, 103)]);
    assert_eq!(found.len(), 3);
    assert!((found[2].0 as i64 - 597).abs() <= 10 && (found[2].1 - 1112).abs() <= 20, "{found:?}");
    let kept: Vec<f32> = (0..2000).filter(|sample| !lost(*sample)).map(|sample| value(sample, 2)).collect();
    assert_eq!(samples(&reader, 2), kept);
    assert_eq!(reader.start().unwrap(), "2020-12-24T10:30:00");
    assert!(reader.notices()[0].message().contains("2 gaps"), "{:?}", reader.notices());
    let whole = open(&open_bci(1200, 4, |_| false));
    assert_eq!((starts(&whole), events(&whole)), (vec![(0, 0)], vec![("3".to_owned(), 700)]));
}

#[test]
fn files_of_older_open_bci_versions_have_no_names_and_count_in_twos() {
    let mut text = "%OpenBCI Raw EEG Data\n%\n%Sample Rate = 125.0 Hz\n%Number of channels = 2\n%First Column = SampleIndex\n".to_owned();
    for sample in (0..600).filter(|sample| *sample != 300) {
        text += &format!(
            "{}, {}, {}, 0.0, 0.1, 0.2, 12:00:00.000, {}\n",
            sample * 2 % 256,
            value(sample, 0),
            value(sample, 1),
            1_608_805_800_000_i64 + sample as i64 * 8
        );
    }
    let reader = open(&text);
    assert_eq!(
        (reader.channels().len(), reader.channels()[0].rate.get(), starts(&reader)),
        (2, 125.0, vec![(0, 0), (300, 301)])
    );
    assert_eq!(samples(&reader, 1)[300], value(301, 1));
}

#[test]
fn mind_monitor_is_known_and_a_loss_behind_late_packets_is_a_gap() {
    let reader = open(&mind_monitor(4000, |_| false));
    assert_eq!((reader.format().as_str(), reader.channels()[0].rate.get()), ("Mind Monitor", 256.0));
    assert_eq!(eeg(&reader), ["TP9", "AF7", "AF8", "TP10"]);
    assert_eq!(starts(&reader), [(0, 0)], "late packets lose nothing");
    assert_eq!(events(&reader), [("/muse/elements/blink".to_owned(), 300)]);
    assert_eq!(samples(&reader, 3)[3999], value(3999, 3));
    let reader = open(&mind_monitor(4000, |sample| (2000..2200).contains(&sample)));
    let found = starts(&reader);
    assert_eq!(found.len(), 2);
    assert!(
        (found[1].0 as i64 - 2000).abs() <= 24 && (found[1].1 - found[1].0 as i64 - 200).abs() <= 24,
        "{found:?}"
    );
    let slow = "TimeStamp,RAW_TP9,Elements\n2020-01-01 00:00:01.000,1,\n2020-01-01 00:00:02.000,2,\n2020-01-01 00:00:03.000,3,\n";
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "slow.csv", slow);
    let said = RecordingReader::open(&path, Strictness::Strict).err().unwrap().to_string();
    assert!(said.contains("1.0 Hz") && said.contains("256"), "{said}");
}

#[test]
fn muselsl_is_known_and_one_lost_sample_is_a_gap() {
    let reader = open(&muselsl(1500, |sample| sample == 700));
    assert_eq!((reader.format().as_str(), eeg(&reader)), ("muselsl", vec!["TP9", "AF7", "AF8", "TP10"]));
    assert_eq!(starts(&reader), [(0, 0), (700, 701)]);
    assert_eq!(events(&reader), [("1".to_owned(), 500)]);
}

#[test]
fn emotiv_pro_is_known_and_its_estimates_are_no_samples() {
    let reader = open(&emotiv(1000, |sample| (400..404).contains(&sample)));
    assert_eq!((reader.format().as_str(), reader.channels()[0].rate.get()), ("EmotivPRO", 128.0));
    assert_eq!((eeg(&reader), starts(&reader)), (vec!["AF3", "T7"], vec![(0, 0), (400, 404)]));
    assert_eq!(events(&reader), [("7".to_owned(), 200)]);
    assert_eq!(samples(&reader, 0)[400], 4200.0 + value(404, 0));
    assert!(reader.notices()[0].message().contains("4 samples that the device estimated"));
}

#[test]
fn any_other_table_is_read_as_its_layout_states() {
    let text = "ms;left;right;note\n0;1,5;-2;\n4;2,5;nan;\n8;3,5;-4;go\n12;4,5;-5;\n";
    let layout = TextLayout {
        rate: Some(250.0),
        unit: Some("mV".to_owned()),
        channels: vec!["right".to_owned(), "left".to_owned()],
        names: vec!["C4".to_owned(), "C3".to_owned()],
        time: Some("ms".to_owned()),
        events: Some("note".to_owned()),
        ..TextLayout::default()
    };
    let reader = stated(text, &layout).unwrap();
    let recording = reader.recording(&[1, 0]).unwrap();
    assert_eq!(recording.samples().row(0).to_vec(), [1500.0, 3500.0, 4500.0]);
    assert_eq!((recording.channels()[1].as_str(), recording.samples()[[1, 2]]), ("C4", -5000.0));
    assert_eq!((starts(&reader), events(&reader)), (vec![(0, 0), (1, 2)], vec![("go".to_owned(), 2)]));
    let bare = TextLayout {
        rate: Some(100.0),
        columns: vec!["Cz".to_owned(), "Pz".to_owned()],
        ..TextLayout::default()
    };
    let reader = stated("# made by hand\n1 2\n3 4\n\n5 6\n", &bare).unwrap();
    assert_eq!((samples(&reader, 1), reader.format().as_str()), (vec![2.0, 4.0, 6.0], "text"));
}

#[test]
fn what_nobody_states_or_contradicts_is_refused_with_what_to_write() {
    let says = |text: &str, layout: &TextLayout, words: &[&str]| {
        let said = stated(text, layout).err().unwrap();
        words.iter().for_each(|word| assert!(said.contains(word), "no {word:?} in: {said}"));
    };
    let rate = |rate| TextLayout { rate: Some(rate), ..TextLayout::default() };
    says("Cz,Pz\n1,2\n", &TextLayout::default(), &["rate", "OpenBCI", "dataset.layout.text"]);
    says("1,2\n3,4\n", &rate(100.0), &["column names", "absent"]);
    says("", &rate(100.0), &["empty"]);
    says("Cz,Pz\n1,2\n3\n5,6\n", &rate(100.0), &["line 3", "1 columns", "leniently"]);
    says("Cz,Pz\n1,2\n3,x4\n", &rate(100.0), &["Pz in line 3", "x4", "a number"]);
    let times = TextLayout { time: Some("t".to_owned()), ..rate(250.0) };
    says("t,Cz\n0.00,1\n0.01,2\n0.02,3\n0.03,4\n", &times, &["100.0 Hz", "250 Hz"]);
    let unknown = TextLayout { channels: vec!["Oz".to_owned()], ..rate(250.0) };
    says("t,Cz\n0,1\n1,2\n", &unknown, &["Oz", "one of t, Cz"]);
    says("Cz,Pz\r1,2\r3,4\r", &rate(100.0), &["carriage return", "line ends of Windows or Linux"]);
    let utf16: Vec<u8> = "\u{feff}Cz\n1\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.csv");
    std::fs::write(&path, utf16).unwrap();
    let said = RecordingReader::open(&path, Strictness::Strict).err().unwrap().to_string();
    assert!(said.contains("UTF-16") && said.contains("UTF-8"), "{said}");
}

#[test]
fn counts_and_times_beyond_all_measure_are_gaps_and_no_overflow() {
    let layout = TextLayout {
        rate: Some(100.0),
        time: Some("t".to_owned()),
        counter: Some("n".to_owned()),
        ..TextLayout::default()
    };
    let mut text = "n,t,Cz\n".to_owned();
    for row in 0..300 {
        let (count, time) = match row {
            100 => ("9e300".to_owned(), "1e300".to_owned()),
            200 => ("-9e300".to_owned(), "-1e300".to_owned()),
            _ => (row.to_string(), format!("{}", f64::from(row) / 100.0)),
        };
        text += &format!("{count},{time},{row}\n");
    }
    let reader = stated(&text, &layout).unwrap();
    assert_eq!((samples(&reader, 0).len(), reader.segments(0).len()), (300, 5));
}

#[test]
fn a_last_line_that_is_cut_short_is_left_out_leniently() {
    let folder = tempfile::tempdir().unwrap();
    let text = muselsl(1200, |_| false);
    let path = write(folder.path(), "cut.csv", &text[..text.len() - 20]);
    assert!(RecordingReader::open(&path, Strictness::Strict).is_err());
    let reader = RecordingReader::open(&path, Strictness::Lenient).unwrap();
    assert_eq!((reader.channels()[0].total_samples, starts(&reader)), (1199, vec![(0, 0)]));
    assert!(reader.notices()[0].refused_when_strict());
}
