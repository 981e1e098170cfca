//! `cargo xtask bench`: our side and a peer in turn, in one run, on the same work.
//!
//! Each side of a row is a process that keeps its data ready: it writes its name and version on a line, then reads one
//! command a line and answers each with one number, the seconds that one repetition took, or `inf` where it came to no end.
//! Rounds alternate between the sides, and so does who goes first, so that a slow moment of the machine meets both.

pub(crate) mod peers;
mod row;
mod rows;
mod side;
mod table;

use std::time::Duration;

use serde_json::Value;

use row::{Measured, Row};
use side::Side;

use crate::{commands, target_dir};

/// What to run and how.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Rows to run; all of them when none is named.
    names: Vec<String>,
    /// Print the result as JSON: `[{"name", "ours_s", "peer", "peer_s", "ratio", …}, …]`.
    #[arg(long)]
    json: bool,
    /// Rounds to measure, in place of each row's own number.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Run the peers with this Python instead of an environment of their own; its versions must be the pinned ones.
    #[arg(long)]
    python: Option<std::path::PathBuf>,
    /// List the rows and run nothing.
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    if arguments.list {
        print!("{}", table::list(rows::ROWS));
        return Ok(());
    }
    let chosen = choose(&arguments.names)?;
    build(&chosen)?;
    let packages: Vec<&str> = chosen.iter().flat_map(|row| row.packages).copied().collect();
    let python = peers::python(arguments.python.as_deref(), &packages)?;
    let mut results = Vec::with_capacity(chosen.len());
    for row in chosen {
        results.push(measure(row, arguments.rounds, &python)?);
    }
    if arguments.json {
        let values: Vec<Value> = results.iter().map(Measured::json).collect();
        println!("{}", serde_json::to_string_pretty(&values).map_err(|error| error.to_string())?);
    } else {
        print!("{}", table::results(&results));
    }
    Ok(())
}

/// The rows of the given names. Without names all whose data is there; what is left out is said.
fn choose(names: &[String]) -> Result<Vec<&'static Row>, String> {
    let known = || rows::ROWS.iter().map(|row| row.name).collect::<Vec<_>>().join(", ");
    if names.is_empty() {
        let present = |row: &&Row| match row.data() {
            Ok(_) => true,
            Err(reason) => {
                eprintln!("SKIPPED: {}: {reason}", row.name);
                false
            }
        };
        return Ok(rows::ROWS.iter().filter(present).collect());
    }
    names
        .iter()
        .map(|name| {
            let row = rows::ROWS.iter().find(|row| row.name == name);
            let row = row.ok_or_else(|| format!("no row is called \"{name}\"; there are {}", known()))?;
            row.data().map(|_| row).map_err(|reason| format!("{name}: {reason}"))
        })
        .collect()
}

/// One build for all rows. Of the workspace, not of a package: the features of dependencies then are those of every other
/// build, and burn and polars are not compiled once more.
fn build(rows: &[&Row]) -> Result<(), String> {
    let mut examples: Vec<&str> = rows.iter().map(|row| row.ours.example).collect();
    examples.sort_unstable();
    examples.dedup();
    let mut arguments = vec!["build", "--release", "--locked", "--workspace"];
    arguments.extend(examples.iter().flat_map(|&example| ["--example", example]));
    commands::cargo(&arguments)
}

fn measure(row: &'static Row, rounds: Option<u32>, python: &std::path::Path) -> Result<Measured, String> {
    let rounds = rounds.unwrap_or(row.rounds);
    let data = row.data()?;
    let example = target_dir().join("release/examples").join(format!(
        "{}{}",
        row.ours.example,
        std::env::consts::EXE_SUFFIX
    ));
    let mut ours = Side::start(&example, None, row.ours.arguments, data.as_deref())?;
    let mut peer = match row.peer.script {
        Some(script) => {
            let script = crate::root().join("tests/peers").join(script);
            Side::start(python, Some(&script), row.peer.arguments, data.as_deref())?
        }
        None => Side::start(&example, None, row.peer.arguments, data.as_deref())?,
    };
    if let Some(tolerance) = row.check {
        same_work(row.name, &mut ours, &mut peer, tolerance)?;
    }
    // What a first call alone costs (planning, first pages, lazy imports) is not counted on either side.
    ours.ask(row.ours.command)?;
    peer.ask(row.peer.command)?;
    let (mut own, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let (mine, other) = if round % 2 == 1 {
            let mine = ours.ask(row.ours.command)?;
            (mine, peer.ask(row.peer.command)?)
        } else {
            let other = peer.ask(row.peer.command)?;
            (ours.ask(row.ours.command)?, other)
        };
        eprintln!(
            "{}: round {round} of {rounds}: ours {}, {} {}",
            row.name,
            short(mine),
            peer.label(),
            short(other)
        );
        own.push(mine);
        theirs.push(other);
    }
    let memory = if row.memory { Some([ours.ask("memory")?, peer.ask("memory")?]) } else { None };
    let mut nearest = [None; 2];
    for (nearest, (side, times)) in nearest.iter_mut().zip([(&mut ours, &own), (&mut peer, &theirs)]) {
        if let Some(command) = row.nearest.filter(|_| row::median(times).is_infinite()) {
            *nearest = Some(side.ask(command)?);
        }
    }
    let label = peer.label().to_owned();
    Ok(Measured { row, peer: label, ours_s: own, peer_s: theirs, memory_mib: memory, nearest })
}

/// Both sides say what they made of the data; a benchmark of unlike work is no benchmark.
fn same_work(name: &str, ours: &mut Side, peer: &mut Side, tolerance: f64) -> Result<(), String> {
    let (own, theirs) = (ours.ask("check")?, peer.ask("check")?);
    if (own - theirs).abs() <= tolerance * theirs.abs() {
        return Ok(());
    }
    Err(format!("{name}: the sides did unlike work: ours came to {own}, {} to {theirs}", peer.label()))
}

/// Seconds as people write them.
fn short(seconds: f64) -> String {
    match seconds {
        s if s < 0.001 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s if s < 100.0 => format!("{s:.2} s"),
        s if s.is_infinite() => "never".to_owned(),
        s => format!("{:?}", Duration::from_secs(s.round() as u64)),
    }
}
