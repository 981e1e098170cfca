//! Equality with SciPy, from `tests/golden/features/make.py`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skips"
)]

use ndarray::{Array2, Array3};
use serde_json::Value;
use twinprint_features::{
    DEFAULT_BANDS, DEFAULT_SHRINKAGE, LogSpectra, Taper, View, band_powers, log_psd, tangent, tangent_with,
};

fn cases() -> Vec<Value> {
    let text = include_str!("../../../tests/golden/features/golden.json");
    serde_json::from_str::<Value>(text).unwrap()["cases"].as_array().unwrap().clone()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

fn samples(case: &Value) -> (Array3<f32>, f64) {
    let shape: Vec<usize> = numbers(&case["shape"]).iter().map(|x| *x as usize).collect();
    let values = numbers(&case["samples"]).iter().map(|x| *x as f32).collect();
    let cube = Array3::from_shape_vec((shape[0], shape[1], shape[2]), values).unwrap();
    (cube, case["rate"].as_f64().unwrap())
}

fn assert_close(found: &Array2<f32>, expected: &Value, tolerance: f64) {
    let rows: Vec<Vec<f64>> = expected.as_array().unwrap().iter().map(numbers).collect();
    assert_eq!(found.dim(), (rows.len(), rows[0].len()));
    for (row, wanted) in found.outer_iter().zip(&rows) {
        for (column, (a, b)) in row.iter().zip(wanted).enumerate() {
            let error = (f64::from(*a) - b).abs() / b.abs().max(1.0);
            assert!(error < tolerance, "column {column}: {a} instead of {b}");
        }
    }
}

#[test]
fn log_psd_is_that_of_scipy_welch() {
    for case in cases() {
        let (cube, rate) = samples(&case);
        let view = View { samples: cube.view(), rate };
        assert_close(&log_psd(view, 1.0, 40.0).unwrap(), &case["log_psd"], 2e-7);
    }
}

#[test]
fn band_powers_are_means_of_scipy_welch() {
    for case in cases() {
        let (cube, rate) = samples(&case);
        let view = View { samples: cube.view(), rate };
        assert_close(&band_powers(view, &DEFAULT_BANDS).unwrap(), &case["band_powers"], 2e-7);
    }
}

#[test]
fn tangent_is_the_logarithm_of_the_covariance_in_time() {
    for case in cases() {
        let (cube, rate) = samples(&case);
        let view = View { samples: cube.view(), rate };
        assert_close(&tangent(view, &DEFAULT_BANDS).unwrap(), &case["tangent"], 2e-7);
        let sines = tangent_with(view, &DEFAULT_BANDS, DEFAULT_SHRINKAGE, Taper::Sine(6)).unwrap();
        assert_close(&sines, &case["tangent_6_sines"], 2e-7);
    }
}

#[test]
fn alpha_is_found_and_moved_as_in_numpy() {
    for case in cases() {
        let (cube, rate) = samples(&case);
        let view = View { samples: cube.view(), rate };
        assert_close(
            &LogSpectra::of(view, 1.0, 40.0).unwrap().alpha_aligned().unwrap(),
            &case["alpha_aligned"],
            1e-6,
        );
    }
}
