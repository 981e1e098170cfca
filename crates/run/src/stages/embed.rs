//! Epochs to prints: `prints.h5` of the encoder on people it never saw, `systems/` of every system in every role.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ndarray::{Array2, Axis};
use twinprint_encoder::Model;
use twinprint_evaluation::normalisation::Normalisation;
use twinprint_protocol::{FitRecord, Fold, Provenance, Role, Stage as Step, StageOrder};
use twinprint_store::RowInfo;
use twinprint_store::epochs::EpochFile;
use twinprint_store::prints::{ENCODER_HASH, LENGTHS, PLAN_HASH, PrintFile, PrintWriter, VERSION};

use crate::RunError;
use crate::baselines::{self, Fitted};
use crate::context::Context;
use crate::error::Placed;
use crate::folder::{PRINTS, PROVENANCE, QUALITY, create_folder};
use crate::learning::{Learning, epoch_seconds, without_overlap};
use crate::scoring::{Side, SystemSides};
use crate::shortcut::Shortcut;
use crate::stages::train::open_epochs;
use crate::system::System;
use crate::tables;

/// The mains frequency where no recording shows one.
const LINE_FREQUENCY: f64 = 50.0;

/// Embeds the epochs of every fold with every system.
pub(crate) fn run(context: &Context) -> Result<String, RunError> {
    let file = open_epochs(context)?;
    create_folder(&context.folder.path("systems"))?;
    let learnings =
        context.split.folds.iter().map(|fold| Learning::of(fold, &file)).collect::<Result<Vec<_>, _>>()?;
    let mut fits = Vec::new();
    let mut prints = 0;
    let (systems, missing) = available(context)?;
    for (audit, reason) in missing {
        context.progress.notice(&format!("audit {audit} is left out: {reason}"));
    }
    let line_frequency = line_frequency(context);
    for system in systems {
        let sides = sides_of(context, system, &file, line_frequency, &learnings, &mut fits)?;
        if system == System::Encoder {
            let identity = encoder_hash(context)?;
            prints = write(context, &context.folder.path(PRINTS), &sides, &[Role::Test], &identity)?;
        }
        write(
            context,
            &place(context, system),
            &sides,
            &[Role::Test, Role::Dev, Role::Train],
            system.name(),
        )?;
    }
    let provenance = Provenance { fits, stages: steps(context), ..Provenance::default() };
    twinprint_protocol::check_provenance(&provenance, context.split, &context.plan.config().protocol)
        .map_err(|leaks| RunError::Leaks(leaks.iter().map(ToString::to_string).collect()))?;
    context.folder.write_json(PROVENANCE, &provenance)?;
    Ok(format!("{prints} prints of people the encoder never saw"))
}

/// The file with a system's prints.
fn place(context: &Context, system: System) -> PathBuf {
    context.folder.path("systems").join(format!("{system}.h5").replace(':', "-"))
}

/// The systems that can be scored, and the audits that cannot be made with the reason.
type Available = (Vec<System>, Vec<(Shortcut, String)>);

/// The systems that can be scored on the run's epochs, and the audits that cannot be made on them, each with the reason.
pub(crate) fn available(context: &Context) -> Result<Available, RunError> {
    let file = open_epochs(context)?;
    let line_frequency = line_frequency(context);
    let (mut systems, mut missing) = (Vec::new(), Vec::new());
    for system in context.plan.systems() {
        match system {
            System::Shortcut(shortcut) => match baselines::missing(shortcut, &file, line_frequency)? {
                Some(reason) => missing.push((shortcut, reason)),
                None => systems.push(system),
            },
            _ => systems.push(system),
        }
    }
    Ok((systems, missing))
}

/// The mains frequency that stands out in the first recording in which one does.
fn line_frequency(context: &Context) -> f64 {
    let found = tables::read_parquet(&context.folder.path(QUALITY)).ok().and_then(|table| {
        let column = table.column("line_frequency").ok()?.f64().ok()?.clone();
        column.iter().flatten().next()
    });
    found.unwrap_or(LINE_FREQUENCY)
}

