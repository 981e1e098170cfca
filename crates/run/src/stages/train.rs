//! Epochs of the training subjects to one encoder a fold: `fold-K/model.*`, `fold-K/training.csv`; and epochs of everybody to
//! one more, in `model/`. While the stage runs, each has a checkpoint, so that a run that was killed goes on at the step it had
//! come to.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rayon::prelude::*;
use twinprint_encoder::{
    Embed, JoinedFeatures, Monitor, Recipe, SharedFeatures, StepReport, train_resumable,
};
use twinprint_evaluation::Comparisons;
use twinprint_protocol::{Fold, Role, Split};
use twinprint_signal::{ChannelName, FoldIndex, counted};
use twinprint_store::epochs::EpochFile;

use crate::carried::CarriedModel;
use crate::context::Context;
use crate::directionless;
use crate::error::Placed;
use crate::folder::{
    CARRIED, CHECKPOINT, EPOCHS, JOINED, RunFolder, TRAINING, create_folder, remove, write_csv,
};
use crate::scoring::{Asked, People, SystemTrials, comparisons_of_fold, embed_role};
use crate::stages::joined;
use crate::training_rows::{TrainingRows, epoch_seconds, unlabelled};
use crate::weights::Weights;
use crate::{Plan, Progress, RunError};

/// The columns of a fold's log of training.
const COLUMNS: [&str; 6] = ["member", "step", "loss", "learning_rate", "gradient_norm", "dev_eer"];

/// How many steps the training of all encoders reports.
pub(crate) fn steps(plan: &Plan, split: &Split) -> u64 {
    let encoders = split.folds.len() + usize::from(plan.fits_final_model());
    let joined = if plan.carried().is_none() { joined::steps(&plan.config().encoder) } else { 0 };
    // An encoder in closed form takes no step of its own: that it is fitted is one.
    joined + encoders as u64 * (steps_of_one(plan) + 1)
}

fn steps_of_one(plan: &Plan) -> u64 {
    let encoder = &plan.config().encoder;
    // A model that is brought along keeps the attention it has learnt.
    let learns = plan.carried().is_none();
    let attention = encoder.attention.as_ref().filter(|_| learns).map_or(0, |attention| attention.steps);
    (encoder.ensemble * encoder.steps() + attention) as u64
}

/// Trains the encoder of every fold on that fold's training recordings, and where the plan wants a final model, one more on
/// everybody's.
pub(crate) fn run(context: &Context) -> Result<String, RunError> {
    let Context { plan, split, folder, .. } = context;
    let (file, encoder) = (open_epochs(context)?, plan.encoder());
    if let Some((carried, _)) = plan.carried() {
        fits_epochs(carried, &file)?;
        folder.write_json(CARRIED, &carried.about)?;
    }
    // A model that is brought along has what was joined to it.
    let learnt = match plan.carried() {
        Some(_) => JoinedFeatures::none(),
        None => joined::learn(context, encoder)?,
    };
    let shared = match plan.carried() {
        Some(_) => None,
        None => shared_features(context, Recipe { plan: encoder, joined: &learnt, shared: None }, &file)?,
    };
    let recipe = Recipe { plan: encoder, joined: &learnt, shared: shared.as_ref() };
    let weights = Weights::of(plan, split);
    let everybody = match fits(context) {
        true => Some(TrainingRows::of_everybody(split, &file, &weights)?),
        false => {
            remove(folder.final_model())?;
            None
        }
    };
    let mut last = Vec::with_capacity(split.folds.len() + 1);
    let mut best = BestSteps::default();
    let jobs: Vec<Job> =
        split.folds.iter().map(Job::Fold).chain(everybody.as_ref().map(Job::Everybody)).collect();
    for group in jobs.chunks(at_once(shared.as_ref())) {
        let stops = best.medians();
        let fit_one = |job: &Job| match job {
            Job::Fold(fold) => fit_fold(context, recipe, fold, &file, &weights),
            Job::Everybody(rows) => fit(context, recipe, (None, Vec::new(), rows), (&file, stops.clone())),
        };
        let fitted: Vec<Fitted> = match group {
            [job] => vec![fit_one(job)?],
            group => group.par_iter().map(fit_one).collect::<Result<_, _>>()?,
        };
        for (job, fitted) in group.iter().zip(&fitted) {
            last.push(fitted.loss);
            if matches!(job, Job::Fold(_)) {
                best.add(fitted);
            }
        }
    }
    let also = everybody.map_or_else(String::new, |rows| {
        let stop = best.medians().into_values().max();
        let steps = stop.map(|step| format!(", stopped after {step} steps as its folds were"));
        let people = counted(rows.subjects().len(), "person");
        format!(", the last of them of all {people}{}", steps.unwrap_or_default())
    });
    forget_checkpoints(folder, split)?;
    if steps_of_one(plan) == 0 {
        let learnt = match joined::steps(&plan.config().encoder) {
            0 => "no step".to_owned(),
            steps => format!("on features learnt in {steps} steps"),
        };
        return Ok(format!("{} encoders in closed form, {learnt}{also}", last.len()));
    }
    let losses: Vec<String> = last.iter().map(|loss| format!("{loss:.3}")).collect();
    Ok(format!("{} encoders{also}, last loss {}", last.len(), losses.join(" ")))
}

