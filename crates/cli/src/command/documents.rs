//! `completions`, `man` and `schema`: what arguments and pipelines say of themselves, for shells, for `man` and for editors.

use std::path::Path;
use std::process::ExitCode;

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::say::{results, say};

/// Prints the completion script of a shell.
pub(crate) fn completions(shell: Shell) -> Result<ExitCode, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "twinprint", &mut text);
    results(format_args!("{}", String::from_utf8_lossy(&text)));
    Ok(ExitCode::SUCCESS)
}

/// Writes a manual page for the command and one for each of its commands.
pub(crate) fn man(folder: &Path) -> Result<ExitCode, Failure> {
    let failed = |error: std::io::Error| {
        Failure::message(format!(
            "{}: the manual pages cannot be written: {error}; give a folder that can be written",
            folder.display()
        ))
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Arguments::command(), folder).map_err(failed)?;
    say!("manual pages in {}; read one with man {}", folder.display(), folder.join("twinprint.1").display());
    Ok(ExitCode::SUCCESS)
}

/// Prints what a pipeline may hold: its JSON Schema, or the page of every key in docs/.
pub(crate) fn schema(page: bool) -> Result<ExitCode, Failure> {
    if page {
        results(format_args!("{}", twinprint_run::keys_page()));
    } else {
        results(format_args!("{:#}\n", twinprint_run::pipeline_schema()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints every command with its options as Markdown: the reference in docs/.
pub(crate) fn reference() -> Result<ExitCode, Failure> {
    let mut root = Arguments::command();
    root.build();
    let mut text = String::from(
        "# Every command\n\nMade by `twinprint reference` from the arguments themselves. Every command also takes `--quiet`, `--verbose` and \
         `--threads N`.\n",
    );
    for command in root.get_subcommands().filter(|command| command.get_name() != "help") {
        describe(command, &mut text);
    }
    results(format_args!("{text}"));
    Ok(ExitCode::SUCCESS)
}

fn describe(command: &Command, text: &mut String) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    *text += &format!("\n## {name}\n\n{about}.\n", about = about.trim_end_matches('.'));
    if let Some(example) = command.get_after_help() {
        let lines: Vec<String> =
            example.to_string().lines().skip(1).map(|line| format!("    {}", line.trim())).collect();
        *text += &format!("\n{}\n", lines.join("\n"));
    }
    let of_this = |argument: &&clap::Arg| !argument.is_global_set() && argument.get_id() != "help";
    let arguments: Vec<&clap::Arg> = command.get_arguments().filter(of_this).collect();
    if !arguments.is_empty() {
        *text += "\n| | |\n| --- | --- |\n";
    }
    for argument in arguments {
        let value = argument.get_value_names().map(|names| names.join(" ")).unwrap_or_default();
        let takes = argument.get_action().takes_values();
        let shown = match argument.get_long() {
            Some(long) if takes => format!("--{long} {value}"),
            Some(long) => format!("--{long}"),
            None => value.to_string(),
        };
        let mut help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let default: Vec<_> =
            argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        if takes && !default.is_empty() {
            help += &format!(" Default {}.", default.join(" "));
        }
        *text += &format!(
            "| `{}` | {} |\n",
            shown.replace('|', "\\|"),
            help.replace('|', "\\|").replace('\n', " ")
        );
    }
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        describe(command, text);
    }
}