fn sides_of(
    context: &Context,
    system: System,
    file: &EpochFile,
    line_frequency: f64,
    learnings: &[Learning],
    fits: &mut Vec<FitRecord>,
) -> Result<SystemSides, RunError> {
    let evaluation = &context.plan.config().evaluation;
    let keep_training = system == System::Encoder || evaluation.uses_training_prints();
    let features = baselines::features(system, file, line_frequency)?;
    let weighted = weighted(context, system);
    let mut sides = SystemSides { system, test: Vec::new(), dev: Vec::new(), train: Vec::new() };
    for (fold, learning) in context.split.folds.iter().zip(learnings) {
        let table = match &features {
            Some(features) => Fitted::on(system, features, learning)?.prints(features.view())?,
            None => encoder_prints(context, system, fold, learning, file)?,
        };
        fits.push(FitRecord {
            what: system.name().to_owned(),
            fold: Some(fold.index),
            subjects: learning.subjects().to_vec(),
        });
        sides.test.push(Side::select(fold, Role::Test, file, &table, weighted));
        if !fold.dev.is_empty() {
            sides.dev.push(Side::select(fold, Role::Dev, file, &table, weighted));
        }
        if evaluation.normalisation != Normalisation::None {
            fits.push(FitRecord {
                what: format!("score normalisation of {system}"),
                fold: Some(fold.index),
                subjects: fold.train.clone(),
            });
        }
        if !fold.dev.is_empty() {
            fits.push(FitRecord {
                what: format!("calibration and thresholds of {system}"),
                fold: Some(fold.index),
                subjects: fold.dev.clone(),
            });
        }
        if keep_training {
            sides.train.push(Side::select(fold, Role::Train, file, &table, weighted));
        }
        context.progress.step(&format!("fold {}/{} {system}", fold.index + 1, context.split.folds.len()));
    }
    Ok(sides)
}

/// Whether the length of a system's prints is how much they count.
fn weighted(context: &Context, system: System) -> bool {
    let learnt = context.plan.config().encoder.attention.is_some();
    learnt && matches!(system, System::Encoder | System::EncoderAlone)
}

/// A row for each epoch of the file: only those without overlap are embedded, the rest stays zero and is never read.
fn encoder_prints(
    context: &Context,
    system: System,
    fold: &Fold,
    learning: &Learning,
    file: &EpochFile,
) -> Result<Array2<f32>, RunError> {
    let failed = |error| RunError::in_stage("embed", error);
    let plan = &context.plan.encoder()?;
    let data = learning.epochs(file);
    let model = match system {
        System::UntrainedEncoder => Model::untrained(plan, &data, context.device).map_err(failed)?,
        System::WhitenedEncoder => Model::whitened(plan, &data, context.device).map_err(failed)?,
        _ => saved(context, fold, file)?,
    };
    let rows = without_overlap(file.infos(), epoch_seconds(file));
    let samples = file.samples().select(Axis(0), &rows);
    let prints = match system {
        System::EncoderAlone => model.embed_alone(samples.view()),
        _ => model.embed(samples.view()),
    }
    .map_err(failed)?;
    let mut table = Array2::zeros((file.infos().len(), prints.ncols()));
    for (print, &row) in prints.rows().into_iter().zip(&rows) {
        table.row_mut(row).assign(&print);
    }
    Ok(table)
}

/// The encoder that training left in the fold's folder, if it is one of this run's plan for these epochs.
fn saved(context: &Context, fold: &Fold, file: &EpochFile) -> Result<Model, RunError> {
    let path = context.folder.fold(fold.index);
    let model = Model::load(&path, context.device).in_stage("embed")?;
    let (rate, samples) = (file.rate().get(), file.samples().dim().2);
    match model.check_fits(&context.plan.encoder()?, file.channels(), rate, samples) {
        Ok(()) => Ok(model),
        Err(error) => Err(RunError::run_folder_with(
            path,
            error,
            "it was not trained by this run: run with --from train",
        )),
    }
}

