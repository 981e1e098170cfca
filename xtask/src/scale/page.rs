//! The page: tables of what was measured, the exponents, and the cohort on paper.

use std::fmt::Write;

use super::fit::exponent;
use super::identify::{DIMENSIONS, Identified};
use super::measure::{Host, Measured};
use super::paper::{self, BYTES, PEOPLE, SESSIONS, SHARD_HOURS, WORKER, compares};
use super::{STAGES, Size};

const HEAD: &str = "\
# How time and memory grow

Written by `cargo xtask scale`; every number below comes from that command. Synthetic cohorts of 2 sessions of 60 s with 8 channels at
160 Hz go through the default plan, with all baselines and audits; each stage is a process of its own. An exponent of 1 means that
twice the people take twice as much, 2 four times as much, 0 the same.
";

/// The page in Markdown.
pub(crate) fn text(host: &Host, note: Option<&str>, sizes: &[Size], identified: &[Identified]) -> String {
    let mut page = HEAD.to_owned();
    let machine = format!(
        "\nMachine: {}, {} cores, {:.0} GiB of memory; {:.1} other processes wanted a core in the minute before.",
        host.processor,
        host.cores,
        host.memory as f64 / (1u64 << 30) as f64,
        host.load
    );
    page += &machine;
    page += &note.map_or_else(String::new, |note| format!(" {note}"));
    let run: Vec<String> = sizes.iter().map(|size| size.people.to_string()).collect();
    page += &format!(" Cohorts that were run: {} people.\n", run.join(", "));
    page += &table(sizes, "Seconds", |measured| measured.seconds, 1);
    page += &table(sizes, "Seconds of processor, all threads together", |measured| measured.processor, 1);
    page += &table(sizes, "Memory at its peak, in MB", |measured| measured.peak as f64 / 1e6, 0);
    page += &identification(identified);
    page + &on_paper(sizes)
}

fn table(sizes: &[Size], title: &str, value: fn(&Measured) -> f64, decimals: usize) -> String {
    let mut text = format!("\n## {title}\n\n| stage |");
    sizes.iter().for_each(|size| text += &format!(" {} people |", size.people));
    text += &format!(" exponent |\n| --- |{}\n", " ---: |".repeat(sizes.len() + 1));
    for (at, stage) in STAGES.iter().enumerate() {
        let points: Vec<(f64, f64)> =
            sizes.iter().map(|size| (size.people as f64, value(&size.stages[at]))).collect();
        let _ = write!(text, "| {stage} |");
        points.iter().for_each(|(_, y)| text += &format!(" {y:.decimals$} |"));
        let _ = match points.len() {
            0 | 1 => writeln!(text, " |"),
            _ => writeln!(text, " {:.2} |", exponent(&points)),
        };
    }
    if title == "Seconds" {
        let _ = write!(text, "| together |");
        let sum = |size: &Size| size.stages.iter().map(value).sum::<f64>();
        sizes.iter().for_each(|size| text += &format!(" {:.decimals$} |", sum(size)));
        let points: Vec<(f64, f64)> = sizes.iter().map(|size| (size.people as f64, sum(size))).collect();
        let _ = writeln!(text, " {:.2} |", exponent(&points));
    }
    text
}

fn identification(galleries: &[Identified]) -> String {
    if galleries.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "
## One person among many

Made-up prints of {DIMENSIONS} numbers, one a person, are enrolled from a table of text with `enroll`, without `--threshold`: nobody is looked for
under another name, which would compare everybody with everybody. `identify` then opens the gallery and finds one of them by a print not quite
as enrolled.

| people | gallery, MB | enroll, s | its memory, MB | identify, s | its memory, MB |
| ---: | ---: | ---: | ---: | ---: | ---: |
"
    );
    for one in galleries {
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.1} | {:.0} | {:.1} | {:.0} |",
            one.people,
            megabytes(one.bytes),
            one.enrol.seconds,
            megabytes(one.enrol.peak),
            one.identify.seconds,
            megabytes(one.identify.peak)
        );
    }
    text
}