/// One encoder to fit.
enum Job<'a> {
    /// That of a fold.
    Fold(&'a Fold),
    /// The final model, of everybody.
    Everybody(&'a TrainingRows),
}

/// What the encoders of all folds have in common, where they take no step and it is not too large.
fn shared_features(
    context: &Context,
    recipe: Recipe,
    file: &EpochFile,
) -> Result<Option<SharedFeatures>, RunError> {
    if steps_of_one(context.plan) > 0 {
        return Ok(None);
    }
    let rows = TrainingRows::of_any(context.split, file);
    SharedFeatures::compute(recipe, &unlabelled(file, &rows)).in_stage("train")
}

/// How many encoders are fitted side by side: those that share their features take no step, need nothing of one another, and have
/// matrices of the square of their number to decompose, which one thread does.
fn at_once(shared: Option<&SharedFeatures>) -> usize {
    let bytes = |shared: &SharedFeatures| MATRICES * shared.width() * shared.width() * size_of::<f64>();
    shared.map_or(1, |shared| (SIDE_BY_SIDE / bytes(shared).max(1)).clamp(1, rayon::current_num_threads()))
}

/// Square matrices that are held while an encoder is fitted in closed form.
const MATRICES: usize = 5;
/// Bytes that they may take in all encoders which are fitted side by side.
const SIDE_BY_SIDE: usize = 1 << 30;

/// Trains the encoder of one fold, of a plan whose encoders have nothing in common; gives back the last loss. The checkpoint
/// stays.
pub(crate) fn one(context: &Context, index: FoldIndex) -> Result<f64, RunError> {
    let Context { plan, split, .. } = context;
    let (file, encoder, learnt) = (open_epochs(context)?, plan.encoder(), JoinedFeatures::none());
    let recipe = Recipe { plan: encoder, joined: &learnt, shared: None };
    match split.folds.iter().find(|fold| fold.index == index) {
        Some(fold) => Ok(fit_fold(context, recipe, fold, &file, &Weights::of(plan, split))?.loss),
        None => Err(RunError::in_stage("train", format!("there is no fold {index}"))),
    }
}

/// Fits the encoder of a fold.
fn fit_fold(
    context: &Context,
    recipe: Recipe,
    fold: &Fold,
    file: &EpochFile,
    weights: &Weights,
) -> Result<Fitted, RunError> {
    let rows = TrainingRows::of(fold, file, weights)?;
    let views = context.split.by_tested_cohort();
    let of_cohorts =
        views.iter().filter_map(|(_, view)| view.folds.iter().find(|own| own.index == fold.index));
    let by_cohort = of_cohorts.filter(|view| !view.dev.is_empty()).collect();
    fit(context, recipe, (Some(fold), by_cohort, &rows), (file, BTreeMap::new()))
}

/// Refuses epochs of other channels or at another rate than a model that is brought along takes.
fn fits_epochs(carried: &CarriedModel, file: &EpochFile) -> Result<(), RunError> {
    let model = &carried.model;
    let names =
        |channels: &[ChannelName]| channels.iter().map(ChannelName::key).collect::<Vec<_>>().join(" ");
    let (here, there) = (names(file.channels()), names(model.channels()));
    if here == there && file.rate().get() == model.rate() {
        return Ok(());
    }
    let problem = format!(
        "the model of encoder.from takes {there} at {} Hz, and the epochs are of {here} at {}: set preprocess.channels.pick and preprocess.resample, with on_missing = \"interpolate\" where recordings lack some",
        model.rate(),
        file.rate()
    );
    Err(RunError::in_stage("train", problem))
}

/// Whether a final model is fitted; says so where the plan wants one and the split does not say of whom.
fn fits(context: &Context) -> bool {
    let wanted = context.plan.fits_final_model();
    if wanted && context.split.learnable.is_empty() {
        context.progress.notice(
            "no final model is fitted: the split is of an earlier version and does not say who may be learnt from; run with --from preprocess",
        );
    }
    wanted && !context.split.learnable.is_empty()
}

/// What the log of an encoder's training says.
struct Fitted {
    /// The last loss.
    loss: f64,
    /// The step of the best look at dev people, for each encoder of the ensemble that had one.
    best: BTreeMap<usize, usize>,
}

/// The steps at which the encoders of the folds served their dev people best.
#[derive(Default)]
struct BestSteps(BTreeMap<usize, Vec<usize>>);

impl BestSteps {
    fn add(&mut self, fitted: &Fitted) {
        for (&member, &step) in &fitted.best {
            self.0.entry(member).or_default().push(step);
        }
    }

    /// The median over the folds, for each encoder of the ensemble; of an even number of folds the later of the middle two.
    fn medians(&self) -> BTreeMap<usize, usize> {
        let median = |(&member, steps): (&usize, &Vec<usize>)| {
            let mut steps = steps.clone();
            steps.sort_unstable();
            (member, steps[steps.len() / 2])
        };
        self.0.iter().map(median).collect()
    }
}

/// Fits the encoder of a fold, or without one the final model, which takes as many steps as `stops` says where its folds were
/// stopped early, and saves it with the log of its training.
fn fit(
    context: &Context,
    recipe: Recipe,
    (fold, by_cohort, rows): (Option<&Fold>, Vec<&Fold>, &TrainingRows),
    (file, stops): (&EpochFile, BTreeMap<usize, usize>),
) -> Result<Fitted, RunError> {
    let Context { plan, split, folder, device, progress, .. } = context;
    let mut log = Log {
        fold,
        by_cohort,
        folds: split.folds.len(),
        plan,
        file,
        people: People::of(file.infos()),
        progress: *progress,
        rows: Vec::new(),
        stops,
        best: BTreeMap::new(),
        loss: f64::NAN,
        failed: None,
    };
    let place = fold.map_or_else(|| folder.final_model(), |fold| folder.fold(fold.index));
    create_folder(&place)?;
    let data = rows.epochs(file);
    let checkpoints = place.join(CHECKPOINT);
    let trained = match plan.carried() {
        None => train_resumable(recipe, &data, device, &mut log, &checkpoints),
        Some((carried, adapt)) => {
            carried.model.adapted(adapt, recipe.plan, &data, (device, &mut log), Some(&checkpoints))
        }
    };
    if let Some(error) = log.failed {
        return Err(error);
    }
    let model = trained.in_stage("train")?;
    model.save(&place).in_stage("train")?;
    progress.step(&match fold {
        Some(fold) => format!("fold {}/{} fitted", fold.index.0 + 1, split.folds.len()),
        None => "final model fitted".to_owned(),
    });
    write_csv(&place.join(TRAINING), COLUMNS, &log.rows)?;
    let best = log.best.into_iter().map(|(member, (step, _))| (member, step)).collect();
    Ok(Fitted { loss: log.loss, best })
}

/// Removes what a stopped training left to go on from.
fn forget_checkpoints(folder: &RunFolder, split: &Split) -> Result<(), RunError> {
    let folds = split.folds.iter().map(|fold| folder.fold(fold.index));
    folds.chain([folder.final_model()]).try_for_each(|place| remove(place.join(CHECKPOINT)))
}

/// Removes everything that a training which is begun anew must not go on from.
pub(crate) fn start_anew(folder: &RunFolder, split: &Split) -> Result<(), RunError> {
    forget_checkpoints(folder, split)?;
    remove(folder.path(JOINED))
}

/// The epochs a run's first stage wrote.
pub(crate) fn open_epochs(context: &Context) -> Result<EpochFile, RunError> {
    EpochFile::open(&context.folder.path(EPOCHS))
        .in_folder(context.folder.path(EPOCHS), "run `twinprint preprocess` again")
}

/// Writes training.csv, draws the live line, and scores dev subjects when asked.
struct Log<'a> {
    /// The fold; nothing for the final model.
    fold: Option<&'a Fold>,
    /// The fold as each tested cohort with dev people sees it.
    by_cohort: Vec<&'a Fold>,
    folds: usize,
    plan: &'a Plan,
    file: &'a EpochFile,
    people: People,
    progress: &'a dyn Progress,
    rows: Vec<[String; 6]>,
    /// After how many steps each encoder of the ensemble is done, where that is known before.
    stops: BTreeMap<usize, usize>,
    /// The step of the best look at dev people and its score, for each encoder of the ensemble.
    best: BTreeMap<usize, (usize, f64)>,
    loss: f64,
    failed: Option<RunError>,
}

