//! Where the numbers come from: the plan, the machine, the seeds, the time each stage took.

use maud::{Markup, html};

use crate::{Page, format};

pub(super) fn origin(page: &Page) -> Markup {
    let run = page.run;
    let mut facts: Vec<(&str, String)> = vec![
        ("twinprint", run.version.clone()),
        ("Git commit", run.git_commit.clone().unwrap_or_else(|| "unknown".to_owned())),
        ("Plan hash", run.plan_hash.clone()),
        ("Device", run.device.clone()),
        ("Machine", run.host.clone()),
        ("Started", run.started.clone()),
        ("Ended", if run.ended.is_empty() { "not yet".to_owned() } else { run.ended.clone() }),
        ("Input files", format::count(run.inputs)),
    ];
    if !run.seeds.is_empty() {
        let seeds =
            run.seeds.iter().map(|(what, seed)| format!("{what} {seed}")).collect::<Vec<_>>().join(", ");
        facts.push(("Seeds", seeds));
    }
    html! {
        section aria-labelledby="origin" {
            h2 id="origin" { "Where this comes from" }
            div class="pair" {
                table class="facts" {
                    caption { "The run" }
                    tbody { @for (name, value) in &facts { tr { th scope="row" { (name) } td { (value) } } } }
                }
                (timing(page))
            }
            (data(page))
            (again(page))
            @if !run.plan_toml.is_empty() {
                details {
                    summary { "The plan as written" }
                    pre { code { (run.plan_toml) } }
                }
            }
        }
    }
}

/// The command that gives these numbers again.
fn again(page: &Page) -> Markup {
    let run = page.run;
    html! {
        @if !run.plan_toml.is_empty() {
            h3 { "The same numbers again" }
            p {
                "With twinprint " (run.version) @if let Some(commit) = &run.git_commit { ", commit " code { (commit) } }
                ", the same recordings, and the plan below as " code { "pipeline.toml" } " in the folder it came from (relative paths start there):"
            }
            @let changes: Vec<&str> = run.plan_toml.lines().map_while(|line| line.strip_prefix("# --set ")).collect();
            pre { code { "twinprint run pipeline.toml --force" @for change in changes { " --set '" (change) "'" } } }
        }
    }
}

/// Whose recordings these are, and what they may be used for.
fn data(page: &Page) -> Markup {
    html! {
        @if !page.run.data.is_empty() {
            h3 { "The data" }
            div class="scroll" {
                table class="facts" {
                    caption { "Cite these works when you publish a number from this page" }
                    @for data in &page.run.data {
                        tbody {
                            tr { th scope="row" { "Dataset" } td { (data.title) } }
                            tr { th scope="row" { "Licence" } td { (data.licence) } }
                            @for work in &data.citation { tr { th scope="row" { "To cite" } td { (work) } } }
                            tr { th scope="row" { "Described at" } td { (data.homepage) } }
                        }
                    }
                }
            }
        }
    }
}

/// Stages in the order they ran, with a bar for the eye.
fn timing(page: &Page) -> Markup {
    let stages = &page.run.stages;
    let longest = stages.iter().map(|(_, seconds)| *seconds).fold(f64::MIN_POSITIVE, f64::max);
    html! {
        @if !stages.is_empty() {
            table class="facts" {
                caption { "Time by stage, seconds" }
                tbody {
                    @for (stage, seconds) in stages {
                        tr {
                            th scope="row" { (stage) }
                            td class="time" { (format!("{seconds:.2}")) }
                            td class="gauge" aria-hidden="true" {
                                div style=(format!("width:{:.1}%", 100.0 * (seconds / longest).clamp(0.0, 1.0))) {}
                            }
                        }
                    }
                }
            }
        }
    }
}
