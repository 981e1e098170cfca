//! Epochs to prints: `prints.h5` of the encoder on people it never saw, `systems/` of every system in every role.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use ndarray::{Array2, Axis};
use twinprint_comparison::Normalisation;
use twinprint_encoder::{Model, Silent};
use twinprint_protocol::{FitRecord, Fold, Provenance, Role};
use twinprint_signal::{EmbeddingSpace, EpochInfo, LengthMeaning, Prints, RowInfo, SubjectId};
use twinprint_store::epochs::EpochFile;
use twinprint_store::prints::{
    ENCODER_HASH, LENGTHS, PLAN_HASH, PrintFile, PrintWriter, SYSTEM, VERSION, space_attribute, space_of,
};

use crate::RunError;
use crate::baselines::{self, Fitted};
use crate::config::hash_of;
use crate::context::Context;
use crate::error::Placed;
use crate::folder::{FIT_LEAKS, OPERATIONS, PRINTS, PROVENANCE, QUALITY, SYSTEMS, create_folder};
use crate::scoring::SystemSides;
use crate::shortcut::Shortcut;
use crate::stages::joined;
use crate::stages::train::open_epochs;
use crate::system::System;
use crate::training_rows::{TrainingRows, epoch_seconds, without_overlap};
use crate::weights::Weights;
use crate::{leaks, tables};

/// The mains frequency where no recording shows one.
const LINE_FREQUENCY: f64 = 50.0;

/// Embeds the epochs of every fold with every system.
pub(crate) fn make(context: &Context) -> Result<String, RunError> {
    let file = open_epochs(context)?;
    create_folder(&context.folder.path(SYSTEMS))?;
    let weights = Weights::of(context.plan, context.split);
    let training = context
        .split
        .folds
        .iter()
        .map(|fold| TrainingRows::of(fold, &file, &weights))
        .collect::<Result<Vec<_>, _>>()?;
    let mut fits = Vec::new();
    let mut prints = 0;
    let (systems, missing) = available(context)?;
    for (audit, reason) in missing {
        context.progress.notice(&format!("audit {audit} is left out: {reason}"));
    }
    let line_frequency = line_frequency(context);
    for system in systems {
        let sides = sides_of(context, system, &file, line_frequency, &training, &mut fits)?;
        let attributes = attributes(context, &sides);
        if system == System::Encoder {
            let mut public = attributes.clone();
            public.insert(ENCODER_HASH.to_owned(), encoder_hash(context)?);
            prints = write(&context.folder.path(PRINTS), &sides, &[Role::Test], &public)?;
        }
        write(&place(context, system), &sides, &[Role::Test, Role::Dev, Role::Train], &attributes)?;
    }
    let encoder = context.plan.encoder()?;
    if !encoder.joined.is_empty() {
        let subjects = joined::subjects(context, &encoder)?;
        fits.push(FitRecord { what: "joined features".to_owned(), fold: None, subjects });
    }
    let provenance = Provenance { fits, operations: context.folder.read_json(OPERATIONS)? };
    context.folder.write_json(PROVENANCE, &provenance)?;
    Ok(format!("{prints} prints of people the encoder never saw"))
}

/// Looks for leaks in what was fitted on whom.
///
/// # Errors
/// Every such leak that the plan does not allow.
pub(crate) fn settle(context: &Context) -> Result<(), RunError> {
    let provenance: Provenance = context.folder.read_json(PROVENANCE)?;
    let notices =
        twinprint_protocol::check_provenance(&provenance, context.split, &context.plan.config().protocol)
            .map_err(|leaks| RunError::Leaks(leaks.iter().map(ToString::to_string).collect()))?;
    context.folder.write_json(FIT_LEAKS, &leaks::grouped(&notices))
}

/// The file with a system's prints.
fn place(context: &Context, system: System) -> PathBuf {
    context.folder.path(SYSTEMS).join(format!("{system}.h5").replace(':', "-"))
}

/// The systems that can be scored, and the audits that cannot be made with the reason.
pub(crate) type Available = (Vec<System>, Vec<(Shortcut, String)>);

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
    training: &[TrainingRows],
    fits: &mut Vec<FitRecord>,
) -> Result<SystemSides, RunError> {
    let evaluation = &context.plan.config().evaluation;
    let keep_training = system == System::Encoder || evaluation.uses_training_prints();
    let features = baselines::features(system, file, line_frequency)?;
    let mut sides = SystemSides { system, test: Vec::new(), dev: Vec::new(), train: Vec::new() };
    let apart = without_overlap(file.infos(), epoch_seconds(file));
    for (fold, rows) in context.split.folds.iter().zip(training) {
        let (values, model) = match &features {
            Some(features) => {
                let fitted = Fitted::on(system, features, rows)?;
                let model = hash_of(&(system.name(), context.key));
                (fitted.prints(features.select(Axis(0), &apart))?, model)
            }
            None => encoder_prints(context, system, (fold, rows), file, &apart)?,
        };
        let prints = {
            let infos: Vec<EpochInfo> = apart.iter().map(|&row| file.infos()[row].clone()).collect();
            let space = EmbeddingSpace { model, fold: Some(fold.index as u32) };
            Prints::new(values, infos, space, lengths(context, system)).in_stage("embed")?
        };
        let of = |role| {
            let people = fold.subjects(role);
            let belongs = |&place: &usize| people.contains(&prints.infos()[place].key.subject);
            prints.select(&(0..prints.len()).filter(belongs).collect::<Vec<_>>())
        };
        fits.push(FitRecord {
            what: system.name().to_owned(),
            fold: Some(fold.index),
            subjects: rows.subjects().to_vec(),
        });
        sides.test.push(of(Role::Test));
        if !fold.dev.is_empty() {
            sides.dev.push(of(Role::Dev));
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
            sides.train.push(of(Role::Train));
        }
        context.progress.step(&format!("fold {}/{} {system}", fold.index + 1, context.split.folds.len()));
    }
    Ok(sides)
}

