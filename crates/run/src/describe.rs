//! A checked plan in words, for `twinprint check`.

use std::fmt::Write as _;

use twinprint_protocol::Role;
use twinprint_signal::counted;

use crate::config::Config;
use crate::{Plan, Prepared};

/// The plan as it would run: data, folds, trials, seeds, every table with its defaults.
pub fn describe(plan: &Plan, prepared: &Prepared) -> String {
    let config = plan.config();
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<12} {value}");
    };
    line("plan", format!("{} (hash {})", config.name, &plan.hash()[..8]));
    let roots: Vec<String> = prepared.roots().iter().map(|root| root.display().to_string()).collect();
    line("data", format!("{} in {}", counted(prepared.recordings(), "recording"), roots.join(", ")));
    line("protocol", config.protocol.variant.name().to_owned());
    for fold in &prepared.split().folds {
        let count = |role: Role| fold.subjects(role).len();
        let people: Vec<&str> = fold.test.iter().map(|subject| subject.as_str()).collect();
        line(
            &format!("fold {}", fold.index),
            format!(
                "{} train, {} dev, {} test: {}",
                count(Role::Train),
                count(Role::Dev),
                count(Role::Test),
                people.join(" ")
            ),
        );
    }
    let systems: Vec<&str> = plan.systems().iter().map(|system| system.name()).collect();
    line("systems", systems.join(" "));
    line("device", config.device.clone());
    line(
        "seeds",
        format!("run {}, protocol {}, encoder {}", config.seed, config.protocol.seed, config.encoder.seed),
    );
    for notice in prepared.notices() {
        line("note", notice);
    }
    let leaks: Vec<&str> = prepared.leaks().into_iter().map(twinprint_protocol::Leak::name).collect();
    let found =
        if leaks.is_empty() { "none found".to_owned() } else { format!("allowed: {}", leaks.join(", ")) };
    line("leaks", found);
    // With what the encoder's plan comes to where it leaves things open, as how many steps are taken.
    let given = config.encoder.clone();
    let (from, adapt, from_encoder) = (given.from, given.adapt, given.from_encoder);
    let encoder = twinprint_encoder::Plan { from, adapt, from_encoder, ..(**plan.encoder()).clone() };
    match toml::to_string(&Config { encoder, ..config.clone() }) {
        Ok(resolved) => text + "\n" + &resolved,
        Err(_) => text,
    }
}
