//! The rows of an export and where their numbers come from.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ndarray::{Array2, ArrayView3};
use twinprint_encoder::Model;
use twinprint_features::{DEFAULT_H_FREQ, DEFAULT_L_FREQ, Feature, View, names};
use twinprint_protocol::Role;
use twinprint_run::{EncoderPrints, FinishedRun, PrintRow};
use twinprint_signal::{EpochRow, FoldIndex, RecordingKey, RowInfo};
use twinprint_store::epochs::EpochFile;
use twinprint_store::prints::{ENCODER_HASH, LENGTHS, PLAN_HASH, VERSION, space_attribute};

use crate::ForeignError;
use crate::options::{Content, ExportOptions};
use crate::weights::Changed;

/// Edges of the usual bands in hertz: delta, theta, alpha, beta, low gamma.
const BANDS: [(f64, f64); 5] = [(1.0, 4.0), (4.0, 8.0), (8.0, 13.0), (13.0, 30.0), (30.0, 40.0)];
/// Rows in memory at a time.
const ROWS: usize = 256;

/// A block of columns of the file.
pub(super) struct Block {
    pub(super) name: &'static str,
    pub(super) units: &'static str,
    pub(super) names: Vec<String>,
    origin: Origin,
}

/// What a block's numbers are made of.
enum Origin {
    /// The run's prints.
    Prints,
    /// The epochs, by an encoder with other weights than the run's.
    Encoder(Box<Model>),
    /// The epochs.
    Feature(Feature),
}

/// One row to write: its print, and the epoch the print was made of.
pub(super) struct Chosen {
    print: PrintRow,
    epoch: EpochRow,
}

/// The rows to write and where their numbers come from.
pub(super) struct Source {
    prints: EncoderPrints,
    pub(super) epochs: EpochFile,
    pub(super) rows: Vec<Chosen>,
    pub(super) infos: Vec<RowInfo>,
    pub(super) blocks: Vec<Block>,
    pub(super) with_epochs: bool,
    pub(super) attributes: BTreeMap<String, String>,
}

impl Source {
    pub(super) fn open(options: &ExportOptions) -> Result<Self, ForeignError> {
        let finished = FinishedRun::open(&options.run)?;
        let folder = &finished.folder;
        let prints = EncoderPrints::open(folder)?;
        let epochs = EpochFile::open(&folder.path("epochs.h5"))
            .map_err(|source| ForeignError::NotEmbedded { run: options.run.clone(), source })?;
        let fold = options.fold.or(options.weights.as_ref().map(|_| FoldIndex::default()));
        let (rows, infos): (Vec<_>, Vec<RowInfo>) =
            choose(options, fold, &prints, &epochs)?.into_iter().unzip();
        let mut attributes = attributes(&finished, &prints, &epochs, &infos)?;
        let mut origin = Origin::Prints;
        if let (Some(weights), Some(fold)) = (&options.weights, fold) {
            let changed = Changed::read(&options.run, fold, weights)?;
            attributes.remove(ENCODER_HASH);
            attributes.extend(changed.attributes);
            origin = Origin::Encoder(Box::new(changed.model));
        }
        let blocks = blocks(options, origin, prints.dim(), &epochs)?;
        let with_epochs = options.with.contains(&Content::Epochs);
        Ok(Self { prints, epochs, rows, infos, blocks, with_epochs, attributes })
    }

