//! The course of training, from the logs that the training stage wrote.

use twinprint_report::TrainingCurve;
use twinprint_signal::FoldIndex;

use crate::RunError;
use crate::folder::{RunFolder, TRAINING};

/// Loss and dev EER by step: of each fold's first encoder, and of attention where it was trained.
pub(crate) fn curves(folder: &RunFolder, folds: usize) -> Result<Vec<TrainingCurve>, RunError> {
    let plan: serde_json::Value = folder.read_json("plan.json")?;
    let ensemble = plan["encoder"]["ensemble"].as_u64().unwrap_or(1) as usize;
    let mut curves = Vec::new();
    for fold in 0..folds {
        let path = folder.fold(FoldIndex::of_place(fold)).join(TRAINING);
        let text =
            std::fs::read_to_string(&path).map_err(|source| RunError::Read { path: path.clone(), source })?;
        curves.extend(of_log(&text, fold, ensemble));
    }
    Ok(curves)
}

/// The log numbers the encoders of an ensemble from 0; attention, trained after the last, has the next number.
fn of_log(text: &str, fold: usize, ensemble: usize) -> Vec<TrainingCurve> {
    let curve = |attention| TrainingCurve { fold, attention, ..TrainingCurve::default() };
    let mut curves = [curve(false), curve(true)];
    for line in text.lines().skip(1) {
        let cells: Vec<Option<f64>> = line.split(',').map(|cell| cell.parse().ok()).collect();
        let [Some(member), Some(step), Some(loss), _, _, dev] = cells[..] else { continue };
        let curve = match member as usize {
            0 => &mut curves[0],
            member if member == ensemble => &mut curves[1],
            _ => continue,
        };
        curve.loss.push((step, loss));
        curve.dev_eer.extend(dev.map(|eer| (step, eer)));
    }
    curves.into_iter().filter(|curve| !curve.loss.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "member,step,loss,learning_rate,gradient_norm,dev_eer\n";

    #[test]
    fn attention_without_a_trained_encoder_has_its_curve() {
        let curves = of_log(&format!("{HEAD}1,1,0.55,0.003,0.3,\n1,2,0.44,0.003,0.3,0.1\n"), 2, 1);
        assert_eq!(curves.len(), 1);
        assert!(curves[0].attention && curves[0].fold == 2);
        assert_eq!(curves[0].loss, [(1.0, 0.55), (2.0, 0.44)]);
        assert_eq!(curves[0].dev_eer, [(2.0, 0.1)]);
    }

    #[test]
    fn of_an_ensemble_the_first_encoder_is_drawn() {
        let log = format!("{HEAD}0,1,0.9,0.1,0.1,\n1,1,0.8,0.1,0.1,\n2,1,0.7,0.1,0.1,\n");
        let curves = of_log(&log, 0, 2);
        assert_eq!(curves.iter().map(|curve| curve.loss[0].1).collect::<Vec<_>>(), [0.9, 0.7]);
        assert!(of_log(HEAD, 0, 1).is_empty());
    }
}
