//! The page of a run in a real browser. The pictures stay in `target/pictures`, to be looked at.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking and asks where it runs"
)]

use std::path::{Path, PathBuf};

use twinprint_tests::browser::{chromium, look, picture};
use twinprint_tests::{Cohort, only_run, real, root, succeed};

/// Everything that must hold of a page on a desktop and on a phone.
fn opens_well(browser: &Path, run: &Path, name: &str) {
    let page = run.join("report.html");
    let pictures = pictures();
    for (device, width) in [("desktop", 1280), ("phone", 390)] {
        let work = tempfile::tempdir().unwrap();
        let seen = look(browser, &page, width, work.path());
        assert!(seen.console.is_empty(), "{name} on a {device} says {:?}", seen.console);
        let found = &seen.found;
        let number = |key: &str| found[key].as_f64().unwrap_or_else(|| panic!("no {key} in {found}"));
        assert!(number("plots") >= 5.0 && number("plots") == number("drawn"), "{name}: {found}");
        let told = found["told"].as_array().unwrap();
        assert!(told.len() >= 4 && told.iter().all(|text| text != ""), "{name} on a {device}: {found}");
        assert!(number("switched") >= 1.0 && number("back") == 0.0, "{name}: the legend: {found}");
        assert!(found["zoomed"] == true && found["again"] == true, "{name}: zooming: {found}");
        let det = number("shaded") >= 1.0 && number("unshaded") == 0.0;
        assert!(det, "{name}: the interval of a curve whose name is pointed at: {found}");
        assert!(found["ids"].as_array().unwrap().contains(&"scalp".into()), "{name}: no scalp in {found}");
        assert!(number("width") <= width as f64, "{name} is wider than a {device}: {found}");
        assert!(number("smallest") >= 10.0, "{name}: letters too small on a {device}: {found}");
        for (light, dark) in [("light", false), ("dark", true)] {
            let to = pictures.join(format!("{name}-{device}-{light}.png"));
            picture(browser, &page, (width, number("height") as usize), dark, &to);
        }
    }
}

fn pictures() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let folder = target.join("pictures");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn every_plot_of_a_page_is_written_as_a_drawing_and_as_a_picture_of_it() {
    let cohort = Cohort::new("1");
    let run = cohort.run("reports", &[]);
    let to = cohort.folder.path().join("figures");
    let said = succeed(&["report", run.to_str().unwrap(), "--figures", to.to_str().unwrap()]);
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(&to).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let of = |ending: &str| -> Vec<&PathBuf> {
        names.iter().filter(|path| path.extension().is_some_and(|end| end == ending)).collect()
    };
    let (drawings, paintings) = (of("svg"), of("png"));
    assert!(said.contains(&format!("{} as SVG and PNG", drawings.len())), "{said}");
    assert_eq!(drawings.len() + paintings.len(), names.len());
    let page = std::fs::read_to_string(run.join("report.html")).unwrap();
    assert_eq!(drawings.len(), page.matches("<svg id=").count());
    for (drawing, painting) in drawings.into_iter().zip(paintings) {
        assert_eq!(drawing.with_extension("png"), *painting);
        let bytes = std::fs::read(painting).unwrap();
        let side = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
        // As wide and high as the drawing says, at 2.5 pixels a unit.
        let text = std::fs::read_to_string(drawing).unwrap();
        let shape = text.split("viewBox=\"").nth(1).unwrap().split('"').next().unwrap();
        let units: Vec<f64> = shape.split(' ').map(|part| part.parse().unwrap()).collect();
        assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 4000, "{}", painting.display());
        let ratio = [f64::from(side(16)) / units[2], f64::from(side(20)) / units[3]];
        assert!(ratio.iter().all(|pixels| (pixels - 2.5).abs() < 0.01), "{}: {ratio:?}", painting.display());
    }
}

fn run_of(pipeline: &str, out: &Path) -> PathBuf {
    succeed(&["run", pipeline, "--out", out.to_str().unwrap(), "--quiet"]);
    only_run(out)
}

#[test]
fn the_page_of_a_small_synthetic_run_opens_well() {
    let Some(browser) = chromium() else { return };
    let cohort = Cohort::new("1");
    let run = cohort.run("reports", &[]);
    opens_well(&browser, &run, "small");
}

#[test]
fn the_page_of_eegmat_opens_well() {
    let (Some(browser), Some(_)) = (chromium(), real("eegmat")) else { return };
    let out = tempfile::tempdir().unwrap();
    opens_well(&browser, &run_of("pipelines/eegmat.toml", out.path()), "eegmat");
}

#[test]
#[ignore = "learns features for minutes"]
fn the_page_of_muse_opens_well() {
    let (Some(browser), Some(_)) = (chromium(), real("muse-cueing")) else { return };
    let out = tempfile::tempdir().unwrap();
    opens_well(&browser, &run_of("pipelines/muse.toml", out.path()), "muse");
}

/// Pages of runs that are there already, their folders parted by `:` in `TWINPRINT_RUNS`.
#[test]
fn the_pages_of_runs_that_are_named_open_well() {
    let Ok(runs) = std::env::var("TWINPRINT_RUNS") else { return };
    let Some(browser) = chromium() else { return };
    for run in runs.split(':').map(Path::new) {
        opens_well(&browser, run, run.file_name().unwrap().to_str().unwrap());
    }
}
