//! A folder's layout, guessed from the names of its files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use walkdir::WalkDir;

use crate::error::DatasetError;
use crate::layout::{below, is_recording_name};
use crate::plan::{Bids, Layout, Pattern, Plan};
use crate::{Dataset, discover};

/// How deep below the folder files are looked for.
const DEEPEST: usize = 8;
/// The share of the names that a pattern must fit to be the folder's.
const MOST: f64 = 0.9;

/// A layout that finds recordings, and what it finds.
#[derive(Debug, Clone)]
pub struct Guess {
    /// The layout.
    pub layout: Layout,
    /// The recordings it finds and what is odd about them.
    pub dataset: Dataset,
    /// The files with the ending of a recording that it does not name.
    pub left_out: Vec<String>,
}

/// Guesses how the files of `root` are named: BIDS-EEG where there are folders `sub-…`, else a pattern made from what is equal and
/// what differs in their names. What varies most is taken for the person.
///
/// ```
/// use twinprint_dataset::{Layout, guess_layout};
///
/// # let folder = tempfile::tempdir()?;
/// # let root = folder.path();
/// for name in ["ann_rest.edf", "ann_task.edf", "ben_rest.edf", "ben_task.edf", "cem_rest.edf", "cem_task.edf"] {
///     std::fs::write(root.join(name), "x")?;
/// }
/// let guess = guess_layout(root)?;
/// let Layout::Pattern(pattern) = guess.layout else { panic!("no pattern") };
/// assert_eq!(pattern.pattern, "{subject}_{recording}.edf");
/// assert_eq!(guess.dataset.subjects().len(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the folder cannot be read, holds no recording of a format that is read, or no pattern fits most of the names.
pub fn guess_layout(root: &Path) -> Result<Guess, DatasetError> {
    if !root.is_dir() {
        return Err(DatasetError::NoRoot(root.to_owned()));
    }
    let bids = Layout::Bids(Bids::default());
    if has_subject_folders(root)
        && let Ok(dataset) = found(root, &bids)
    {
        return Ok(Guess { layout: bids, dataset, left_out: Vec::new() });
    }
    let names = recordings_below(root);
    if names.is_empty() {
        return Err(DatasetError::Empty {
            root: root.to_owned(),
            expected: "no file has the ending of a recording (EDF, BDF, BrainVision .vhdr, EEGLAB .set)"
                .to_owned(),
            found: instead(root),
        });
    }
    let guesses = [Grain::Words, Grain::Runs]
        .map(|grain| pattern(&names, grain).and_then(|text| fitted(root, &names, text)));
    // Whole words keep people's names as they are written; letters and digits are parted where only so a person has several recordings.
    let best = guesses
        .into_iter()
        .flatten()
        .reduce(|words, runs| if several(&runs.dataset) > several(&words.dataset) { runs } else { words });
    best.ok_or_else(|| DatasetError::Empty {
        root: root.to_owned(),
        expected: "no one pattern fits the names of its files".to_owned(),
        found: format!(
            "recordings there: {}; give them names of one form, as in ann_rest.edf, ann_task.edf, or sort them into folders of one form",
            crate::dataset::some_of(&names)
        ),
    })
}

fn found(root: &Path, layout: &Layout) -> Result<Dataset, DatasetError> {
    discover(&Plan { root: root.to_owned(), layout: layout.clone(), ..Plan::default() })
}

fn has_subject_folders(root: &Path) -> bool {
    let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
    entries
        .into_iter()
        .any(|entry| entry.file_name().to_string_lossy().starts_with("sub-") && entry.path().is_dir())
}

/// The paths of the files with the ending of a recording, below the folder.
fn recordings_below(root: &Path) -> Vec<String> {
    let entries = WalkDir::new(root).max_depth(DEEPEST).follow_links(true).sort_by_file_name();
    let files = entries.into_iter().flatten().filter(|entry| !entry.file_type().is_dir());
    files.map(|entry| below(root, entry.path())).filter(|name| is_recording_name(name)).collect()
}

/// What to do where no file is a recording by its ending.
fn instead(root: &Path) -> String {
    let entries = WalkDir::new(root).max_depth(DEEPEST).follow_links(true).sort_by_file_name();
    let names = entries.into_iter().flatten().filter(|entry| entry.file_type().is_file());
    let text: Vec<String> = names
        .map(|entry| below(root, entry.path()))
        .filter(|name| [".txt", ".csv", ".tsv"].iter().any(|ending| name.to_lowercase().ends_with(ending)))
        .collect();
    if text.is_empty() {
        return "give the folder that holds them".to_owned();
    }
    format!(
        "recordings as text are not guessed at: if these are some, write a pipeline with layout = {{ kind = \"pattern\", pattern = \"...\" }}, \
         as docs/guide/other-peoples-files.md shows, and look at one with `twinprint inspect`: {}",
        crate::dataset::some_of(&text)
    )
}

