//! A pipeline's text, what it extends, where a key stands, and the changes asked for on the command line.

use std::path::{Path, PathBuf};

use toml::Table;

use crate::RunError;
use crate::config::Config;
use crate::lines::{key_at, line_in, line_of};
use crate::words;

/// The key by which a pipeline names the one it extends.
pub(crate) const EXTENDS: &str = "extends";
/// Keys that say which of several choices a table is of: another choice has other keys, so it replaces the table whole.
const CHOICES: [&str; 3] = ["name", "kind", "method"];
/// Tables that are one choice of several without a key that says which.
const WHOLE: [&str; 3] = ["preprocess.epochs", "preprocess.reference", "preprocess.scale"];

/// A pipeline's text, where it came from, and the changes asked for on the command line.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file the text was read from, for messages and for paths relative to it.
    pub path: PathBuf,
    /// What the file says, as it was written.
    pub text: String,
    /// `key.path=value` pairs, applied in order.
    pub overrides: Vec<(String, String)>,
    /// What it extends, the nearest first: file and text.
    pub bases: Vec<(PathBuf, String)>,
}

impl Source {
    /// A pipeline of a text that extends nothing; `path` is the file it is read from or would be in.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into(), overrides: Vec::new(), bases: Vec::new() }
    }

    /// Reads a pipeline file and those it extends.
    ///
    /// # Errors
    /// When a file cannot be read as UTF-8 text, files extend one another in a circle, or an override is not of the form
    /// `key.path=value`.
    pub fn read(path: &Path, overrides: &[String]) -> Result<Self, RunError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let why = match error.kind() {
                std::io::ErrorKind::NotFound => "there is no such pipeline".to_owned(),
                _ => format!("this pipeline cannot be read: {error}"),
            };
            RunError::invalid(path.display().to_string(), format!("{why}; {}", pipelines_beside(path)))
        })?;
        let overrides = overrides
            .iter()
            .map(|given| match given.split_once('=') {
                Some((key, value)) if !key.trim().is_empty() => {
                    Ok((key.trim().to_owned(), value.trim().to_owned()))
                }
                _ => Err(RunError::option(
                    format!("--set {given}"),
                    "it must read key.path=value, as in encoder.optimiser.steps=100",
                )),
            })
            .collect::<Result<_, _>>()?;
        let bases = bases(path, &text)?;
        Ok(Self { path: path.to_owned(), text, overrides, bases })
    }

    /// The pipeline as a run reads it, the defaults filled in.
    ///
    /// # Errors
    /// When a text is not TOML, a key is unknown or missing, or a value is none that the key may have; the message names the file
    /// and the line, or the option that set it.
    pub fn parse(&self) -> Result<Config, RunError> {
        let text = self.written_out()?;
        toml::from_str(&text).map_err(|error| {
            let said = words::plain(error.message());
            let root = error.message().starts_with("missing field")
                && error.span().is_none_or(|span| span.start == 0);
            let at = error.span().filter(|_| !root).map(|span| key_at(&text, span.start)).unwrap_or_default();
            let shown = if at.is_empty() { said } else { format!("{at}: {said}") };
            RunError::invalid(self.place(&at), shown)
        })
    }

    /// The text of a pipeline that needs no other: its own, or where it extends others or changes were asked for, all in one.
    ///
    /// # Errors
    /// When a text is not TOML, or a change cannot be made.
    pub fn written_out(&self) -> Result<String, RunError> {
        if self.bases.is_empty() && self.overrides.is_empty() {
            parsed(&self.path, &self.text)?;
            return Ok(self.text.clone());
        }
        let table = self.table()?;
        toml::to_string(&table).map_err(|error| RunError::invalid(self.path.display(), error))
    }

    /// The text that a run folder keeps: as it is written, or where it extends others, with all of them in one.
    pub(crate) fn kept(&self) -> Result<String, RunError> {
        if self.bases.is_empty() {
            return Ok(self.text.clone());
        }
        let alone = Self { overrides: Vec::new(), ..self.clone() };
        let names: Vec<String> = self.bases.iter().map(|(path, _)| path.display().to_string()).collect();
        let head = format!("# {}, with what it extends: {}\n\n", self.path.display(), names.join(", "));
        Ok(head + &alone.written_out()?)
    }

    /// The pipeline as a table of TOML, what it extends filled in and the changes asked for applied.
    ///
    /// # Errors
    /// As [`Source::written_out`].
    pub(crate) fn table(&self) -> Result<Table, RunError> {
        let mut table = Table::new();
        let own = (&self.path, &self.text);
        for (path, text) in self.bases.iter().rev().map(|(path, text)| (path, text)).chain([own]) {
            let mut above = parsed(path, text)?;
            above.remove(EXTENDS);
            extend(&mut table, above, "");
        }
        for (key, value) in &self.overrides {
            set(&mut table, key, parse_value(value))
                .map_err(|reason| RunError::option(format!("--set {key}={value}"), reason))?;
        }
        Ok(table)
    }

    /// Where `key.path` was set, for an error about it: the option, or the file and line on which it or else the nearest table
    /// above it stands, or the file.
    pub(crate) fn place(&self, key: &str) -> String {
        let below =
            |one: &str, other: &str| one.strip_prefix(other).is_some_and(|rest| rest.starts_with('.'));
        let about = |given: &str| given == key || below(key, given);
        if let Some((given, value)) = self.overrides.iter().rev().find(|(given, _)| about(given)) {
            return format!("--set {given}={value}");
        }
        let mut key = key;
        loop {
            if let Some((path, line)) = self.stands(key) {
                return format!("{}:{line}", path.display());
            }
            let Some((above, _)) = key.rsplit_once('.') else { return self.path.display().to_string() };
            key = above;
        }
    }

    /// The file and the line that set `key.path`, the pipeline's own before those it extends.
    fn stands(&self, key: &str) -> Option<(&Path, usize)> {
        let own = line_in(&self.text, key).map(|line| (self.path.as_path(), line));
        own.or_else(|| {
            self.bases.iter().find_map(|(path, text)| line_in(text, key).map(|line| (path.as_path(), line)))
        })
    }

    /// Whether a file or an override sets `key.path`.
    pub fn sets(&self, key: &str) -> bool {
        self.overrides.iter().any(|(given, _)| given == key) || self.stands(key).is_some()
    }

    /// Whether a file sets `key.path`.
    pub(crate) fn sets_here(&self, key: &str) -> bool {
        self.stands(key).is_some()
    }

    /// Whether a file or an override sets `key.path` or a key below it.
    pub(crate) fn sets_below(&self, key: &str) -> bool {
        let below = format!("{key}.");
        self.sets(key) || self.overrides.iter().any(|(given, _)| given.starts_with(&below))
    }
}

