//! Equal error rates of encoders on recordings dumped to a folder, for trying ideas quickly.
//!
//! ```text
//! cargo run --release -p twinprint-encoder --example eegmat -- FOLDER PLAN.toml...
//! ```
//!
//! The folder holds `SubjectNN_1.f32` and `SubjectNN_2.f32`: little-endian float32 `[channels, samples]`, 19 channels in
//! microvolts at 128 Hz, average reference, 1–40 Hz. Three subject-disjoint folds; 30 s of recording 1 enrol, 2-s and
//! 10-s probes of recording 2; one threshold over all folds' trials of a fold, mean over folds.

use std::error::Error;
use std::path::Path;

use ndarray::{Array2, Array3, ArrayView2, Axis, s};
use twinprint_encoder::{CheckedPlan, Compute, Model, Plan, Silent, TrainingEpochs, train};
use twinprint_signal::ChannelName;

const CHANNELS: usize = 19;
const LENGTH: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = Path::new(arguments.first().ok_or("give the folder of recordings")?);
    let recordings = read(folder)?;
    for path in &arguments[1..] {
        let plan = toml::from_str::<Plan>(&std::fs::read_to_string(path)?)?.check()?;
        let started = std::time::Instant::now();
        let systems: [(&str, Fit); 3] = [
            ("untrained", |plan, data, device| Model::untrained(plan, data, device)),
            ("initial", |plan, data, device| Model::whitened(plan, data, device)),
            ("trained", |plan, data, device| train(plan, data, device, &mut Silent)),
        ];
        for (name, fit) in systems {
            let [short, long] = evaluate(&plan, &recordings, fit)?;
            let seconds = started.elapsed().as_secs_f64();
            let line = format!("{path} {name}: EER {short:.4} / {long:.4} ({seconds:.1} s)\n");
            std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes())?;
        }
    }
    Ok(())
}

type Fit = fn(&CheckedPlan, &TrainingEpochs, &Compute) -> Result<Model, twinprint_encoder::EncoderError>;

fn read(folder: &Path) -> Result<Vec<[Array2<f32>; 2]>, Box<dyn Error>> {
    let one = |subject: usize, recording: usize| -> Result<Array2<f32>, Box<dyn Error>> {
        let bytes = std::fs::read(folder.join(format!("Subject{subject:02}_{recording}.f32")))?;
        let values: Vec<f32> =
            bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        Ok(Array2::from_shape_vec((CHANNELS, values.len() / CHANNELS), values)?)
    };
    (0..24).map(|subject| Ok([one(subject, 1)?, one(subject, 2)?])).collect()
}

fn windows(recording: ArrayView2<f32>, step: usize) -> Array3<f32> {
    let starts: Vec<usize> = (0..=recording.ncols() - LENGTH).step_by(step).collect();
    let mut out = Array3::zeros((starts.len(), recording.nrows(), LENGTH));
    for (mut epoch, start) in out.outer_iter_mut().zip(starts) {
        epoch.assign(&recording.slice(s![.., start..start + LENGTH]));
    }
    out
}

fn evaluate(
    plan: &CheckedPlan,
    recordings: &[[Array2<f32>; 2]],
    fit: Fit,
) -> Result<[f64; 2], Box<dyn Error>> {
    let channels: Vec<ChannelName> = (0..CHANNELS).map(|c| ChannelName::new(format!("X{c}"))).collect();
    let mut rates = [0.0; 2];
    for fold in 0..3 {
        let (mut parts, mut subject, mut recording) = (Vec::new(), Vec::new(), Vec::new());
        for (s, pair) in recordings.iter().enumerate().filter(|(s, _)| s % 3 != fold) {
            for (r, samples) in pair.iter().enumerate() {
                let cut = windows(samples.view(), 64);
                subject.extend(vec![s as u32; cut.dim().0]);
                recording.extend(vec![(2 * s + r) as u32; cut.dim().0]);
                parts.push(cut);
            }
        }
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        let samples = ndarray::concatenate(Axis(0), &views)?;
        let data = TrainingEpochs::new(samples.view(), &subject, &recording, 128.0, &channels);
        let model = fit(plan, &data, &Compute::cpu())?;
        let test: Vec<_> =
            recordings.iter().enumerate().filter(|(s, _)| s % 3 == fold).map(|(_, r)| r).collect();
        for (rate, pool) in rates.iter_mut().zip([1, 5]) {
            *rate += fold_rate(&model, &test, pool)? / 3.0;
        }
    }
    Ok(rates)
}

/// The equal error rate of one fold with probes of `pool` epochs.
fn fold_rate(model: &Model, test: &[&[Array2<f32>; 2]], pool: usize) -> Result<f64, Box<dyn Error>> {
    let unit = |x: ndarray::Array1<f32>| {
        let norm = x.dot(&x).sqrt();
        x / norm
    };
    let mut templates = Vec::new();
    let mut probes = Vec::new();
    for (who, pair) in test.iter().enumerate() {
        let enrolment = model.embed(windows(pair[0].slice(s![.., ..30 * 128]), LENGTH).view())?;
        templates.push(unit(enrolment.sum_axis(Axis(0))));
        let prints = model.embed(windows(pair[1].view(), LENGTH).view())?;
        for group in prints.axis_chunks_iter(Axis(0), pool).filter(|group| group.nrows() == pool) {
            probes.push((who, unit(group.sum_axis(Axis(0)))));
        }
    }
    let (mut mated, mut other) = (Vec::new(), Vec::new());
    for (who, probe) in &probes {
        for (t, template) in templates.iter().enumerate() {
            if t == *who { &mut mated } else { &mut other }.push(template.dot(probe));
        }
    }
    Ok(equal_error_rate(mated, other))
}

fn equal_error_rate(mut mated: Vec<f32>, mut other: Vec<f32>) -> f64 {
    mated.sort_by(f32::total_cmp);
    other.sort_by(f32::total_cmp);
    let mut best = (f64::INFINITY, 1.0);
    for &threshold in mated.iter().chain(&other) {
        let missed = mated.partition_point(|&x| x < threshold) as f64 / mated.len() as f64;
        let matched = 1.0 - other.partition_point(|&x| x < threshold) as f64 / other.len() as f64;
        if (missed - matched).abs() < best.0 {
            best = ((missed - matched).abs(), (missed + matched) / 2.0);
        }
    }
    best.1
}
