//! Epochs to prints: `prints.h5` of the encoder on people it never saw, `systems/` of it on everybody else and of every other
//! system in every role.

use std::collections::{BTreeMap, HashSet};

use ndarray::{Array2, Axis};
use rayon::prelude::*;
use twinprint_comparison::Normalisation;
use twinprint_encoder::{Model, SharedFeatures};
use twinprint_protocol::{FitRecord, Fold, Provenance, Role};
use twinprint_signal::{
    EmbeddingSpace, EpochInfo, EpochRow, FoldIndex, LengthMeaning, Prints, RowInfo, SubjectId, counted,
};
use twinprint_store::epochs::EpochFile;
use twinprint_store::prints::{
    ENCODER_HASH, LENGTHS, PLAN_HASH, PrintFile, PrintWriter, SYSTEM, VERSION, space_attribute, space_of,
};

use crate::RunError;
use crate::baselines::Fitted;
use crate::config::hash_of;
use crate::context::Context;
use crate::error::Placed;
use crate::feature_tables::{self, FeatureTables};
use crate::folder::{FIT_LEAKS, OPERATIONS, PROVENANCE, QUALITY, SYSTEMS, create_folder};
use crate::in_order::in_order;
use crate::scoring::SystemSides;
use crate::shortcut::Shortcut;
use crate::stages::train::open_epochs;
use crate::stages::{encoders, joined};
use crate::system::System;
use crate::training_rows::{TrainingRows, epoch_seconds, unlabelled, without_overlap};
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
    let (systems, missing) = available(context)?;
    for (audit, reason) in missing {
        context.progress.notice(&format!("audit {audit} is left out: {reason}"));
    }
    let tables = FeatureTables::of(&file, line_frequency(context), &systems)?;
    let apart = without_overlap(file.infos(), epoch_seconds(&file));
    let shared = match context.split.folds.first() {
        Some(fold) => {
            let model = encoders::saved(context, fold, &file)?;
            model.shared_features(&unlabelled(&file, &apart)).in_stage("embed")?
        }
        None => None,
    };
    let embedding = Embedding { context, file: &file, tables, shared, apart, training: &training };
    let mut fits = Vec::new();
    let mut prints = 0;
    in_order(
        &systems,
        rayon::current_num_threads().min(embedding.at_once()),
        |&system| embedding.sides_of(system),
        |&system, (sides, own_fits)| {
            fits.extend(own_fits);
            let attributes = attributes(context, &sides);
            let mut roles = [Role::Test, Role::Dev, Role::Train].as_slice();
            if system == System::Encoder {
                let mut public = attributes.clone();
                public.insert(ENCODER_HASH.to_owned(), encoder_hash(context)?);
                let test = context.folder.prints(system, Role::Test);
                prints = write(&test, &sides, &[Role::Test], &public)?;
                roles = &roles[1..];
            }
            write(&context.folder.prints(system, Role::Train), &sides, roles, &attributes).map(drop)
        },
    )?;
    let encoder = context.plan.encoder();
    if !encoder.joined.is_empty() {
        let subjects = joined::subjects(context, encoder)?;
        fits.push(FitRecord { what: "joined features".to_owned(), fold: None, subjects });
    }
    let provenance = Provenance { fits, operations: context.folder.read_json(OPERATIONS)? };
    context.folder.write_json(PROVENANCE, &provenance)?;
    Ok(format!("{} of people the encoder never saw", counted(prints, "print")))
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

/// The systems that can be scored, and the audits that cannot be made with the reason.
pub(crate) type Available = (Vec<System>, Vec<(Shortcut, String)>);

