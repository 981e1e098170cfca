//! One side of a row: a process that answers commands.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::{root, target_dir};

/// A started side. It ends when it is dropped.
pub(crate) struct Side {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    label: String,
    shown: String,
}

impl Side {
    /// Starts a program, with a script as its first argument and data as its last, and waits until it is ready. What one
    /// side wants to leave for the other goes to the folder that `TWINPRINT_BENCH` names.
    pub fn start(
        program: &Path,
        script: Option<&Path>,
        arguments: &[&str],
        data: Option<&Path>,
    ) -> Result<Self, String> {
        let shown = script.unwrap_or(program).display().to_string();
        let mut command = Command::new(program);
        command.args(script).args(arguments).args(data).current_dir(root());
        command.env("TWINPRINT_BENCH", target_dir().join("bench"));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {shown}: {error}"))?;
        let input = child.stdin.take().ok_or("a side has no standard input")?;
        let output = child.stdout.take().ok_or("a side has no standard output")?;
        let mut side = Self { child, input, output: BufReader::new(output), label: String::new(), shown };
        side.label = side.line()?;
        Ok(side)
    }

    /// Its name and version.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Gives a command and waits for its number; infinity where the side came to no end.
    pub fn ask(&mut self, command: &str) -> Result<f64, String> {
        let told = writeln!(self.input, "{command}").and_then(|()| self.input.flush());
        told.map_err(|error| format!("{} cannot be told \"{command}\": {error}", self.shown))?;
        let answer = self.line()?;
        let number = answer.parse::<f64>().ok().filter(|number| !number.is_nan());
        number.ok_or_else(|| format!("{} answered \"{command}\" with \"{answer}\", not a number", self.shown))
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        let read = self.output.read_line(&mut line);
        match read {
            Ok(0) => Err(format!("{} ended early; see what it said above", self.shown)),
            Ok(_) => Ok(line.trim().to_owned()),
            Err(error) => Err(format!("cannot read from {}: {error}", self.shown)),
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