impl Monitor for Log<'_> {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        self.loss = report.loss;
        if let Some(score) = report.dev_score {
            let best = self.best.entry(report.member).or_insert((report.step, score));
            if score < best.1 {
                *best = (report.step, score);
            }
        }
        let dev = report.dev_score.map(|eer| eer.to_string()).unwrap_or_default();
        let (member, step) = (report.member.to_string(), report.step.to_string());
        let [loss, rate, norm] =
            [report.loss, report.learning_rate, report.gradient_norm].map(|number| number.to_string());
        self.rows.push([member, step, loss, rate, norm, dev]);
        let shown = report.dev_score.map(|eer| format!(", dev EER {:.1} %", 100.0 * eer)).unwrap_or_default();
        let which = match self.fold {
            Some(fold) => format!("fold {}/{}", fold.index.0 + 1, self.folds),
            None => "final model".to_owned(),
        };
        self.progress
            .step(&format!("{which} step {}/{} loss {:.4}{shown}", report.step, report.steps, report.loss));
        if self.failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn stop_after(&mut self, member: usize) -> Option<usize> {
        self.stops.get(&member).copied()
    }

    fn dev_score(&mut self, embed: &Embed) -> Option<f64> {
        // Everybody is learnt from in the final model, so that nobody is left to stop it early: it stops as its folds did.
        let fold = self.fold.filter(|_| !self.by_cohort.is_empty())?;
        let scored = embed_role(fold, Role::Dev, self.file, embed).and_then(|side| {
            let seconds = self.shortest_probe();
            let without = directionless::of(&side);
            let asked = Asked {
                role: Role::Dev,
                epoch_seconds: epoch_seconds(self.file),
                probe_seconds: seconds,
                cohort: None,
                directionless: &without,
            };
            let of = |fold: &&Fold| comparisons_of_fold(self.plan, fold, &side, &self.people, &asked);
            let trials = SystemTrials(self.by_cohort.iter().map(of).collect::<Result<_, _>>()?);
            Ok(Comparisons::new(&trials).in_stage("train")?.eer())
        });
        match scored {
            Ok(eer) => Some(eer.value),
            Err(error) => {
                self.failed = Some(error);
                None
            }
        }
    }
}

impl Log<'_> {
    fn shortest_probe(&self) -> f64 {
        let seconds = &self.plan.config().protocol.probe.seconds;
        seconds.iter().copied().min_by(f64::total_cmp).unwrap_or_default()
    }
}
