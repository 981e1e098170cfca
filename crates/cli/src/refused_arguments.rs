//! What is wrong with the words of a command line, in the project's own sentences: what, where, and what to write.

use std::fmt::Write;

use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::arguments::Arguments;

/// The sentence for arguments that are refused; nothing for help and version, which are no errors.
pub(crate) fn sentence(error: &clap::Error) -> Option<String> {
    let one = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) if !texts.is_empty() => Some(texts.join(" ")),
        Some(ContextValue::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let (option, value) = (one(ContextKind::InvalidArg), one(ContextKind::InvalidValue));
    // `--threads <N>` is called --threads.
    let option = option.as_deref().and_then(|words| words.split(' ').next()).unwrap_or("the command");
    let shown = value.clone().unwrap_or_default();
    let mut said = match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => return None,
        ErrorKind::InvalidValue if shown.is_empty() => format!("{option} has no value: write one behind it"),
        ErrorKind::InvalidValue => format!("{option} cannot be {shown:?}"),
        ErrorKind::ValueValidation => {
            let reason = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
            format!("{option} cannot be {shown:?}: {reason}")
        }
        ErrorKind::UnknownArgument => match option.starts_with('-') {
            true => format!("there is no option {option} here"),
            false => format!(
                "there is no place for {option:?} here: one word less, or quotes around a name with spaces"
            ),
        },
        ErrorKind::InvalidSubcommand => {
            let name = one(ContextKind::InvalidSubcommand).unwrap_or_default();
            format!("there is no command {name:?}")
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = match error.get(ContextKind::InvalidArg) {
                Some(ContextValue::Strings(missing)) => missing.as_slice(),
                _ => &[],
            };
            format!("{} {} missing", missing.join(" and "), if missing.len() == 1 { "is" } else { "are" })
        }
        ErrorKind::ArgumentConflict => match one(ContextKind::PriorArg) {
            Some(other) if other.split(' ').next() == Some(option) => {
                format!("{option} is written twice: write it once")
            }
            Some(other) => {
                format!("{option} and {other} cannot be asked for together: leave one of the two out")
            }
            None => format!("{option} cannot be asked for beside the others: leave it out"),
        },
        ErrorKind::NoEquals => format!("{option} needs an equals sign before its value, as in --name=value"),
        ErrorKind::TooManyValues => format!("{option} has no place for {shown:?}: leave it out"),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            let wanted = one(ContextKind::ExpectedNumValues).or_else(|| one(ContextKind::MinValues));
            format!("{option} needs {} values", wanted.unwrap_or_else(|| "more".to_owned()))
        }
        ErrorKind::InvalidUtf8 => {
            "a word of the command is not written in UTF-8: rename the file, or write its folder".to_owned()
        }
        ErrorKind::MissingSubcommand => "a command is missing".to_owned(),
        _ => return Some(error.to_string()),
    };
    let near = [ContextKind::SuggestedArg, ContextKind::SuggestedValue, ContextKind::SuggestedSubcommand];
    if let Some(near) = near.into_iter().find_map(one) {
        let _ = write!(said, ". Did you mean {near}?");
    }
    if let Some(ContextValue::Strings(choices)) = error.get(ContextKind::ValidValue)
        && !choices.is_empty()
    {
        let stop = if said.ends_with('?') { "" } else { "." };
        let _ = write!(said, "{stop} Choose from {}", choices.join(", "));
    }
    let usage = match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(text)) => text.to_string(),
        _ => String::new(),
    };
    let usage = usage.trim().trim_start_matches("Usage: ").trim();
    if !usage.is_empty() {
        let _ = write!(said, "\n\n  it is called as\n    {usage}");
    }
    let _ = write!(
        said,
        "\n  {} --help says more",
        called(std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()))
    );
    Some(said)
}

/// The command as far as its name goes: `twinprint cache ls` of `twinprint cache ls DIR`.
fn called(words: impl Iterator<Item = String>) -> String {
    let program = Arguments::command();
    let (mut at, mut name) = (&program, program.get_name().to_owned());
    for word in words {
        if let Some(command) = at.find_subcommand(&word) {
            (at, name) = (command, format!("{name} {word}"));
        }
    }
    name
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may stop")]
mod tests {
    use clap::Parser;

    use super::*;

    /// Every option of every command that takes one of a list.
    fn listed(command: &clap::Command, path: &[String], found: &mut Vec<(Vec<String>, Vec<String>)>) {
        for argument in command.get_arguments() {
            let choices: Vec<String> =
                argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
            if let (Some(name), true) =
                (argument.get_long(), choices.len() > 1 && argument.get_action().takes_values())
            {
                found.push(([path, &[format!("--{name}")]].concat(), choices));
            }
        }
        for below in command.get_subcommands() {
            listed(below, &[path, &[below.get_name().to_owned()]].concat(), found);
        }
    }

    fn said(words: &[&str]) -> String {
        let all = std::iter::once("twinprint").chain(words.iter().copied());
        sentence(&Arguments::try_parse_from(all).unwrap_err()).unwrap()
    }

    #[test]
    fn a_value_that_is_not_in_its_list_is_answered_with_the_list() {
        let (mut options, program) = (Vec::new(), Arguments::command());
        listed(&program, &[], &mut options);
        assert!(options.len() >= 3, "{options:?}");
        for (words, choices) in options {
            let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
            let option = *words.last().unwrap();
            words.push("nothing-such");
            let said = said(&words);
            let expected = format!("{option} cannot be \"nothing-such\". Choose from {}", choices.join(", "));
            assert!(said.starts_with(&expected), "{said}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_a_way_on() {
        for (words, expected) in [
            (&["run"][..], "<PIPELINE.toml> is missing"),
            (&["run", "a.toml", "b"], "there is no place for \"b\" here"),
            (
                &["run", "a.toml", "--devise", "cpu"],
                "there is no option --devise here. Did you mean --device?",
            ),
            (&["run", "a.toml", "--device"], "--device has no value: write one behind it"),
            (
                &["run", "a.toml", "--executor", "slurmm"],
                "--executor cannot be \"slurmm\". Did you mean slurm? Choose from local, slurm",
            ),
            (
                &["run", "a.toml", "--threads", "a"],
                "--threads cannot be \"a\": write a whole number, such as 5",
            ),
            (&["run", "a.toml", "--quiet=3"], "--quiet has no place for \"3\": leave it out"),
            (&["run", "a.toml", "--out", "a", "--out", "b"], "--out is written twice: write it once"),
            (&["evaluat"], "there is no command \"evaluat\". Did you mean evaluate?"),
            (&["diff", "a"], "<SECOND> is missing"),
        ] {
            let said = said(words);
            assert!(said.starts_with(expected), "{words:?}: {said}");
            assert!(said.ends_with(" --help says more"), "{said}");
            assert!(!said.contains("error:") && !said.contains("tip:"), "{said}");
        }
    }

    #[test]
    fn help_is_no_error() {
        for words in [["twinprint", "--help"], ["twinprint", "--version"]] {
            assert_eq!(sentence(&Arguments::try_parse_from(words).unwrap_err()), None);
        }
    }

    #[test]
    fn the_command_that_was_called_is_named() {
        let called = |words: &[&str]| called(words.iter().map(|&word| word.to_owned()));
        assert_eq!(called(&["cache", "ls", "DIR"]), "twinprint cache ls");
        assert_eq!(called(&["--quiet", "run", "x"]), "twinprint run");
        assert_eq!(called(&["frobnicate"]), "twinprint");
    }
}
