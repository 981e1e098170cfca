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
        ("Ended", run.ended.clone()),
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
            @if !run.plan_toml.is_empty() {
                details {
                    summary { "The plan as written" }
                    pre { code { (run.plan_toml) } }
                }
            }
        }
    }
}

/// Stages by the time they took, with a bar for the eye.
fn timing(page: &Page) -> Markup {
    let mut stages: Vec<(&String, f64)> = page.results.timing.iter().map(|(stage, s)| (stage, *s)).collect();
    stages.sort_by(|a, b| b.1.total_cmp(&a.1));
    let longest = stages.first().map_or(1.0, |(_, seconds)| seconds.max(f64::MIN_POSITIVE));
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
