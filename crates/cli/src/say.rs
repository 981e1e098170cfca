//! What the command says: results on standard output, the rest on standard error.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

use crate::exit_code;

/// Writes a line of results; a terminal gets it broken between words.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::line(&format!($($text)*)) };
}

/// Writes a line beside the results, broken likewise; where nobody reads it, nothing is lost.
macro_rules! tell {
    ($($text:tt)*) => { $crate::say::beside(&format!($($text)*)) };
}

pub(crate) use {say, tell};

/// Writes lines of results. JSON is for programs and stays as it is.
pub(crate) fn line(text: &str) {
    let room = if text.starts_with(['{', '[']) { None } else { room(&console::Term::stdout()) };
    results(format_args!("{}\n", in_room(text, room)));
}

/// The columns of a terminal; nothing where it is none.
fn room(terminal: &console::Term) -> Option<usize> {
    terminal.is_term().then(|| usize::from(terminal.size().1).max(40))
}

/// Every line broken between words where there is no room for it.
fn in_room(text: &str, room: Option<usize>) -> String {
    let Some(width) = room else { return text.to_owned() };
    text.split('\n').flat_map(|line| broken(line, width)).collect::<Vec<_>>().join("\n")
}

/// Writes results as they are. Where the reader has gone, as `head` does after ten lines, the work is done and the command
/// ends; where they cannot be written, it fails.
#[allow(clippy::disallowed_methods, reason = "nobody is left to return a result to")]
pub(crate) fn results(text: Arguments<'_>) {
    let Err(error) = std::io::stdout().lock().write_fmt(text) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(exit_code::NOBODY_READS.into());
    }
    let reason = error.to_string();
    let reason = twinprint_run::plain_reasons(&reason);
    tell!("standard output cannot be written: {reason}; write to a disk with room, or read the run folder");
    std::process::exit(exit_code::INPUT.into());
}

/// Writes lines on standard error.
pub(crate) fn beside(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", in_room(text, room(&console::Term::stderr())));
}

/// What a line of results says, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// What was asked for.
    Strong,
    /// A yes.
    Good,
    /// A no, a failed check, a leak.
    Bad,
    /// What to know before trusting a number.
    Careful,
}

/// The text in the colour of its tone, where standard output is a terminal that wants colours.
pub(crate) fn toned(tone: Tone, text: &str) -> String {
    if console::colors_enabled() { painted(tone, text) } else { text.to_owned() }
}

fn painted(tone: Tone, text: &str) -> String {
    let style = console::Style::new().force_styling(true);
    let style = match tone {
        Tone::Strong => style.bold(),
        Tone::Good => style.green().bold(),
        Tone::Bad => style.red(),
        Tone::Careful => style.yellow(),
    };
    style.apply_to(text).to_string()
}

/// The table a run ends with as a terminal shows it: in colours, and long sentences broken between words. Elsewhere as it is.
pub(crate) fn readable(text: &str) -> String {
    match room(&console::Term::stdout()) {
        Some(width) => shown(text, width, console::colors_enabled()),
        None => text.to_owned(),
    }
}

fn shown(text: &str, width: usize, colours: bool) -> String {
    let mut failed = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        // A list of failed audits goes on with lines that are set in.
        failed = line == "Audits that failed" || (failed && line.starts_with("  "));
        let tone = if line.starts_with("encoder  ") {
            Some(Tone::Strong)
        } else if failed || line.starts_with("LEAKY") {
            Some(Tone::Bad)
        } else if line.starts_with("Note: ") {
            Some(Tone::Careful)
        } else {
            None
        };
        for part in broken(line, width) {
            lines.push(match tone.filter(|_| colours) {
                Some(tone) => painted(tone, &part),
                None => part,
            });
        }
    }
    lines.join("\n")
}

/// A sentence as lines no wider than the terminal. Where it stands behind a name and two spaces or more, its further lines begin
/// below it. Rows of a table whose last column begins in the right half stay whole.
fn broken(line: &str, width: usize) -> Vec<String> {
    let (name, sentence) = match line.rfind("  ") {
        Some(at) if !line[at..].trim().is_empty() => line.split_at(at + 2),
        _ => ("", line),
    };
    let beside = console::measure_text_width(name);
    if console::measure_text_width(line) <= width || beside > width / 2 {
        return vec![line.to_owned()];
    }
    let inset = if name.trim().is_empty() { beside + 2 } else { beside };
    let (mut lines, mut current) = (Vec::new(), name.to_owned());
    let mut begun = false;
    for word in sentence.split_whitespace() {
        let room =
            console::measure_text_width(&current) + usize::from(begun) + console::measure_text_width(word);
        if begun && room > width {
            lines.push(std::mem::replace(&mut current, " ".repeat(inset)));
            begun = false;
        }
        if begun {
            current.push(' ');
        }
        current.push_str(word);
        begun = true;
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_broken_between_words_and_rows_stay_whole() {
        let sentence = "Note: few people are tested here, so that intervals are wide";
        let lines = broken(sentence, 24);
        assert!(lines.len() > 2 && lines.iter().all(|line| line.chars().count() <= 24), "{lines:?}");
        assert_eq!(lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "), sentence);
        let row = "encoder                4.0 [2.9, 5.4]     0.7 [0.1, 4.9]";
        assert_eq!(broken(row, 24), [row]);
        assert_eq!(broken("a-path-that-is-much-longer-than-the-screen", 12).len(), 1);
    }

    #[test]
    fn a_sentence_behind_a_name_goes_on_below_itself() {
        let note = "note        thresholds come from everybody who was tested";
        let lines = broken(note, 40);
        assert_eq!(lines, ["note        thresholds come from", "            everybody who was tested"]);
        let row = "q60-ca263b8f  encoder            13.6 [11.3, 16.2]  +0.1 [-1.0, +1.2]";
        assert_eq!(broken(row, 40), [row]);
        assert_eq!(broken("  note: few people are tested", 20), ["  note: few people", "    are tested"]);
    }

    #[test]
    fn lines_stay_whole_where_nobody_looks_at_a_screen() {
        let text = "a sentence that is longer than any screen that is forty columns wide\nand another";
        assert_eq!(in_room(text, None), text);
        assert!(in_room(text, Some(40)).lines().all(|line| line.len() <= 40));
    }

    #[test]
    fn failed_audits_and_leaks_are_red_and_nothing_is_coloured_unless_asked() {
        let text = "encoder  4.0\nAudits that failed\n  mains: 3 %\nNote: few people";
        assert_eq!(shown(text, 80, false), text);
        let coloured = shown(text, 80, true);
        assert_eq!(coloured.matches("\u{1b}[31m").count(), 2, "{coloured:?}");
        assert_eq!(console::strip_ansi_codes(&coloured), text);
    }
}