/// The text as a table.
fn parsed(path: &Path, text: &str) -> Result<Table, RunError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        let place =
            line.map_or_else(|| path.display().to_string(), |line| format!("{}:{line}", path.display()));
        let shown = line.and_then(|line| text.lines().nth(line - 1)).unwrap_or_default().trim();
        RunError::invalid(place, format!("this is not TOML: {}, in `{shown}`", words::plain(error.message())))
    })
}

/// The files that a pipeline extends, the nearest first.
fn bases(path: &Path, text: &str) -> Result<Vec<(PathBuf, String)>, RunError> {
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut seen = vec![whole(path)];
    let mut bases: Vec<(PathBuf, String)> = Vec::new();
    let (mut at, mut above) = (path.to_owned(), text.to_owned());
    loop {
        let refuse = |reason: String| {
            let line = line_in(&above, EXTENDS).map_or_else(String::new, |line| format!(":{line}"));
            RunError::invalid(format!("{}{line}", at.display()), reason)
        };
        let name = match parsed(&at, &above)?.remove(EXTENDS) {
            None => return Ok(bases),
            Some(toml::Value::String(name)) => name,
            Some(other) => {
                let reason = format!(
                    "extends = {other}: it must be the name of one pipeline file: write extends = \"base.toml\""
                );
                return Err(refuse(reason));
            }
        };
        let base = at.parent().unwrap_or(Path::new("")).join(&name);
        let text = std::fs::read_to_string(&base).map_err(|error| {
            refuse(format!("extends = {name:?}: {} cannot be read: {error}; a relative path starts at the file that names it", base.display()))
        })?;
        if seen.contains(&whole(&base)) {
            return Err(refuse(format!(
                "extends = {name:?}: the files extend one another in a circle, so none of them is the base; take the key out of one"
            )));
        }
        seen.push(whole(&base));
        bases.push((base.clone(), text.clone()));
        (at, above) = (base, text);
    }
}

