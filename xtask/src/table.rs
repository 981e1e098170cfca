//! The table of results in the guide: every pipeline run, set beside the baselines on the same trials.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{commands, root, system};

/// The page that is written.
const PAGE: &str = "docs/guide/results.md";

/// Pipelines that share data, folds and trials; the first one's baselines are shown.
const GROUPS: [(&str, &[&str]); 2] = [
    (
        "Mental arithmetic (eegmat): 24 people, 19 channels, enrolled at rest, probed during arithmetic of the same visit",
        &[
            "eegmat",
            "fusion",
            "supcon",
            "contrastive-l2",
            "contrastive-l1",
            "koch",
            "triplet",
            "prototypical",
            "arcface",
            "conv",
            "resnet1d",
            "twin-cnn",
        ],
    ),
    ("Muse headband: 33 people, 4 channels, enrolled in session 1, probed in session 2", &["muse"]),
];

/// The baseline that every difference is taken from: the hardest.
const AGAINST: &str = "tangent_wccn";

/// The sweeps that are shown, each under what stands above its table.
const SWEEPS: [(&str, &str); 3] = [
    ("pipelines/eegmat-curves.toml", CURVES_HEAD),
    ("pipelines/cohorts.toml", COHORTS_HEAD),
    ("pipelines/cohorts-matrix.toml", MATRIX_HEAD),
];
const COHORTS_HEAD: &str = "\
## People of another cohort (eegmat tested, three folds, 10 channels in common)

The same trials at every point; 0 to 97 people of Guinea-Bissau's headset learnt from beside 16 of eegmat, and all of them at another
weight. In closed form people of another device do not help: what varies within a person there is not what varies here.
";
const MATRIX_HEAD: &str = "\
## Learnt on × tested on (four positions, three folds)

Three devices brought to the positions of the headband by spherical splines; every row is tested on the same trials. `encoder on eegmat` in
the row `muse-cueing` is learnt from people with the headband alone and tested on eegmat's.
";
const CURVES_HEAD: &str = "\
## Curves (eegmat, six folds)

Each axis varied alone, the rest as 20 training people, 30 s to enrol and 19 channels; `twinprint sweep pipelines/eegmat-curves.toml`
also draws them.
";

/// The run that is set beside published numbers.
const PUBLISHED: &str = "pipelines/muse-published.toml";
const PUBLISHED_HEAD: &str = "\
## Beside published numbers (Muse headband, 33 people, probes of 1 s and of 4 s)

Other tools state the mean over people of EERs with a threshold for each. It flatters, because no deployed system knows those thresholds:
set `mean of own EERs` beside them, and believe `EER`. NeuroShield states, on a Muse, other days, 1-s probes: 32.8 % with 8 training people, 30.2 with 16,
27.9 with 32, 25.5 with 64, 20.5 with 128, 18.2 with 230. Here 22 people teach in each fold, and the other session is of the same visit.
";

const HEAD: &str = "\
# Results

Every pipeline of `pipelines/` beside the baselines, on the same trials. Written by `cargo xtask table`, which runs them all;
numbers are what that command measured, none is typed by hand.

Three folds by subject, one threshold for all, 30 s of one recording enrolled, 2 s and 10 s of another probed. Nobody who is
scored was seen by anything that was fitted. `encoder` is what a pipeline gives, `encoder:alone` the same without fusion,
`whitened_encoder` the state in which its training starts. Intervals are 95 %, over subjects.
";

/// Runs the pipelines and writes the page.
pub(crate) fn run() -> Result<(), String> {
    system::ensure_libhdf5()?;
    commands::cargo(&["build", "--release", "--locked", "--package", "twinprint-cli"])?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    let twinprint = target.join("release").join(format!("twinprint{}", std::env::consts::EXE_SUFFIX));
    let mut page = HEAD.to_owned();
    for (title, pipelines) in GROUPS {
        let folders = pipelines
            .iter()
            .map(|name| run_folder(&twinprint, &format!("pipelines/{name}.toml")))
            .collect::<Result<Vec<_>, _>>()?;
        let mut arguments = vec!["compare", "--against", AGAINST, "--markdown"];
        arguments.extend(folders.iter().map(String::as_str));
        page += &format!("\n## {title}\n\n{}", output(&twinprint, &arguments)?);
    }
    for (pipeline, head) in SWEEPS {
        let table = output(&twinprint, &["sweep", pipeline, "--markdown"])?;
        page += &format!("\n{head}\n{table}");
    }
    page += &format!("\n{PUBLISHED_HEAD}\n{}", published(&run_folder(&twinprint, PUBLISHED)?)?);
    std::fs::write(root().join(PAGE), page).map_err(|error| format!("{PAGE}: {error}"))?;
    println!("wrote {PAGE}");
    Ok(())
}

/// Both error rates of every system of a run, by the length of probes.
fn published(folder: &str) -> Result<String, String> {
    let path = Path::new(folder).join("results.json");
    let path = if path.is_absolute() { path } else { root().join(path) };
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let results: Value =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let rows =
        results["verification"].as_array().ok_or_else(|| format!("{}: no verification", path.display()))?;
    let mut table =
        "| system | probes | EER % | mean of own EERs %, flatters |\n| --- | --- | ---: | ---: |\n"
            .to_owned();
    for row in rows {
        let (system, seconds) = (row["system"].as_str().unwrap_or_default(), &row["probe_seconds"]);
        let own = rate(&row["eer_per_subject_mean"], &row["ci95"]["eer_per_subject_mean"]);
        let eer = rate(&row["eer"]["value"], &row["eer"]["ci95"]);
        table += &format!("| `{system}` | {seconds} s | {eer} | {own} |\n");
    }
    Ok(table)
}

/// A rate and its interval in per cent; a dash where it is absent.
fn rate(value: &Value, ci95: &Value) -> String {
    let percent = |value: &Value| value.as_f64().map(|rate| format!("{:.1}", 100.0 * rate));
    let Some(rate) = percent(value) else { return "–".to_owned() };
    match (percent(&ci95[0]), percent(&ci95[1])) {
        (Some(low), Some(high)) => format!("{rate} [{low}, {high}]"),
        _ => rate,
    }
}

/// Runs a pipeline unless it has run before; gives back its folder, which the command names.
fn run_folder(twinprint: &Path, pipeline: &str) -> Result<String, String> {
    let said = output(twinprint, &["run", pipeline])?;
    let named = said.lines().find_map(|line| line.strip_prefix("run folder"));
    named.map(|path| path.trim().to_owned()).ok_or_else(|| format!("{pipeline}: no run folder was named"))
}

/// What a command prints, its progress shown as it goes.
fn output(program: &Path, arguments: &[&str]) -> Result<String, String> {
    let shown = format!("{} {}", program.display(), arguments.join(" "));
    println!("{shown}");
    let output = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{shown}` ended with {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("`{shown}`: {error}"))
}
