//! What the command says: results on standard output, the rest on standard error.

use std::fmt::Arguments;
use std::io::{ErrorKind, IsTerminal, Write};

use crate::exit_code;

/// Writes a line of results.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::results(format_args!("{}\n", format_args!($($text)*))) };
}

/// Writes a line beside the results; where nobody reads it, nothing is lost.
macro_rules! tell {
    ($($text:tt)*) => { $crate::say::beside(format_args!("{}\n", format_args!($($text)*))) };
}

pub(crate) use {say, tell};

/// Writes results as they are. Where the reader has gone, as `head` does after ten lines, the work is done and the command
/// ends; where they cannot be written, it fails.
#[allow(clippy::disallowed_methods, reason = "nobody is left to return a result to")]
pub(crate) fn results(text: Arguments<'_>) {
    let Err(error) = std::io::stdout().lock().write_fmt(text) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(exit_code::NOBODY_READS.into());
    }
    tell!("standard output cannot be written: {error}; write to a disk with room, or read the run folder");
    std::process::exit(exit_code::INPUT.into());
}

/// Writes text on standard error.
pub(crate) fn beside(text: Arguments<'_>) {
    let _ = std::io::stderr().lock().write_fmt(text);
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
    if !std::io::stdout().is_terminal() {
        return text.to_owned();
    }
    let width = usize::from(console::Term::stdout().size().1).max(40);
    shown(text, width, console::colors_enabled())
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

/// A sentence as lines no wider than the terminal; rows of a table, with two spaces between columns, stay whole.
fn broken(line: &str, width: usize) -> Vec<String> {
    if line.chars().count() <= width || line.trim_start().contains("  ") {
        return vec![line.to_owned()];
    }
    let mut lines: Vec<String> = Vec::new();
    let inset = line.len() - line.trim_start().len();
    let mut current = " ".repeat(inset);
    for word in line.split_whitespace() {
        let room = current.chars().count() + 1 + word.chars().count();
        if !current.trim().is_empty() && room > width {
            lines.push(std::mem::replace(&mut current, " ".repeat(inset + 2)));
        }
        if !current.trim().is_empty() {
            current.push(' ');
        }
        current.push_str(word);
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
    fn failed_audits_and_leaks_are_red_and_nothing_is_coloured_unless_asked() {
        let text = "encoder  4.0\nAudits that failed\n  mains: 3 %\nNote: few people";
        assert_eq!(shown(text, 80, false), text);
        let coloured = shown(text, 80, true);
        assert_eq!(coloured.matches("\u{1b}[31m").count(), 2, "{coloured:?}");
        assert_eq!(console::strip_ansi_codes(&coloured), text);
    }
}