fn on_paper(sizes: &[Size]) -> String {
    if sizes.len() < 2 {
        return String::new();
    }
    let paper = paper::of(sizes);
    let mut text = format!(
        "
## On paper, from those rates: {PEOPLE:.0} people, {SESSIONS:.0} sessions, {:.0} TB

Nobody has run this here. Straight lines through what was measured are carried on: seconds of processor and memory over the bytes of
recordings, and for `evaluate` and `report`, which compare people, over pairs of people and over people. A session is {:.0} MB there
and {:.2} MB here, so the lines reach far beyond what stands behind them. All sessions here are of one length, so that what grows with their
number cannot be told from what grows with their bytes: of the first three stages the memory below is the most that it can be.

- Bytes read once: {:.0} TB of recordings; the epochs cut from them take {:.1} TB as they are stored here.
- Shards: {:.0}, of {SHARD_HOURS:.0} core-hour of preprocessing each.

| stage | core-hours | memory of one process | reaches {:.0} GiB at |
| --- | ---: | ---: | ---: |
",
        BYTES / 1e12,
        BYTES / SESSIONS / 1e6,
        sizes.last().map_or(0.0, |size| size.bytes as f64 / (2 * size.people) as f64 / 1e6),
        BYTES / 1e12,
        paper.epochs / 1e12,
        paper.shards,
        WORKER / (1u64 << 30) as f64,
    );
    for stage in &paper.stages {
        let at = match stage.breaks_at {
            None => "does not grow".to_owned(),
            Some(people) if compares(stage.name) => format!("{people:.0} people"),
            Some(bytes) => format!("{:.1} GB of recordings", bytes / 1e9),
        };
        let _ = writeln!(
            text,
            "| {} | {:.1} | {:.1} GB | {at} |",
            stage.name,
            stage.core_hours,
            stage.memory / 1e9
        );
    }
    // The share of the whole cohort at which a stage no longer fits.
    let share = |stage: &&paper::Stage| {
        let whole = if compares(stage.name) { PEOPLE } else { BYTES };
        stage.breaks_at.map_or(f64::INFINITY, |at| at / whole)
    };
    let first = paper.stages.iter().min_by(|a, b| share(a).total_cmp(&share(b)));
    match first.filter(|stage| share(stage) < 1.0) {
        Some(stage) => {
            let _ = writeln!(
                text,
                "\nIt first breaks in `{}`, whose one process holds {:.0} GiB at {:.2} % of this cohort.",
                stage.name,
                WORKER / (1u64 << 30) as f64,
                100.0 * share(&stage)
            );
        }
        None => text += "\nNo stage outgrows a worker on this cohort.\n",
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_what_was_measured_and_where_it_breaks() {
        let size = |people: usize| {
            let n = people as f64;
            let measured = Measured { seconds: n / 10.0, processor: n / 6.0, peak: (1e8 + 1e6 * n) as u64 };
            let bytes = people as u64 * 300_000;
            Size { people, bytes, epoch_bytes: bytes, stages: vec![measured; STAGES.len()] }
        };
        let host = Host { processor: "a processor".to_owned(), cores: 2, memory: 24 << 30, load: 3.0 };
        let took = size(20).stages[0];
        let among = Identified { people: 100_000, bytes: 60_000_000, enrol: took, identify: took };
        let page = text(&host, Some("Others worked on it."), &[size(20), size(80)], &[among]);
        for part in [
            "a processor, 2 cores, 24 GiB",
            "Others worked on it. Cohorts that were run: 20, 80 people.",
            "| preprocess | 2.0 | 8.0 | 1.00 |",
            "| together | 10.0 | 40.0 | 1.00 |",
            "| embed | 120 | 180 |",
            "| 100000 | 60 | 2.0 | 120 | 2.0 | 120 |",
            "15000 people, 28000 sessions, 10 TB",
            "It first breaks in `preprocess`",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!text(&host, None, &[size(20)], &[]).contains("On paper"));
    }
}