/// People with more than one recording.
fn several(dataset: &Dataset) -> usize {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for recording in &dataset.recordings {
        *counts.entry(recording.key.subject.as_str()).or_default() += 1;
    }
    counts.values().filter(|count| **count > 1).count()
}

/// The layout of a pattern, where it finds most of the names without taking two files for one recording.
fn fitted(root: &Path, names: &[String], pattern: String) -> Option<Guess> {
    let layout = Layout::Pattern(Pattern { pattern, ..Pattern::default() });
    let dataset = found(root, &layout).ok()?;
    let paths: BTreeSet<String> =
        dataset.recordings.iter().map(|recording| below(root, &recording.path)).collect();
    let left_out: Vec<String> = names.iter().filter(|name| !paths.contains(*name)).cloned().collect();
    (paths.len() as f64 >= MOST * names.len() as f64).then_some(Guess { layout, dataset, left_out })
}

/// What a name is cut into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grain {
    /// Words between separators: `Subject00`, `_`, `1`.
    Words,
    /// Runs of letters and of digits: `S`, `001`, `R`, `03`.
    Runs,
}

/// A pattern for the form that most of the names have.
fn pattern(names: &[String], grain: Grain) -> Option<String> {
    let mut forms: BTreeMap<Vec<String>, Vec<Vec<String>>> = BTreeMap::new();
    for name in names {
        let (stem, ending) = name.rsplit_once('.')?;
        let tokens = tokens(stem, grain);
        // Of the form belong the separators, the kinds of the other tokens where runs are told apart, and the ending.
        let kind = |token: &String| match (is_separator(token), grain) {
            (true, _) => token.clone(),
            (false, Grain::Words) => "w".to_owned(),
            (false, Grain::Runs) => {
                if token.starts_with(|c: char| c.is_ascii_digit()) { "9" } else { "a" }.to_owned()
            }
        };
        let form = tokens.iter().map(kind).chain([format!(".{ending}")]).collect();
        forms.entry(form).or_default().push(tokens);
    }
    let (form, rows) = forms.into_iter().max_by_key(|(_, rows)| rows.len())?;
    let ending = form.last()?.clone();
    let holes = holes(&rows)?;
    let mut text = String::new();
    for (column, token) in rows.first()?.iter().enumerate() {
        match holes.get(&column) {
            Some(name) => text += &format!("{{{name}}}"),
            None if token.contains(['{', '}']) => return None,
            None => text += token,
        }
    }
    Some(text + &ending)
}

fn is_separator(token: &str) -> bool {
    token.chars().all(|c| !c.is_alphanumeric())
}

fn tokens(stem: &str, grain: Grain) -> Vec<String> {
    #[derive(PartialEq, Clone, Copy)]
    enum Class {
        Letter,
        Digit,
        Other(char),
    }
    let class = |c: char| match c {
        c if c.is_ascii_digit() && grain == Grain::Runs => Class::Digit,
        c if c.is_alphanumeric() => Class::Letter,
        c => Class::Other(c),
    };
    let mut tokens: Vec<String> = Vec::new();
    let mut last = None;
    for c in stem.chars() {
        if last == Some(class(c)) {
            if let Some(token) = tokens.last_mut() {
                token.push(c);
            }
        } else {
            tokens.push(c.to_string());
        }
        last = Some(class(c));
    }
    tokens
}

