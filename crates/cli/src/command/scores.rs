//! `evaluate --scores` and `--features`: anybody's score file, and anybody's features.

use std::path::Path;
use std::process::ExitCode;

use twinprint_foreign::{FeatureOptions, Filter, Metric, ScoreOptions, ScoreReport};

use crate::evaluate_arguments::{self, EvaluateArguments};
use crate::failure::Failure;
use crate::say::{results, say};

/// Prints every number of a score file.
pub(crate) fn of_scores(file: &Path, given: &EvaluateArguments) -> Result<ExitCode, Failure> {
    show(&twinprint_foreign::evaluate_scores(file, &options(given))?, given.json)
}

/// Prints every number of the comparisons between rows of a file of features.
pub(crate) fn of_features(file: &Path, given: &EvaluateArguments) -> Result<ExitCode, Failure> {
    let features = FeatureOptions {
        enrol: Filter::new("--enrol", &given.enrol)?,
        probe: Filter::new("--probe", &given.probe)?,
        pool: given.pool,
        metric: match given.metric {
            evaluate_arguments::Metric::Cosine => Metric::Cosine,
            evaluate_arguments::Metric::Euclidean => Metric::Euclidean,
        },
    };
    show(&twinprint_foreign::evaluate_features(file, &features, &options(given))?, given.json)
}

fn options(given: &EvaluateArguments) -> ScoreOptions {
    ScoreOptions {
        columns: given.columns.clone(),
        by: given.by.clone(),
        distance: given.distance,
        dev: given.dev.clone(),
        bootstrap: given.bootstrap,
        ..ScoreOptions::default()
    }
}

fn show(report: &ScoreReport, json: bool) -> Result<ExitCode, Failure> {
    if json {
        say!("{}", serde_json::to_string_pretty(report)?);
    } else {
        results(format_args!("{}", twinprint_foreign::score_table(report)));
    }
    Ok(ExitCode::SUCCESS)
}