/// Puts a pipeline's keys over those it extends: tables key by key, everything else whole.
fn extend(table: &mut Table, above: Table, at: &str) {
    for (key, value) in above {
        let place = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
        match (table.get_mut(&key), value) {
            (Some(toml::Value::Table(there)), toml::Value::Table(new))
                if !WHOLE.contains(&place.as_str()) && same_choice(there, &new) =>
            {
                extend(there, new, &place);
            }
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

fn same_choice(there: &Table, new: &Table) -> bool {
    CHOICES.iter().all(|choice| new.get(*choice).is_none_or(|new| there.get(*choice) == Some(new)))
}

/// The pipelines in a file's folder, for whoever mistyped its name.
fn pipelines_beside(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    names.sort();
    let folder =
        if folder == Path::new(".") { "this folder".to_owned() } else { folder.display().to_string() };
    if names.is_empty() {
        return format!(
            "{folder} has no .toml file: `twinprint init DIR` writes one for a folder of recordings"
        );
    }
    format!("{folder} has {}", names.join(", "))
}

/// A value as TOML where it reads as such, else as a string, so that `name=trial` needs no quotes.
fn parse_value(text: &str) -> toml::Value {
    toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

fn set(table: &mut Table, key: &str, value: toml::Value) -> Result<(), String> {
    let (parents, last) = key.rsplit_once('.').map_or((None, key), |(parents, last)| (Some(parents), last));
    let mut table = table;
    let mut parents = parents.into_iter().flat_map(|parents| parents.split('.')).peekable();
    while let Some(part) = parents.next() {
        let mut entry = table.entry(part).or_insert_with(|| toml::Value::Table(Table::new()));
        // `cohorts.1.weight`: a number after the name of a list of tables counts them.
        if let toml::Value::Array(list) = entry {
            let (count, index) = (list.len(), parents.next().unwrap_or_default());
            entry = index.parse().ok().and_then(|index: usize| list.get_mut(index)).ok_or_else(|| {
                format!("{part} is a list of {count}: write {part}.0 for the first of them, then the key")
            })?;
        }
        table = match entry {
            toml::Value::Table(inner) => inner,
            other => return Err(format!("{part} is a {}, not a table of keys", other.type_str())),
        };
    }
    table.insert(last.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "seed = 2\n[dataset]\nroot = \"cohort\"\n[protocol]\nfolds = 4\ndev_subjects = 2\n[encoder]\nloss = { name = \"triplet\", margin = 0.2 }\n";

    fn files(texts: &[(&str, &str)]) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        texts.iter().for_each(|(name, text)| std::fs::write(place.path().join(name), text).unwrap());
        place
    }

    fn read(place: &tempfile::TempDir, name: &str) -> Result<Config, String> {
        let source = Source::read(&place.path().join(name), &[]).map_err(|error| error.to_string())?;
        source.parse().map_err(|error| error.to_string())
    }

    #[test]
    fn a_pipeline_takes_over_what_it_does_not_set_itself() {
        let own = "extends = \"base.toml\"\nname = \"mine\"\n[protocol]\nfolds = 3\n[encoder]\nloss = { name = \"koch\" }\n";
        let place = files(&[("base.toml", BASE), ("mine.toml", own)]);
        let config = read(&place, "mine.toml").unwrap();
        assert_eq!((config.seed, config.protocol.folds, config.protocol.dev_subjects.of(9)), (2, 3, 2));
        let alone = BASE
            .replace("folds = 4", "folds = 3")
            .replace("{ name = \"triplet\", margin = 0.2 }", "{ name = \"koch\" }");
        assert_eq!(config, Source::new("a.toml", format!("name = \"mine\"\n{alone}")).parse().unwrap());
        // What is written out needs no other file.
        let source = Source::read(&place.path().join("mine.toml"), &["protocol.folds=5".to_owned()]).unwrap();
        let whole = Source::new("a.toml", source.written_out().unwrap()).parse().unwrap();
        assert_eq!(whole, source.parse().unwrap());
        assert_eq!(whole.protocol.folds, 5);
    }

    #[test]
    fn an_error_names_the_file_and_the_line_its_key_came_from() {
        let wrong = BASE.replace("dev_subjects = 2", "dev_subject = 2");
        let place =
            files(&[("base.toml", &wrong), ("mine.toml", "extends = \"base.toml\"\nname = \"mine\"\n")]);
        let said = read(&place, "mine.toml").unwrap_err();
        assert!(
            said.contains("base.toml:6")
                && said.contains("protocol.dev_subject")
                && said.contains("dev_subjects"),
            "{said}"
        );
        let place = files(&[
            ("base.toml", BASE),
            ("mine.toml", "extends = \"base.toml\"\nname = \"mine\"\nseed = \"x\"\n"),
        ]);
        let said = read(&place, "mine.toml").unwrap_err();
        assert!(said.contains("mine.toml:3: seed"), "{said}");
        let source = Source::read(
            &place.path().join("mine.toml"),
            &["seed=3".to_owned(), "protocol.folds=many".to_owned()],
        );
        let said = source.unwrap().parse().unwrap_err().to_string();
        assert!(said.contains("--set protocol.folds=many") && said.contains("whole number"), "{said}");
    }

    #[test]
    fn circles_and_missing_bases_are_refused_where_they_are_named() {
        let place = files(&[
            ("a.toml", "name = \"a\"\nextends = \"b.toml\"\n"),
            ("b.toml", "extends = \"a.toml\"\n"),
        ]);
        let said = read(&place, "a.toml").unwrap_err();
        assert!(said.contains("b.toml:1") && said.contains("circle"), "{said}");
        let place = files(&[("a.toml", "name = \"a\"\nextends = \"b.toml\"\n")]);
        let said = read(&place, "a.toml").unwrap_err();
        assert!(said.contains("a.toml:2") && said.contains("cannot be read"), "{said}");
    }
}
