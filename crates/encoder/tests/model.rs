//! Fitting, using, writing and reading encoders on made-up epochs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking and says what it skips"
)]

mod common;

use std::ops::ControlFlow;

use common::{Cohort, SAMPLES, cohort, small, tiny_conv};
use ndarray::{Array3, ArrayView3};
use twinprint_encoder::{
    Architecture, Augment, Backend, Compute, Conv, Embed, EncoderError, Loss, Model, Monitor, Plan, Resnet1d,
    Sampler, Silent, StepReport, TwinCnn, train,
};

fn with_architecture(architecture: Architecture) -> Plan {
    Plan { architecture, ..small("") }
}

#[test]
fn prints_are_of_unit_length_and_repeat() {
    let cohort = cohort(4, 9, 4);
    let model = train(&small("").check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut Silent).unwrap();
    let prints = model.embed(cohort.samples.view()).unwrap();
    assert_eq!(prints.dim(), (32, model.dim()));
    assert!(prints.outer_iter().all(|row| (row.dot(&row) - 1.0).abs() < 1e-5));
    assert_eq!(prints, model.embed(cohort.samples.view()).unwrap());
    assert_eq!(model.embed(ArrayView3::from_shape((0, 9, SAMPLES), &[]).unwrap()).unwrap().nrows(), 0);
}

#[test]
fn the_same_plan_gives_the_same_weights_to_the_bit_with_1_2_and_4_threads() {
    let cohort = cohort(4, 9, 4);
    let nets = [
        tiny_conv(),
        Architecture::Conv(Conv { widths: vec![16, 32], dim: 10, ..Conv::default() }),
        Architecture::Resnet1d(Resnet1d { widths: vec![6, 8], dim: 10, ..Resnet1d::default() }),
        Architecture::TwinCnn(TwinCnn { widths: vec![6, 4], dim: 10, ..TwinCnn::default() }),
    ];
    let plans = std::iter::once(small("")).chain(nets.map(with_architecture));
    for plan in plans {
        let hash = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let model =
                    train(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut Silent).unwrap();
                let prints = model.embed(cohort.samples.view()).unwrap();
                (model.content_hash().unwrap(), prints)
            })
        };
        let one = hash(1);
        assert!(one == hash(1) && one == hash(2) && one == hash(4));
    }
}

#[test]
fn a_saved_model_is_the_same_model() {
    let cohort = cohort(4, 9, 4);
    let dir = tempfile::tempdir().unwrap();
    for (i, plan) in [
        small(""),
        Plan { ensemble: 2, ..small("") },
        small("fusion = [{ with = 'tangent_wccn' }, { with = 'log_psd_wccn', weight = 0.5 }]"),
        small("initialise = { across_recordings = 3.0 }"),
        Plan { backend: Backend::Wccn { shrinkage: 0.3 }, ..small("") },
        Plan { backend: Backend::Lda { shrinkage: 0.3 }, ..small("") },
        Plan { backend: Backend::Plda { shrinkage: 0.3 }, ..small("") },
        with_architecture(tiny_conv()),
    ]
    .iter()
    .enumerate()
    {
        let model = train(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut Silent).unwrap();
        let dir = dir.path().join(i.to_string());
        model.save(&dir).unwrap();
        let read = Model::load(&dir, &Compute::cpu()).unwrap();
        assert_eq!(read.content_hash().unwrap(), model.content_hash().unwrap());
        let epochs = cohort.samples.view();
        assert_eq!(read.embed(epochs).unwrap(), model.embed(epochs).unwrap());
        assert_eq!(read.embed(epochs).unwrap().ncols(), read.dim());
        read.check_fits(&plan.check().unwrap(), &cohort.channels, 128.0, SAMPLES).unwrap();
        let files: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|f| f.unwrap().file_name()).collect();
        assert_eq!(files.len(), 2, "{files:?}");
    }
}

#[test]
fn what_does_not_fit_is_said() {
    let cohort = cohort(3, 9, 3);
    let model = Model::untrained(&small("").check().unwrap(), &cohort.epochs(), &Compute::cpu()).unwrap();
    let error = model
        .check_fits(&with_architecture(tiny_conv()).check().unwrap(), &cohort.channels[..8], 256.0, 128)
        .unwrap_err();
    let text = error.to_string();
    for part in ["architecture is filterbank, wanted is conv", "channel set is x0", "rate in hertz is 128"] {
        assert!(text.contains(part), "{text}");
    }
    let wanted = Plan { seed: 6, ..small("") }.check().unwrap();
    let error = model.check_fits(&wanted, &cohort.channels, 128.0, 128).unwrap_err();
    assert!(error.to_string().contains("its seed is 5, wanted is 6"), "{error}");
    let error = model.embed(cohort.samples.slice(ndarray::s![.., ..8, ..])).unwrap_err();
    assert!(matches!(error, EncoderError::Shape { got_channels: 8, channels: 9, .. }));
}

