use ndarray::Array1;
use proptest::prelude::*;

use super::*;

/// The first person is of one cohort, the others of one that counts twice as much.
const COHORTS: [(u32, f32); 5] = [(4, 1.0), (4, 1.0), (1, 2.0), (1, 2.0), (1, 2.0)];

/// Three people of two recordings and one of a single one; features and prints at random.
fn part(rng: &mut ChaCha8Rng) -> Part {
    let recordings =
        vec![(7, 0, 6), (7, 1, 20), (8, 2, 1), (8, 3, 9), (9, 4, 16)].into_iter().scan(0, |place, found| {
            let (person, recording, count) = found;
            *place += count;
            Some((person, recording, (*place - count..*place).collect()))
        });
    let recordings: Vec<(u32, u32, Vec<usize>)> = recordings.collect();
    let count = 52;
    let mut prints = Array2::from_shape_simple_fn((count, 4), || rng.random_range(-1.0f32..1.0));
    twinprint_closed::normalise_rows(&mut prints);
    let features = Array2::from_shape_simple_fn((count, 3), || rng.random_range(-2.0f32..2.0));
    Part { features, prints, recordings, cohorts: COHORTS.to_vec() }
}

proptest! {
    #[test]
    fn the_loss_is_the_mean_cross_entropy_of_all_comparisons_across_recordings_within_a_cohort(seed in 0u64..40) {
        let mut rng = stream(seed, "test");
        let part = part(&mut rng);
        let attention = Attention { dropout: 0.0, hidden: 5, ..Attention::default() };
        let mut parameters = attention.parameters(3, &mut rng);
        for parameter in &mut parameters {
            parameter.values.iter_mut().for_each(|x| *x = rng.random_range(-1.0..1.0));
        }
        let fitted = FittedAttention { parameters: parameters.clone() };
        parameters.push(Parameter::filled("logit.scale", &[1], LOGIT.0));
        parameters.push(Parameter::filled("logit.offset", &[1], LOGIT.1));
        let device = Device::flex();
        let tensors: Vec<Tensor<1>> = parameters.iter().map(|p| p.tensor(&device)).collect();
        let draw = Draw::new(&part, &mut rng);
        let plan = crate::plan::Plan::default().check().unwrap();
        let samples = ndarray::Array3::zeros((0, 3, 1));
        let data = TrainingEpochs::new(samples.view(), &[], &[], 1.0, &[]);
        let front = Front::Samples { standardise: twinprint_closed::Standardise::identity(3), samples: 1 };
        let learning = AttentionTraining { plan: &plan, attention: &attention, data: &data, front: &front, device: &device };
        let bound = Bound::new(&parameters, &tensors);
        let fast = read(learning.loss(&draw, &part, &bound, &mut rng).unwrap()).unwrap()[0];

        let lengths = fitted.lengths(part.features.view(), &device).unwrap();
        let pooled = |rows: &[usize]| {
            let mut sum = Array1::<f32>::zeros(4);
            rows.iter().for_each(|&row| sum.scaled_add(lengths[row], &part.prints.row(row)));
            let length = sum.dot(&sum).sqrt();
            sum / length
        };
        let of = |row: usize| part.recordings.iter().position(|(_, _, rows)| rows.contains(&row)).unwrap();
        let probes: Vec<&[usize]> = draw.probes.chunks(PROBE).chain(draw.singles.chunks(1)).collect();
        let (mut mated, mut non_mated) = (Vec::new(), Vec::new());
        for template in draw.templates.chunks(TEMPLATE) {
            for &probe in &probes {
                let (one, other) = (&part.recordings[of(template[0])], &part.recordings[of(probe[0])]);
                let (cohort, weight) = COHORTS[of(template[0])];
                if cohort != COHORTS[of(probe[0])].0 {
                    continue;
                }
                let weight = f64::from(weight);
                let logit = LOGIT.0.exp() * pooled(template).dot(&pooled(probe)) + LOGIT.1;
                match (one.0 == other.0, one.1 == other.1) {
                    (_, true) => {}
                    (true, false) => mated.push((weight, f64::from((-logit).exp().ln_1p()))),
                    (false, false) => non_mated.push((weight, f64::from(logit.exp().ln_1p()))),
                }
            }
        }
        let mean = |losses: &[(f64, f64)]| {
            let whole: f64 = losses.iter().map(|(weight, _)| weight).sum();
            losses.iter().map(|(weight, loss)| weight * loss).sum::<f64>() / whole
        };
        let slow = 0.5 * mean(&mated) + 0.5 * mean(&non_mated);
        prop_assert!((f64::from(fast) - slow).abs() < 1e-4 * slow, "{fast} {slow}");
    }

    #[test]
    fn lengths_lie_above_0_and_at_most_at_1(seed in 0u64..20, scale in 0.1f32..1e4) {
        let mut rng = stream(seed, "test");
        let mut parameters = Attention::default().parameters(6, &mut rng);
        parameters.iter_mut().flat_map(|p| &mut p.values).for_each(|x| *x = rng.random_range(-scale..scale));
        let rows = Array2::from_shape_simple_fn((9, 6), || rng.random_range(-scale..scale));
        let lengths = FittedAttention { parameters }.lengths(rows.view(), &Device::flex()).unwrap();
        prop_assert!(lengths.iter().all(|&x| x > 0.0 && x <= 1.0), "{lengths}");
    }
}

#[test]
fn runs_of_epochs_stay_in_their_recording_and_wrap_around_its_end() {
    let mut rng = stream(3, "test");
    let part = part(&mut rng);
    let draw = Draw::new(&part, &mut rng);
    assert_eq!(draw.templates.len(), 5 * TEMPLATE);
    for (template, (_, _, rows)) in draw.templates.chunks(TEMPLATE).zip(&part.recordings) {
        for pair in template.windows(2) {
            let at = |row| rows.iter().position(|&own| own == row).unwrap();
            assert_eq!(at(pair[1]), (at(pair[0]) + 1) % rows.len());
        }
    }
}