    /// Calls `write` with some hundred rows at a time: a table a block, epochs where wanted, and the person of each.
    pub(super) fn each(
        &self,
        mut write: impl FnMut(&[Array2<f32>], Option<ArrayView3<'_, f32>>, &[RowInfo]) -> Result<(), ForeignError>,
    ) -> Result<(), ForeignError> {
        for (rows, infos) in self.rows.chunks(ROWS).zip(self.infos.chunks(ROWS)) {
            let of_prints: Vec<PrintRow> = rows.iter().map(|row| row.print).collect();
            let of_epochs: Vec<EpochRow> = rows.iter().map(|row| row.epoch).collect();
            let computed = self.blocks.iter().any(|block| !matches!(block.origin, Origin::Prints));
            let needs_epochs = self.with_epochs || computed;
            let epochs = needs_epochs.then(|| EpochRow::select(self.epochs.samples(), &of_epochs));
            let mut tables = Vec::with_capacity(self.blocks.len());
            for block in &self.blocks {
                tables.push(match (&block.origin, &epochs) {
                    (Origin::Encoder(model), Some(epochs)) => model.embed(epochs.view())?,
                    (Origin::Feature(feature), Some(epochs)) => feature
                        .compute(View { samples: epochs.view(), rate: self.epochs.rate().get() })
                        .map_err(|source| ForeignError::Content { content: block.name, source })?,
                    _ => self.prints.select(&of_prints),
                });
            }
            let epochs = epochs.as_ref().filter(|_| self.with_epochs).map(|epochs| epochs.view());
            write(&tables, epochs, infos)?;
        }
        Ok(())
    }
}

/// The rows asked for, each with its epoch's row; and whose they are.
fn choose(
    options: &ExportOptions,
    fold: Option<FoldIndex>,
    prints: &EncoderPrints,
    epochs: &EpochFile,
) -> Result<Vec<(Chosen, RowInfo)>, ForeignError> {
    let known = [Role::Train, Role::Dev, Role::Test].map(Role::name);
    if let Some(unknown) = options.roles.iter().find(|role| !known.contains(&role.as_str())) {
        return Err(ForeignError::Request(format!("--roles {unknown}: choose from {}", known.join(", "))));
    }
    let places: HashMap<(&RecordingKey, u64), EpochRow> = epochs
        .infos()
        .iter()
        .enumerate()
        .map(|(row, info)| ((&*info.key, info.start.get().to_bits()), EpochRow(row)))
        .collect();
    let mut rows = Vec::new();
    for (print, info) in prints.rows() {
        let role = info.role.as_deref().is_some_and(|role| options.roles.iter().any(|wanted| wanted == role));
        if !(role && fold.is_none_or(|fold| info.fold == Some(fold))) {
            continue;
        }
        let place = places.get(&(&*info.epoch.key, info.epoch.start.get().to_bits()));
        let absent = || {
            let epoch = &info.epoch;
            let reason = format!(
                "it has no epoch of {} at {}, of which there is a print: run `twinprint embed` again",
                epoch.key, epoch.start
            );
            ForeignError::file(&options.run.join("epochs.h5"), reason)
        };
        rows.push((Chosen { print, epoch: place.copied().ok_or_else(absent)? }, info.clone()));
    }
    if rows.is_empty() {
        return Err(ForeignError::Request(format!(
            "no print matches --roles {}{}: the run has {} prints in other roles or folds",
            options.roles.join(","),
            fold.map_or_else(String::new, |fold| format!(" --fold {fold}")),
            prints.rows().count()
        )));
    }
    Ok(rows)
}

fn blocks(
    options: &ExportOptions,
    prints: Origin,
    dim: usize,
    epochs: &EpochFile,
) -> Result<Vec<Block>, ForeignError> {
    let mut blocks = vec![Block {
        name: "prints",
        units: "1",
        names: (0..dim).map(|k| format!("print_{k}")).collect(),
        origin: prints,
    }];
    let wanted: BTreeSet<Content> = options.with.iter().copied().collect();
    for content in wanted {
        let (name, feature) = match content {
            Content::BandPowers => ("band_powers", Feature::BandPowers { bands: BANDS.to_vec() }),
            Content::LogPsd => {
                ("log_psd", Feature::LogPsd { l_freq: DEFAULT_L_FREQ, h_freq: DEFAULT_H_FREQ })
            }
            Content::Epochs => continue,
        };
        let view = View { samples: epochs.samples(), rate: epochs.rate().get() };
        let names = names(&feature, view, epochs.channels())
            .map_err(|source| ForeignError::Content { content: name, source })?;
        blocks.push(Block { name, units: "ln(µV²/Hz)", names, origin: Origin::Feature(feature) });
    }
    Ok(blocks)
}

/// What the file says of itself: hashes, versions, channels and rate; never a patient field.
fn attributes(
    finished: &FinishedRun,
    prints: &EncoderPrints,
    epochs: &EpochFile,
    infos: &[RowInfo],
) -> Result<BTreeMap<String, String>, ForeignError> {
    let FinishedRun { config, plan_hash, .. } = finished;
    let channels: Vec<&str> = epochs.channels().iter().map(|name| name.as_str()).collect();
    let mut all = BTreeMap::from([
        (PLAN_HASH.to_owned(), plan_hash.clone()),
        (VERSION.to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("run".to_owned(), config.name.clone()),
        ("channels".to_owned(), channels.join(" ")),
        ("rate_hz".to_owned(), epochs.rate().get().to_string()),
        ("epoch_seconds".to_owned(), (epochs.samples().dim().2 as f64 / epochs.rate().get()).to_string()),
        ("dim".to_owned(), prints.dim().to_string()),
    ]);
    if config.encoder.attention.is_some() {
        all.insert(LENGTHS.0.to_owned(), LENGTHS.1.to_owned());
    }
    if let Some(hash) = prints.of(Role::Test).attributes().get(ENCODER_HASH) {
        all.insert(ENCODER_HASH.to_owned(), hash.clone());
    }
    let folds: BTreeSet<FoldIndex> = infos.iter().filter_map(|info| info.fold).collect();
    for fold in folds {
        let space = finished.encoder(fold)?.space()?;
        all.extend([space_attribute(&space)]);
    }
    Ok(all)
}
