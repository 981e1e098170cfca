//! Enrolling people from recordings, or from prints made elsewhere.

use std::path::{Path, PathBuf};

use ndarray::Axis;
use rand::CryptoRng;
use serde::Serialize;
use twinprint_gallery::{Acquisition, Enrolment, Gallery, GalleryError, Happening};
use twinprint_protocol::shares;
use twinprint_signal::SubjectId;

use crate::DeskError;
use crate::acquire::{Acquired, gather};
use crate::admission::{admit, duplicate_rule, wanted_epochs};
use crate::enrol_options::EnrolOptions;
use crate::open::{create, create_foreign, encoder_of, open};
use crate::open_encoder::Encoder;
use crate::probe::check_decision;
use crate::rows::Rows;
use crate::run_scores::which;
use twinprint_foreign::is_feature_file;
use twinprint_recordings::is_recording_text;

/// What was enrolled, for people and programs to read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The name they are enrolled under.
    pub subject: SubjectId,
    /// Whether the template is new, was moved or was replaced.
    pub what: Happening,
    /// Epochs that were used now.
    pub used_epochs: usize,
    /// Their seconds; absent for prints from elsewhere.
    pub used_seconds: Option<f64>,
    /// Epochs behind the template now.
    pub template_epochs: usize,
    /// What became of all epochs of the recordings.
    pub acquisition: Acquisition,
    /// The mean cosine distance of the epochs from the template.
    pub spread: f64,
    /// The spread that 95 of 100 templates of the people behind the thresholds do not exceed.
    pub usual_spread: Option<f64>,
    /// The most similar other person, and how similar.
    pub nearest: Option<(SubjectId, f64)>,
    /// From which score on they would have counted as one person.
    pub duplicate_threshold: Option<f64>,
    /// The chance that somebody who was not enrolled is refused as a duplicate of one of those who were, were comparisons
    /// independent; absent for a stated score.
    pub duplicate_chance: Option<f64>,
    /// The score of the new epochs against the template that was there.
    pub score_before: Option<f64>,
    /// How many are enrolled now.
    pub people: usize,
    /// What the user should know.
    pub notices: Vec<String>,
}

/// Enrols a person from recordings, or everybody in a file of prints; the gallery is made where it is missing. The operating
/// system must have seeded `rng`.
///
/// # Errors
/// When a recording is refused or cannot be mapped, too little of it is usable (failure to enrol), the gallery belongs to
/// another encoder or needs a secret, or the person is there already under this or another name.
pub fn enrol(options: &EnrolOptions<'_>, rng: &mut dyn CryptoRng) -> Result<Vec<Report>, DeskError> {
    check_decision(options.fmr, options.threshold, options.seconds)?;
    let (tables, recordings): (Vec<&PathBuf>, Vec<&PathBuf>) =
        options.files.iter().partition(|path| is_feature_file(path) && !is_recording_text(path));
    match (tables.as_slice(), recordings.is_empty()) {
        ([table], true) => enrol_rows(options, table, rng),
        ([], false) => Ok(vec![enrol_recordings(options, &recordings, rng)?]),
        ([], true) => Err(DeskError::Request("nothing to enrol from: name one recording or more".to_owned())),
        _ => Err(DeskError::Request(
            "a file of prints (.h5, .parquet, .csv) is enrolled alone, without recordings or other files beside it".to_owned(),
        )),
    }
}

fn enrol_recordings(
    options: &EnrolOptions<'_>,
    files: &[&PathBuf],
    rng: &mut dyn CryptoRng,
) -> Result<Report, DeskError> {
    if !options.filter.is_empty() {
        return Err(DeskError::Request(
            "--rows chooses rows of a file of prints; a recording has none".to_owned(),
        ));
    }
    let subject = options.subject.as_ref().ok_or_else(|| {
        DeskError::Request(
            "whose recording is it? Write --subject NAME; no name is taken from a file".to_owned(),
        )
    })?;
    let access = options.access;
    let opened = opened(options)?;
    let encoder = match (&opened, access.model) {
        (Some(gallery), _) => encoder_of(gallery, access)?,
        (None, Some(run)) => Encoder::open(run, options.new.fold)?,
        (None, None) => return Err(GalleryError::Missing { path: access.gallery.to_owned() }.into()),
    };
    if let (Some(fold), true) = (options.new.fold, opened.is_some())
        && Some(fold) != encoder.identity.fold
    {
        return Err(DeskError::Request(format!(
            "--fold {fold}: this gallery was made with the {}; leave --fold out",
            which(encoder.identity.fold)
        )));
    }
    let epoch_seconds = encoder.identity.epoch_seconds;
    let planned = ((encoder.enrol_seconds / epoch_seconds).round() as usize).max(1);
    let wanted = wanted_epochs(options, Some((planned, epoch_seconds)))?;
    let acquired = gather(&encoder, files, options.lenient)?;
    admit(subject, &acquired, wanted, epoch_seconds)?;
    let known = acquired.sources.iter().filter(|source| encoder.learnt_from.contains(&source.samples));
    let known: Vec<String> = known
        .map(|source| {
            format!(
                "{}: the encoder has learnt from this recording, so the error rates say nothing of {subject}",
                source.name
            )
        })
        .collect();
    let gallery = match opened {
        Some(gallery) => gallery,
        None => create(access, &options.new, &encoder, rng)?,
    };
    let mut report = put(options, &gallery, subject, acquired, wanted, rng)?;
    report.notices.extend(known);
    report.used_seconds = Some(report.used_epochs as f64 * epoch_seconds);
    if report.template_epochs < planned {
        report.notices.push(format!(
            "the template has {} epochs, the run's own have {planned}: error rates are those measured with shorter templates",
            report.template_epochs
        ));
    }
    Ok(report)
}