/// One hash for the encoders of all folds.
fn encoder_hash(context: &Context) -> Result<String, RunError> {
    let mut hasher = blake3::Hasher::new();
    for fold in &context.split.folds {
        let path = context.folder.fold(fold.index).join("model.safetensors");
        let bytes = std::fs::read(&path).map_err(|source| RunError::Read { path, source })?;
        hasher.update(blake3::hash(&bytes).as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn write(
    context: &Context,
    path: &std::path::Path,
    sides: &SystemSides,
    roles: &[Role],
    encoder: &str,
) -> Result<usize, RunError> {
    let failed = |error| RunError::in_stage("embed", error);
    let mut attributes: BTreeMap<String, String> = [
        (ENCODER_HASH, encoder.to_owned()),
        (PLAN_HASH, context.plan.hash()),
        (VERSION, env!("CARGO_PKG_VERSION").to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    if weighted(context, sides.system) {
        attributes.insert(LENGTHS.0.to_owned(), LENGTHS.1.to_owned());
    }
    let dim = sides.test.first().map_or(0, |side| side.prints.ncols());
    let mut writer = PrintWriter::create(path, dim, &attributes).map_err(failed)?;
    for &role in roles {
        for (fold, side) in of_role(sides, role).iter().enumerate() {
            let infos: Vec<RowInfo> = side
                .infos
                .iter()
                .map(|info| RowInfo {
                    epoch: info.clone(),
                    fold: Some(fold as u32),
                    role: Some(role.name().to_owned()),
                })
                .collect();
            writer.append(side.prints.view(), &infos).map_err(failed)?;
        }
    }
    let count = writer.len();
    writer.finish().map_err(failed)?;
    Ok(count)
}

fn of_role(sides: &SystemSides, role: Role) -> &[Side] {
    match role {
        Role::Test => &sides.test,
        Role::Dev => &sides.dev,
        Role::Train => &sides.train,
    }
}

/// Reads a system's prints back.
pub(crate) fn read(context: &Context, system: System, epoch_seconds: f64) -> Result<SystemSides, RunError> {
    let path = place(context, system);
    let file = PrintFile::open(&path).in_folder(path.clone(), "run `twinprint embed` again")?;
    let of = |role: Role| -> Vec<Side> {
        let folds = 0..context.split.folds.len() as u32;
        let rows_of = |fold: u32| -> Vec<usize> {
            let belongs =
                |info: &RowInfo| info.fold == Some(fold) && info.role.as_deref() == Some(role.name());
            (0..file.infos().len()).filter(|&row| belongs(&file.infos()[row])).collect()
        };
        folds
            .map(rows_of)
            .filter(|rows| !rows.is_empty())
            .map(|rows| Side {
                infos: rows.iter().map(|&row| file.infos()[row].epoch.clone()).collect(),
                prints: file.prints().select(Axis(0), &rows),
                weighted: weighted(context, system),
                epoch_seconds,
            })
            .collect()
    };
    Ok(SystemSides { system, test: of(Role::Test), dev: of(Role::Dev), train: of(Role::Train) })
}

/// The order in which the signal was worked on, for the leak check: every filter runs before epochs are cut.
fn steps(context: &Context) -> StageOrder {
    let preprocess = &context.plan.config().preprocess;
    let mut steps = Vec::new();
    let filters = [
        (preprocess.notch.is_some(), "notch"),
        (preprocess.filter.is_some(), "band-pass"),
        (preprocess.resample.is_some(), "resampling"),
    ];
    steps.extend(filters.iter().filter(|(used, _)| *used).map(|(_, name)| Step::Filter((*name).to_owned())));
    steps.push(Step::Pointwise("reference".to_owned()));
    steps.push(Step::Epoch);
    steps.push(Step::Pointwise("rejection and scale".to_owned()));
    StageOrder(steps)
}
