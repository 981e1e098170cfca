//! The map of prints: the first two principal components, people learnt from beside people never seen.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use twinprint_protocol::Role;
use twinprint_report::{MapPoint, PrintMap};
use twinprint_signal::directions;
use twinprint_store::prints::PrintFile;

use crate::RunError;
use crate::error::Placed;
use crate::folder::RunFolder;
use crate::system::System;

/// The fold that is drawn: the prints of different folds come from different encoders.
const FOLD: u32 = 0;
/// People drawn of each kind; more cannot be told apart by colour.
const PEOPLE: usize = 8;
/// Rounds of the power iteration; the picture does not change after far fewer.
const ROUNDS: usize = 200;

/// The map of the encoder's prints in the first fold.
pub(crate) fn of(folder: &RunFolder) -> Result<PrintMap, RunError> {
    let path = folder.path("systems").join(format!("{}.h5", System::Encoder));
    let file = PrintFile::open(&path).in_folder(path.clone(), "run `twinprint embed` again")?;
    let mut rows = Vec::new();
    for role in [Role::Train, Role::Test] {
        let mut people = Vec::new();
        for (row, info) in file.infos().iter().enumerate() {
            if info.fold != Some(FOLD) || info.role.as_deref() != Some(role.name()) {
                continue;
            }
            let subject = &info.epoch.key.subject;
            if !people.contains(&subject) && people.len() < PEOPLE {
                people.push(subject);
            }
            if people.contains(&subject) {
                rows.push((row, role));
            }
        }
    }
    let chosen: Vec<usize> = rows.iter().map(|(row, _)| *row).collect();
    let prints = file.prints().select(Axis(0), &chosen);
    let (plane, explained) = plane_of(directions(prints.view()).view());
    let points = rows
        .iter()
        .zip(plane.rows())
        .map(|((row, role), at)| {
            let key = &file.infos()[*row].epoch.key;
            MapPoint {
                subject: key.subject.to_string(),
                recording: key.recording.to_string(),
                seen: *role == Role::Train,
                x: at[0],
                y: at[1],
            }
        })
        .collect();
    Ok(PrintMap { points, explained, fold: FOLD as usize })
}

/// Coordinates on the first two principal components, `[n, 2]`, and the share of the variance on each.
fn plane_of(prints: ArrayView2<f32>) -> (Array2<f64>, [f64; 2]) {
    let mut centred = prints.mapv(f64::from);
    if let Some(mean) = centred.mean_axis(Axis(0)) {
        centred -= &mean;
    }
    let total: f64 = centred.iter().map(|value| value * value).sum::<f64>().max(f64::MIN_POSITIVE);
    let mut plane = Array2::zeros((prints.nrows(), 2));
    let mut explained = [0.0; 2];
    for (component, share) in explained.iter_mut().enumerate() {
        let axis = leading_axis(&centred, component);
        let along = centred.dot(&axis);
        *share = along.dot(&along) / total;
        for (mut row, &at) in centred.rows_mut().into_iter().zip(&along) {
            row.scaled_add(-at, &axis);
        }
        plane.column_mut(component).assign(&along);
    }
    (plane, explained)
}

/// The direction of largest variance by power iteration from a fixed start.
fn leading_axis(centred: &Array2<f64>, component: usize) -> Array1<f64> {
    let dim = centred.ncols();
    let mut axis = Array1::from_shape_fn(dim, |at| 1.0 + ((at * 7 + component * 3) % 11) as f64);
    for _ in 0..ROUNDS {
        let next = centred.t().dot(&centred.dot(&axis));
        let length = next.dot(&next).sqrt();
        if length <= f64::MIN_POSITIVE {
            break;
        }
        axis = next / length;
    }
    axis
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_first_axis_follows_the_largest_spread() {
        let prints = array![[3.0_f32, 0.1, 0.0], [-3.0, 0.1, 0.0], [0.0, -0.1, 1.0], [0.0, -0.1, -1.0]];
        let (plane, explained) = plane_of(prints.view());
        assert!((plane[[0, 0]].abs() - 3.0).abs() < 1e-6 && (plane[[2, 1]].abs() - 1.0).abs() < 1e-2);
        assert!(explained[0] > 0.85 && explained[1] < 0.15);
    }

    #[test]
    fn equal_prints_lie_on_one_point() {
        let (plane, _) = plane_of(Array2::from_elem((4, 3), 0.5_f32).view());
        assert!(plane.iter().all(|value| value.abs() < 1e-9));
    }
}
