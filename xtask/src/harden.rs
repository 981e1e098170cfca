//! `cargo xtask harden`: the figures of docs/reliability.md, each by the command that stands there, in its long form.

use crate::commands::program;
use crate::{supply, system};

/// A figure: what is run, and how much of it the long form does where that is a choice.
struct Check {
    package: &'static str,
    test: &'static str,
    /// The variable that says how much, and its value.
    much: Option<(&'static str, u32)>,
}

const CHECKS: [Check; 17] = [
    check("twinprint-edf", "robustness"),
    check("twinprint-store", "mutated").of("TWINPRINT_HARDEN_FILES", 600),
    check("twinprint-foreign", "mutated_tables").of("TWINPRINT_HARDEN_FILES", 2000),
    check("twinprint-staged", "left"),
    check("twinprint-gallery", "killed"),
    check("twinprint-gallery", "altered"),
    check("twinprint-gallery", "old_galleries"),
    check("twinprint-preprocess", "likeness"),
    check("twinprint-tests", "attacks"),
    check("twinprint-tests", "attack_numbers"),
    check("twinprint-tests", "corpus"),
    check("twinprint-tests", "faults"),
    check("twinprint-tests", "numbers"),
    // Ten commands are killed so often each.
    check("twinprint-tests", "kills").of("TWINPRINT_HARDEN_KILLS", 50),
    check("twinprint-tests", "sweep"),
    check("twinprint-tests", "load").of("TWINPRINT_HARDEN_SECONDS", 30),
    check("twinprint-tests", "modules"),
];

const fn check(package: &'static str, test: &'static str) -> Check {
    Check { package, test, much: None }
}

impl Check {
    const fn of(self, variable: &'static str, much: u32) -> Self {
        Self { much: Some((variable, much)), ..self }
    }

    /// The command as one types it.
    fn command(&self) -> String {
        let much = self.much.map(|(variable, much)| format!("{variable}={much} ")).unwrap_or_default();
        format!("{much}cargo test -p {} --test {}", self.package, self.test)
    }

    fn run(&self) -> Result<bool, String> {
        let mut command = program(env!("CARGO"));
        command.args(["test", "--locked", "-p", self.package, "--test", self.test, "--", "--nocapture"]);
        command.envs(self.much.map(|(variable, much)| (variable, much.to_string())));
        let status =
            command.status().map_err(|error| format!("cannot start `{}`: {error}", self.command()))?;
        Ok(status.success())
    }
}

/// Runs every check, and looks over the dependencies; says at the end which failed.
pub(crate) fn run() -> Result<(), String> {
    system::ensure_libhdf5()?;
    let mut lines = Vec::new();
    let mut failed = 0;
    for check in &CHECKS {
        println!("\n== {}", check.command());
        let held = check.run()?;
        failed += usize::from(!held);
        lines.push(format!("{}  {}", if held { "held  " } else { "FAILED" }, check.command()));
    }
    println!("\n== dependencies");
    let held = supply::check().inspect_err(|error| println!("{error}")).is_ok();
    failed += usize::from(!held);
    lines.push(format!(
        "{}  licences, bans, sources and compilers of dependencies; above what was skipped",
        if held { "held  " } else { "FAILED" }
    ));
    println!("\n{}", lines.join("\n"));
    if failed == 0 { Ok(()) } else { Err(format!("{failed} of the checks above failed")) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_page_on_reliability_names_every_command_that_is_run_and_no_other() {
        let page = std::fs::read_to_string(crate::root().join("docs/reliability.md")).unwrap();
        let shown: BTreeSet<&str> = page
            .split('`')
            .filter(|text| text.contains("cargo test -p"))
            .map(|text| text.trim_end_matches(" -- --nocapture"))
            .collect();
        let run: Vec<String> = CHECKS.iter().map(Check::command).collect();
        assert_eq!(shown, run.iter().map(String::as_str).collect());
    }
}