fn enrol_rows(
    options: &EnrolOptions<'_>,
    path: &Path,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<Report>, DeskError> {
    let access = options.access;
    let rows = Rows::read(path, &options.filter)?;
    let encoder = rows.encoder()?;
    let opened = opened(options)?;
    match (&opened, access.model) {
        (Some(gallery), _) => gallery.check_encoder(&encoder)?,
        (None, Some(_)) => {
            return Err(DeskError::Request(
                "--model names the encoder for recordings; a gallery of prints from elsewhere is made without it"
                    .to_owned(),
            ));
        }
        (None, None) => {}
    }
    let wanted = wanted_epochs(options, None)?;
    let subjects = match &options.subject {
        Some(subject) => vec![subject.clone()],
        None => rows.subjects().into_iter().collect(),
    };
    // All are looked at before the first is enrolled, and before a gallery is made for them.
    let admitted = subjects
        .into_iter()
        .map(|subject| {
            let acquired = rows.acquired(Some(&subject))?;
            let wanted = if wanted == usize::MAX { acquired.prints.nrows() } else { wanted };
            admit(&subject, &acquired, wanted, 0.0)?;
            Ok((subject, acquired, wanted))
        })
        .collect::<Result<Vec<_>, DeskError>>()?;
    let gallery = match opened {
        Some(gallery) => gallery,
        None => create_foreign(access, &options.new, encoder, rng)?,
    };
    admitted
        .into_iter()
        .map(|(subject, acquired, wanted)| put(options, &gallery, &subject, acquired, wanted, rng))
        .collect()
}

/// The gallery, where it is there; what it was not made with cannot be asked of it now.
fn opened(options: &EnrolOptions<'_>) -> Result<Option<Gallery>, DeskError> {
    let (access, wanted) = (options.access, options.new.wanted);
    if !access.gallery.exists() {
        return Ok(None);
    }
    let gallery = open(access)?;
    let has = gallery.protection();
    let lacks = [
        ("--encrypt", wanted.seal && !has.sealed, "encrypted"),
        ("--cancelable", wanted.cancelable.is_some() && has.cancelable.is_none(), "cancelable"),
    ];
    match lacks.into_iter().find(|(_, lacks, _)| *lacks) {
        Some((option, _, what)) => Err(DeskError::Request(format!(
            "{option}: {} is not {what}, and that is chosen when a gallery is made: enrol into a new one, or leave {option} out",
            access.gallery.display()
        ))),
        None => Ok(Some(gallery)),
    }
}

fn put(
    options: &EnrolOptions<'_>,
    gallery: &Gallery,
    subject: &SubjectId,
    acquired: Acquired,
    wanted: usize,
    rng: &mut dyn CryptoRng,
) -> Result<Report, DeskError> {
    let used = wanted.min(acquired.prints.nrows());
    let mut acquisition = acquired.acquisition;
    acquisition.used = used;
    // As the protocol takes a template of several recordings: as evenly as they allow, the first epochs of each.
    let shared = shares(&acquired.recordings, used).unwrap_or_default();
    let starts = acquired.recordings.iter().scan(0, |next, &count| {
        *next += count;
        Some(*next - count)
    });
    let rows: Vec<usize> = starts.zip(&shared).flat_map(|(start, &share)| start..start + share).collect();
    let prints = acquired.prints.select(Axis(0), &rows);
    let thresholds = gallery.thresholds();
    let rule = duplicate_rule(options, thresholds, used, gallery.len()?)?;
    let threshold = rule.map(|rule| rule.threshold);
    let request = Enrolment {
        subject,
        prints: prints.view(),
        recordings: shared.into_iter().filter(|&share| share > 0).collect(),
        sources: acquired.sources,
        acquisition: acquisition.clone(),
        update: options.update,
        threshold,
        force: options.force,
        at: options.new.now,
    };
    let enrolled = gallery.enrol(&request, rng)?;
    let mut notices = acquired.notices;
    notices.extend(gallery.notices().iter().cloned());
    notices.extend(enrolled.overridden.iter().map(|what| format!("overridden: {what}")));
    if threshold.is_none() {
        notices.push("no threshold is known, so nobody was looked for who may be enrolled under another name: state one with --threshold".to_owned());
    }
    if let Some(usual) = thresholds.usual_spread.filter(|usual| enrolled.spread > *usual) {
        notices.push(format!(
            "the epochs scatter more ({:.3}) than those of 95 of 100 templates do ({usual:.3}): another recording may serve better",
            enrolled.spread
        ));
    }
    Ok(Report {
        subject: subject.clone(),
        what: enrolled.what,
        used_epochs: used,
        used_seconds: None,
        template_epochs: enrolled.epochs,
        acquisition,
        spread: enrolled.spread,
        usual_spread: thresholds.usual_spread,
        nearest: enrolled.nearest,
        duplicate_threshold: threshold,
        duplicate_chance: rule.and_then(|rule| rule.chance),
        score_before: enrolled.score_before,
        people: gallery.len()?,
        notices,
    })
}