/// The systems that can be scored on the run's epochs, and the audits that cannot be made on them, each with the reason.
pub(crate) fn available(context: &Context) -> Result<Available, RunError> {
    let file = open_epochs(context)?;
    let line_frequency = line_frequency(context);
    let (mut systems, mut missing) = (Vec::new(), Vec::new());
    for system in context.plan.systems() {
        match system {
            System::Shortcut(shortcut) => match feature_tables::missing(shortcut, &file, line_frequency) {
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

/// Systems that are embedded side by side at most: their prints wait in memory until they are written in order.
const MOST_AT_ONCE: usize = 4;
/// Bytes that their prints may take together; folds are embedded side by side within one system.
const MOST_BYTES: usize = 1 << 29;

/// What every system is embedded from.
struct Embedding<'a> {
    context: &'a Context<'a>,
    file: &'a EpochFile,
    tables: FeatureTables<'a>,
    /// What the encoders of all folds compute alike.
    shared: Option<SharedFeatures>,
    /// The epochs that overlap no other: those that get prints.
    apart: Vec<EpochRow>,
    /// What each fold learns from.
    training: &'a [TrainingRows],
}

impl Embedding<'_> {
    /// How many systems are embedded side by side: fewer of many people, whose prints take the memory.
    fn at_once(&self) -> usize {
        let width = self.shared.as_ref().map_or(0, SharedFeatures::width);
        let bytes = self.training.len() * self.apart.len() * width * size_of::<f32>();
        (MOST_BYTES / bytes.max(1)).clamp(1, MOST_AT_ONCE)
    }

    /// A system's prints in every fold, and what was fitted for them.
    fn sides_of(&self, system: System) -> Result<(SystemSides, Vec<FitRecord>), RunError> {
        let Self { context, training, .. } = self;
        let evaluation = &context.plan.config().evaluation;
        let keep_training = system == System::Encoder || evaluation.uses_training_prints();
        let features = self.tables.features(system)?;
        let folds = context.split.folds.par_iter().zip(training.par_iter());
        let of_folds: Vec<_> = folds
            .map(|(fold, rows)| {
                let mut roles = vec![Role::Test];
                roles.extend((!fold.dev.is_empty()).then_some(Role::Dev));
                roles.extend(keep_training.then_some(Role::Train));
                let sides = self.sides_of_fold(system, features.as_deref(), (fold, rows), &roles)?;
                context.progress.step(&format!(
                    "fold {}/{} {system}",
                    fold.index.0 + 1,
                    context.split.folds.len()
                ));
                Ok(sides)
            })
            .collect::<Result<_, RunError>>()?;
        let mut sides = SystemSides { system, test: Vec::new(), dev: Vec::new(), train: Vec::new() };
        let mut fits = Vec::new();
        for ((fold, rows), of_fold) in context.split.folds.iter().zip(*training).zip(of_folds) {
            for (role, side) in of_fold {
                match role {
                    Role::Test => sides.test.push(side),
                    Role::Dev => sides.dev.push(side),
                    Role::Train => sides.train.push(side),
                }
            }
            let fit = |what: String, subjects: &[SubjectId]| FitRecord {
                what,
                fold: Some(fold.index),
                subjects: subjects.to_vec(),
            };
            fits.push(fit(system.name().to_owned(), rows.subjects()));
            if evaluation.normalisation != Normalisation::None {
                fits.push(fit(format!("score normalisation of {system}"), &fold.train));
            }
            if !fold.dev.is_empty() {
                fits.push(fit(format!("calibration and thresholds of {system}"), &fold.dev));
            }
        }
        Ok((sides, fits))
    }

    /// Prints of the people in some roles of a fold, by role.
    fn sides_of_fold(
        &self,
        system: System,
        features: Option<&Array2<f32>>,
        (fold, training): (&Fold, &TrainingRows),
        roles: &[Role],
    ) -> Result<Vec<(Role, Prints<'static>)>, RunError> {
        let Self { context, file, apart, .. } = self;
        let maker = match features {
            Some(features) => Maker::Fitted(features, Fitted::on(system, features, training)?),
            None => Maker::Encoder(Box::new(encoders::of_fold(context, system, (fold, training), file)?)),
        };
        let model = match &maker {
            Maker::Fitted(..) => hash_of(&(system.name(), context.key)),
            Maker::Encoder(model) => encoders::hash(model, system)?,
        };
        let space = EmbeddingSpace { model, fold: Some(fold.index) };
        let infos = file.infos();
        // Role by role: a second copy of all prints of a fold would be the most that the stage holds.
        let of = |&role: &Role| {
            let people: HashSet<&SubjectId> = fold.subjects(role).iter().collect();
            let plays = |row: &EpochRow| people.contains(&infos[row.0].key.subject);
            let rows: Vec<EpochRow> = apart.iter().copied().filter(plays).collect();
            let values = match &maker {
                Maker::Fitted(features, fitted) => fitted.prints(EpochRow::select(features.view(), &rows))?,
                Maker::Encoder(model) => {
                    encoders::prints(model, system, (file, self.shared.as_ref()), &rows)?
                }
            };
            let infos: Vec<EpochInfo> = rows.iter().map(|row| infos[row.0].clone()).collect();
            let prints = Prints::new(values, infos, space.clone(), lengths(context, system));
            Ok((role, prints.in_stage("embed")?))
        };
        roles.iter().map(of).collect()
    }
}

/// What makes the prints of a system in a fold.
enum Maker<'a> {
    /// Of features, by what was fitted to those of the training people.
    Fitted(&'a Array2<f32>, Fitted),
    /// Of samples.
    Encoder(Box<Model>),
}

/// What the lengths of a system's prints mean.
fn lengths(context: &Context, system: System) -> LengthMeaning {
    let learnt = context.plan.config().encoder.attention.is_some();
    match system {
        System::Encoder | System::EncoderAlone if learnt => LengthMeaning::Weight,
        _ => LengthMeaning::Nothing,
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
        // Of people without an epoch there is nothing, not even a length.
        for (fold, side) in of_role(sides, role).iter().enumerate().filter(|(_, side)| !side.is_empty()) {
            let infos: Vec<RowInfo> = side
                .infos()
                .iter()
                .map(|info| RowInfo {
                    epoch: info.clone(),
                    fold: Some(FoldIndex::of_place(fold)),
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
    let open = |role: Role| {
        let path = context.folder.prints(system, role);
        let file = PrintFile::open(&path).in_folder(&path, "run `twinprint embed` again")?;
        Ok::<_, RunError>((path, file))
    };
    let (tested, others) = match system {
        System::Encoder => (Some(open(Role::Test)?), open(Role::Train)?),
        _ => (None, open(Role::Train)?),
    };
    let of = |role: Role| -> Result<Vec<Prints<'static>>, RunError> {
        let (path, file) = tested.as_ref().filter(|_| role == Role::Test).unwrap_or(&others);
        let mut folds = Vec::new();
        for (fold, people) in context.split.folds.iter().map(|fold| fold.subjects(role)).enumerate() {
            let (fold, people) = (FoldIndex::of_place(fold), people.iter().collect::<HashSet<_>>());
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
            folds.push(prints.in_folder(path, "run `twinprint embed` again")?);
        }
        Ok(folds)
    };
    let asked = context.plan.config().evaluation.uses_training_prints();
    let train = if asked { of(Role::Train)? } else { Vec::new() };
    Ok(SystemSides { system, test: of(Role::Test)?, dev: of(Role::Dev)?, train })
}