/// The placeholder of each column in which the names differ; nothing where they differ in too many ways.
fn holes(rows: &[Vec<String>]) -> Option<BTreeMap<usize, &'static str>> {
    let columns = rows.first()?.len();
    let values = |column: usize| -> Vec<&str> { rows.iter().map(|row| row[column].as_str()).collect() };
    let count = |column: usize| values(column).into_iter().collect::<BTreeSet<_>>().len();
    // Columns that always hold the same text as one before them share its placeholder.
    let mut varying: Vec<usize> = Vec::new();
    let mut same_as: BTreeMap<usize, usize> = BTreeMap::new();
    for column in (0..columns).filter(|&column| count(column) > 1) {
        match varying.iter().find(|&&before| values(before) == values(column)) {
            Some(&before) => {
                same_as.insert(column, before);
            }
            None => varying.push(column),
        }
    }
    // What stands before a column says what it is: `sub-01`, `ses1`, `run_2`.
    let before = |column: usize| -> String {
        let text: String = rows[0][..column]
            .iter()
            .rev()
            .take(2)
            .map(String::as_str)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        text.to_lowercase()
    };
    let named = |column: usize, words: &[&str]| {
        let text = before(column);
        let text = text.trim_end_matches(|c: char| !c.is_alphanumeric());
        let all_begin =
            |word: &str| values(column).iter().all(|value| value.to_lowercase().starts_with(word));
        words.iter().any(|word| text.ends_with(word) || all_begin(word))
    };
    let people = ["sub", "subj", "subject", "participant", "person", "patient", "user"];
    let subject = match varying.iter().find(|&&column| named(column, &people)) {
        Some(&column) => column,
        // Of columns with equally many values the first.
        None => *varying.iter().rev().max_by_key(|&&column| count(column))?,
    };
    let mut holes = BTreeMap::from([(subject, "subject")]);
    for column in varying.into_iter().filter(|&column| column != subject) {
        let given = |name: &str, holes: &BTreeMap<usize, &str>| holes.values().any(|used| *used == name);
        let wanted = if named(column, &["ses", "sess", "session", "visit", "day"]) {
            "session"
        } else if named(column, &["run"]) {
            "run"
        } else if named(column, &["task"]) {
            "task"
        } else {
            "recording"
        };
        let free = [wanted, "recording", "task", "run"].into_iter().find(|name| !given(name, &holes))?;
        holes.insert(column, free);
    }
    for (column, before) in same_as {
        if let Some(name) = holes.get(&before).copied() {
            holes.insert(column, name);
        }
    }
    // Two placeholders with nothing between them cannot be told apart.
    let touching = holes.keys().zip(holes.keys().skip(1)).any(|(a, b)| a + 1 == *b);
    (!touching).then_some(holes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(names: &[&str]) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        match guess_layout(folder.path()).ok()?.layout {
            Layout::Pattern(pattern) => Some(pattern.pattern),
            Layout::Bids(_) => Some("bids".to_owned()),
            Layout::Manifest { .. } => None,
        }
    }

    fn names(of: impl Fn(usize, usize) -> String) -> Vec<String> {
        (0..6).flat_map(|person| (1..3).map(move |other| (person, other))).map(|(p, o)| of(p, o)).collect()
    }

    fn of(make: impl Fn(usize, usize) -> String) -> String {
        let names = names(make);
        guessed(&names.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn common_forms_of_names_are_read() {
        let task = |o: usize| ["", "rest", "task"][o];
        assert_eq!(of(|p, o| format!("Subject{p:02}_{o}.edf")), "{subject}_{recording}.edf");
        assert_eq!(of(|p, o| format!("S{p:03}R{o:02}.edf")), "S{subject}R{recording}.edf");
        assert_eq!(of(|p, o| format!("{}/{p}.bdf", task(o))), "{recording}/{subject}.bdf");
        assert_eq!(of(|p, o| format!("person{p}/{}.vhdr", task(o))), "{subject}/{recording}.vhdr");
        assert_eq!(
            of(|p, o| format!("p{p}/session{o}/p{p}_eeg.set")),
            "{subject}/{session}/{subject}_eeg.set"
        );
        assert_eq!(of(|p, o| format!("sub-0{p}_ses-{o}_eeg.edf")), "sub-{subject}_ses-{session}_eeg.edf");
        assert_eq!(of(|p, o| format!("sub-0{p}/ses-{o}/eeg/sub-0{p}_ses-{o}_task-rest_eeg.edf")), "bids");
    }

    #[test]
    fn one_recording_a_person_needs_nothing_but_the_person() {
        assert_eq!(guessed(&["anna.edf", "ben.edf", "chris.edf"]).unwrap(), "{subject}.edf");
    }

    #[test]
    fn names_without_a_common_form_are_refused_with_what_is_there() {
        assert!(guessed(&["a.edf", "b_1_x.edf", "c-2.bdf", "d d d.set"]).is_none());
        let empty = tempfile::tempdir().unwrap();
        let text = guess_layout(empty.path()).unwrap_err().to_string();
        assert!(text.contains("ending of a recording") && text.contains("give the folder"), "{text}");
    }
}