/// What the lengths of a system's prints mean.
fn lengths(context: &Context, system: System) -> LengthMeaning {
    let learnt = context.plan.config().encoder.attention.is_some();
    match system {
        System::Encoder | System::EncoderAlone if learnt => LengthMeaning::Weight,
        _ => LengthMeaning::Nothing,
    }
}

/// Prints of some rows of the file of epochs, and the hash of the encoder that made them.
fn encoder_prints(
    context: &Context,
    system: System,
    (fold, training): (&Fold, &TrainingRows),
    file: &EpochFile,
    rows: &[usize],
) -> Result<(Array2<f32>, String), RunError> {
    let plan = &context.plan.encoder()?;
    let data = training.epochs(file);
    let model = match system {
        System::UntrainedEncoder => Model::untrained(plan, &data, context.device).in_stage("embed")?,
        System::LearntHere => {
            let here = context.plan.encoder_learnt_here()?;
            twinprint_encoder::train(&here, &data, context.device, &mut Silent).in_stage("embed")?
        }
        System::WhitenedEncoder => Model::whitened(plan, &data, context.device).in_stage("embed")?,
        _ => saved(context, fold, file)?,
    };
    let samples = file.samples().select(Axis(0), rows);
    let prints = match system {
        System::EncoderAlone => model.embed_alone(samples.view()),
        _ => model.embed(samples.view()),
    }
    .in_stage("embed")?;
    let hash = model.content_hash().in_stage("embed")?;
    // The same weights without what is joined to their prints map epochs into another space.
    let hash = if system == System::EncoderAlone { hash_of(&(system.name(), hash)) } else { hash };
    Ok((prints, hash))
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

/// What the file of a system's prints says of itself.
fn attributes(context: &Context, sides: &SystemSides) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::from([
        (SYSTEM.to_owned(), sides.system.name().to_owned()),
        (PLAN_HASH.to_owned(), context.plan.prints_hash()),
        (VERSION.to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
    ]);
    if lengths(context, sides.system) == LengthMeaning::Weight {
        attributes.insert(LENGTHS.0.to_owned(), LENGTHS.1.to_owned());
    }
    attributes.extend(sides.test.iter().map(|side| space_attribute(side.space())));
    attributes
}

fn write(
    path: &std::path::Path,
    sides: &SystemSides,
    roles: &[Role],
    attributes: &BTreeMap<String, String>,
) -> Result<usize, RunError> {
    let dim = sides.test.first().map_or(0, |side| side.dim());
    let mut writer = PrintWriter::create(path, dim, attributes).in_stage("embed")?;
    for &role in roles {
        for (fold, side) in of_role(sides, role).iter().enumerate() {
            let infos: Vec<RowInfo> = side
                .infos()
                .iter()
                .map(|info| RowInfo {
                    epoch: info.clone(),
                    fold: Some(fold as u32),
                    role: Some(role.name().to_owned()),
                })
                .collect();
            writer.append(side.values(), &infos).in_stage("embed")?;
        }
    }
    let count = writer.len();
    writer.finish().in_stage("embed")?;
    Ok(count)
}

fn of_role(sides: &SystemSides, role: Role) -> &[Prints<'static>] {
    match role {
        Role::Test => &sides.test,
        Role::Dev => &sides.dev,
        Role::Train => &sides.train,
    }
}

/// Reads a system's prints back as far as they are evaluated: of a context that sees one cohort, those of its people; of people learnt
/// from, only where the plan asks something of them.
pub(crate) fn read(context: &Context, system: System) -> Result<SystemSides, RunError> {
    let path = place(context, system);
    let file = PrintFile::open(&path).in_folder(&path, "run `twinprint embed` again")?;
    let of = |role: Role| -> Result<Vec<Prints<'static>>, RunError> {
        let mut folds = Vec::new();
        for (fold, people) in context.split.folds.iter().map(|fold| fold.subjects(role)).enumerate() {
            let fold = fold as u32;
            let people: HashSet<&SubjectId> = people.iter().collect();
            let belongs = |info: &RowInfo| {
                info.fold == Some(fold)
                    && info.role.as_deref() == Some(role.name())
                    && people.contains(&info.epoch.key.subject)
            };
            let rows: Vec<usize> =
                (0..file.infos().len()).filter(|&row| belongs(&file.infos()[row])).collect();
            if rows.is_empty() {
                continue;
            }
            let infos: Vec<EpochInfo> = rows.iter().map(|&row| file.infos()[row].epoch.clone()).collect();
            let values = file.prints().select(Axis(0), &rows);
            let unknown = || EmbeddingSpace { model: system.name().to_owned(), fold: Some(fold) };
            let space = space_of(file.attributes(), Some(fold)).unwrap_or_else(unknown);
            let prints = Prints::new(values, infos, space, lengths(context, system));
            folds.push(prints.in_folder(&path, "run `twinprint embed` again")?);
        }
        Ok(folds)
    };
    let asked = context.plan.config().evaluation.uses_training_prints();
    let train = if asked { of(Role::Train)? } else { Vec::new() };
    Ok(SystemSides { system, test: of(Role::Test)?, dev: of(Role::Dev)?, train })
}