#[test]
fn a_damaged_model_is_refused() {
    let cohort = cohort(3, 9, 3);
    let model = Model::untrained(&small("").check().unwrap(), &cohort.epochs(), &Compute::cpu()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let load = || {
        let error = Model::load(dir.path(), &Compute::cpu()).unwrap_err();
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        format!("{error}: {cause}")
    };
    assert!(load().contains("model.json"));
    model.save(dir.path()).unwrap();
    let weights = dir.path().join("model.safetensors");
    let mut bytes = std::fs::read(&weights).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    std::fs::write(&weights, &bytes).unwrap();
    assert!(load().contains("not the file model.json was written with"), "{}", load());
    std::fs::write(dir.path().join("model.json"), "{").unwrap();
    assert!(load().contains("model.json: not a model"), "{}", load());
}

#[test]
fn every_architecture_learns_to_tell_the_training_subjects_apart() {
    let cohort = cohort(3, 6, 8);
    let nets = [
        tiny_conv(),
        Architecture::Resnet1d(Resnet1d { widths: vec![6, 8], dim: 10, ..Resnet1d::default() }),
        Architecture::TwinCnn(TwinCnn { widths: vec![6, 4], dim: 10, ..TwinCnn::default() }),
    ];
    for architecture in nets {
        let mut plan = with_architecture(architecture);
        plan.optimiser.steps = Some(60);
        plan.optimiser.learning_rate = 0.01;
        let mut losses = Losses::default();
        let model = train(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut losses).unwrap();
        let (first, last) = (losses.0[0].loss, losses.0[59].loss);
        assert!(last < first, "{}: {first} to {last}", plan.architecture.name());
        let prints = model.embed(cohort.samples.view()).unwrap();
        let cosine = prints.dot(&prints.t());
        let mean = |same: bool| {
            let values: Vec<f32> = cosine
                .indexed_iter()
                .filter(|&((i, j), _)| i != j && (cohort.subject[i] == cohort.subject[j]) == same)
                .map(|(_, &x)| x)
                .collect();
            values.iter().sum::<f32>() / values.len() as f32
        };
        assert!(mean(true) > mean(false) + 0.2, "{}", plan.architecture.name());
    }
}

#[derive(Default)]
struct Losses(Vec<StepReport>);

impl Monitor for Losses {
    fn step(&mut self, step: &StepReport) -> ControlFlow<()> {
        self.0.push(*step);
        ControlFlow::Continue(())
    }
}

#[test]
fn every_loss_trains_from_its_name_alone_and_lowers_itself() {
    let cohort = cohort(4, 9, 6);
    for name in
        ["sup_con", "contrastive", "koch", "triplet", "n_pair", "prototypical", "arc_face", "subject_softmax"]
    {
        let mut plan =
            small(&format!("loss = {{ name = \"{name}\" }}\ninitialise = {{ whitening = false }}"));
        plan.optimiser.steps = Some(60);
        plan.optimiser.learning_rate = 0.003;
        plan.batch.virtual_subjects = Some(0.0);
        let mut losses = Losses::default();
        train(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut losses).unwrap();
        let mean = |steps: &[StepReport]| steps.iter().map(|s| s.loss).sum::<f64>() / steps.len() as f64;
        let (first, last) = (mean(&losses.0[..10]), mean(&losses.0[50..]));
        assert!(last < first, "{name}: {first} to {last}");
    }
}

#[test]
fn samplers_augmentation_averaging_and_auxiliary_losses_change_the_result() {
    let cohort = cohort(4, 9, 6);
    let plain = Plan { loss: toml::from_str::<Plan>("loss.name = 'contrastive'").unwrap().loss, ..small("") };
    let hash = |plan: &Plan| {
        train(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut Silent)
            .unwrap()
            .content_hash()
            .unwrap()
    };
    let mut variants = vec![plain.clone(); 8];
    variants[1].batch.sampler = Sampler::HardNegatives;
    variants[2].batch.sampler = Sampler::TwinPairs;
    variants[3].batch.augment = vec![Augment::Noise { microvolts: 5.0 }];
    variants[4].optimiser.average = 0.9;
    variants[5].auxiliary =
        toml::from_str::<Plan>("auxiliary = [{ loss = { name = 'sup_con' }, weight = 0.5 }]")
            .unwrap()
            .auxiliary;
    variants[6].optimiser.clip = 1e-6;
    variants[7].optimiser.weight_decay = 0.5;
    let hashes: std::collections::BTreeSet<String> = variants.iter().map(hash).collect();
    assert_eq!(hashes.len(), variants.len());
}

/// Dev scores given beforehand.
struct Scores(Vec<f64>, usize);

impl Monitor for Scores {
    fn step(&mut self, step: &StepReport) -> ControlFlow<()> {
        self.1 = step.step;
        ControlFlow::Continue(())
    }

    fn dev_score(&mut self, embed: &Embed) -> Option<f64> {
        assert_eq!(embed(Array3::zeros((1, 9, SAMPLES)).view()).unwrap().nrows(), 1);
        Some(self.0.remove(0))
    }
}

#[test]
fn early_stopping_keeps_the_weights_of_the_best_look() {
    let cohort = cohort(4, 9, 4);
    let mut plan = small("early_stopping = { every = 2, patience = 2 }");
    plan.optimiser.steps = Some(20);
    let mut scores = Scores(vec![0.3, 0.2, 0.25, 0.2], 0);
    let stopped = train(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut scores).unwrap();
    assert_eq!(scores.1, 8);
    let mut scores = Scores(vec![0.3, 0.2, 0.25, 0.4], 0);
    let again = train(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut scores).unwrap();
    let epochs = cohort.samples.view();
    assert_eq!(stopped.embed(epochs).unwrap(), again.embed(epochs).unwrap());
    let mut scores = Scores(vec![0.1, 0.2, 0.25], 0);
    let first = train(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut scores).unwrap();
    assert_ne!(stopped.embed(epochs).unwrap(), first.embed(epochs).unwrap());
}

#[test]
fn a_monitor_can_stop_training() {
    struct Impatient;
    impl Monitor for Impatient {
        fn step(&mut self, step: &StepReport) -> ControlFlow<()> {
            if step.step == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    let cohort = cohort(3, 9, 3);
    let error =
        train(&small("").check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut Impatient).unwrap_err();
    assert_eq!(error.to_string(), "training was stopped at step 3 of 6");
}

#[test]
fn zero_steps_are_the_whitened_start() {
    let cohort = cohort(4, 9, 4);
    let mut plan = small("");
    plan.optimiser.steps = Some(0);
    let trained = train(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut Silent).unwrap();
    let whitened = Model::whitened(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu()).unwrap();
    let untrained = Model::untrained(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu()).unwrap();
    assert_eq!(trained.content_hash().unwrap(), whitened.content_hash().unwrap());
    assert_ne!(trained.content_hash().unwrap(), untrained.content_hash().unwrap());
    assert!(plan.clone().check().unwrap().ends_whitened());
    // What is fitted to the epochs alone is taken from the trained model, whatever was learnt behind it.
    let before = trained.before_training(&cohort.epochs()).unwrap();
    assert_eq!(before.content_hash().unwrap(), untrained.content_hash().unwrap());
    plan.initialise.whitening = Some(false);
    let anyway = Model::whitened(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu()).unwrap();
    let epochs = cohort.samples.view();
    assert_eq!(anyway.embed(epochs).unwrap(), whitened.embed(epochs).unwrap());
}

#[test]
fn fusion_joins_the_print_of_the_encoder_alone_and_never_an_untrained_one() {
    let cohort = cohort(4, 9, 4);
    let plan = small("fusion = [{ with = 'tangent_wccn' }]");
    let model = train(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut Silent).unwrap();
    let plain = train(&small("").check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut Silent).unwrap();
    let epochs = cohort.samples.view();
    let (joined, alone) = (model.embed(epochs).unwrap(), model.embed_alone(epochs).unwrap());
    assert_eq!(alone, plain.embed(epochs).unwrap());
    assert_eq!((joined.ncols(), alone.ncols()), (model.dim(), plain.dim()));
    for (row, own) in joined.outer_iter().zip(alone.outer_iter()) {
        let part = row.slice(ndarray::s![..own.len()]);
        assert!((row.dot(&row) - 1.0).abs() < 1e-5);
        assert!(
            (part.dot(&own) / part.dot(&part).sqrt() - 1.0).abs() < 1e-5,
            "the encoder's part comes first"
        );
    }
    assert!(!plan.clone().check().unwrap().ends_whitened(), "it takes steps");
    let untrained = Model::untrained(&plan.check().unwrap(), &cohort.epochs(), &Compute::cpu()).unwrap();
    assert_eq!(untrained.dim(), plain.dim());
    let before = model.before_training(&cohort.epochs()).unwrap();
    assert_eq!(before.content_hash().unwrap(), untrained.content_hash().unwrap());
}

#[test]
fn epochs_that_cannot_be_learnt_from_are_refused() {
    let cohort = cohort(3, 9, 3);
    let refuse = |change: &dyn Fn(&mut Cohort)| {
        let mut other = Cohort {
            samples: cohort.samples.clone(),
            subject: cohort.subject.clone(),
            recording: cohort.recording.clone(),
            channels: cohort.channels.clone(),
        };
        change(&mut other);
        Model::whitened(&small("").check().unwrap(), &other.epochs(), &Compute::cpu())
            .unwrap_err()
            .to_string()
    };
    assert!(refuse(&|c| c.subject.fill(1)).contains("one subject"));
    assert!(refuse(&|c| c.recording.fill(1)).contains("recording 1 belongs to subject 0 and to subject 1"));
    assert!(refuse(&|c| c.samples[[4, 0, 0]] = f32::NAN).contains("epoch 4"));
    assert!(refuse(&|c| c.subject.truncate(17)).contains("17 subjects"));
}

#[test]
fn plans_that_cannot_run_name_the_key_and_the_way_out() {
    for (text, part) in [
        ("ensemble = 0", "ensemble = 0: 1 to 64 encoders"),
        ("batch.subjects = 1", "batch.subjects = 1"),
        ("optimiser.learning_rate = 0.0", "optimiser.learning_rate = 0"),
        ("loss = { name = 'contrastive', margin = -1.0 }", "loss.margin = -1"),
        ("batch.sampler = 'twin_pairs'", "write \"subjects_by_epochs\""),
        ("loss.name = 'arc_face'\nbatch.virtual_subjects = 2.0", "batch.virtual_subjects = 2"),
        ("architecture.name = 'conv'\ninitialise.whitening = true", "initialise.whitening = true"),
        ("architecture = { name = 'conv', kernel = 8 }", "architecture.kernel = 8"),
        ("architecture = { name = 'filterbank', dim = 64 }", "architecture.dim = 64"),
        ("backend = { name = 'wccn', shrinkage = 2.0 }", "backend.shrinkage = 2"),
        ("initialise = { across_recordings = -1.0 }", "initialise.across_recordings = -1"),
        ("fusion = [{ with = 'tangent_wccn', weight = 0.0 }]", "fusion.weight = 0"),
        ("fusion = [{ with = 'tangent_wccn', shrinkage = 0.0 }]", "fusion.shrinkage = 0"),
    ] {
        let plan: Plan = toml::from_str(text).unwrap();
        let error = plan.check().unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    for text in ["stepz = 1", "loss = { name = 'sup_con', margin = 1.0 }", "architecture.name = 'resnet'"] {
        assert!(toml::from_str::<Plan>(text).is_err(), "{text}");
    }
}

#[test]
fn a_plan_written_out_reads_back_the_same() {
    let plan = Plan { loss: Loss::default(), ..Plan::default() }.check().unwrap();
    let text = toml::to_string(&plan).unwrap();
    assert_eq!(toml::from_str::<Plan>(&text).unwrap(), *plan);
    assert_eq!(plan.batch.virtual_subjects, Some(2.0));
    assert_eq!(plan.check().unwrap(), plan);
}

#[test]
fn a_packed_model_is_the_same_model_and_notices_every_byte_that_was_flipped() {
    let cohort = cohort(4, 9, 4);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.twinprint");
    let model = train(&small("").check().unwrap(), &cohort.epochs(), &Compute::cpu(), &mut Silent).unwrap();
    let about = "who it learnt from: \"blake3\":\"nobody\"";
    model.pack(&path, about).unwrap();
    let (again, told) = Model::unpack(&path, &Compute::cpu()).unwrap();
    assert_eq!(told, about);
    assert_eq!(again.content_hash().unwrap(), model.content_hash().unwrap());
    assert_eq!(again.embed(cohort.samples.view()).unwrap(), model.embed(cohort.samples.view()).unwrap());
    let bytes = std::fs::read(&path).unwrap();
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        Model::unpack(&path, &Compute::cpu()).unwrap_err()
    };
    for place in (0..bytes.len()).step_by(101).chain([0, 7, 8, bytes.len() - 1]) {
        let mut flipped = bytes.clone();
        flipped[place] ^= 1;
        assert!(matches!(refused(&flipped), EncoderError::Format { .. }), "byte {place}");
    }
    for length in [0, 7, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        assert!(matches!(refused(&bytes[..length]), EncoderError::Format { .. }), "{length} bytes");
    }
    assert!(matches!(refused(&[b'{'; 5000]), EncoderError::Format { .. }));
}
