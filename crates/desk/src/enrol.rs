//! Enrolling people from recordings, or from prints made elsewhere.

use std::path::PathBuf;

use rand::CryptoRng;
use twinprint_gallery::{Enrolment, Gallery, GalleryError};
use twinprint_run::Progress;
use twinprint_signal::{SubjectId, counted};

use crate::DeskError;
use crate::acquire::{Acquired, gather, template_epochs};
use crate::admission::{admit, duplicate_rule, wanted_epochs};
use crate::bulk::enrol_rows;
use crate::enrol_options::EnrolOptions;
use crate::enrolments::{Enrolments, Report, UNSEARCHED, report_of};
use crate::open::{create, encoder_of};
use crate::open_encoder::Encoder;
use crate::probe::check_decision;
use crate::run_scores::which;
use twinprint_foreign::is_feature_file;
use twinprint_recordings::is_recording_text;

/// Enrols a person from recordings, or everybody in a file of prints; the gallery is made where it is missing. The operating
/// system must have seeded `rng`.
///
/// Of a file of prints everybody who is not refused is enrolled, batch by batch; the refused are named with the reason. Stopped, it can
/// go on with `skip_enrolled`.
///
/// # Errors
/// When a recording is refused or cannot be mapped, too little of it is usable (failure to enrol), the gallery belongs to
/// another encoder or needs a secret, or the person is there already under this or another name.
pub fn enrol(
    options: &EnrolOptions<'_>,
    progress: &dyn Progress,
    rng: &mut dyn CryptoRng,
) -> Result<Enrolments, DeskError> {
    check_decision(options.fmr, options.threshold, options.seconds)?;
    let (tables, recordings): (Vec<&PathBuf>, Vec<&PathBuf>) =
        options.files.iter().partition(|path| is_feature_file(path) && !is_recording_text(path));
    match (tables.as_slice(), recordings.is_empty()) {
        ([table], true) => enrol_rows(options, table, progress, rng),
        ([], false) => {
            let report = enrol_recordings(options, &recordings, rng)?;
            Ok(Enrolments { enrolled: vec![report], ..Enrolments::default() })
        }
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
    if options.skip_enrolled {
        return Err(DeskError::Request(
            "--skip-enrolled is for a file of prints of many people; a recording is of the one you name"
                .to_owned(),
        ));
    }
    if !options.filter.is_empty() {
        return Err(DeskError::Request(
            "--rows chooses rows of a file of prints; a recording has none".to_owned(),
        ));
    }
    let subject = options.subject.as_ref().ok_or_else(|| {
        DeskError::Request(
            "write --subject NAME for the person who was recorded; no name is taken from a file".to_owned(),
        )
    })?;
    let access = options.access;
    let opened = options.opened()?;
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
            "the template has {}, the run's own have {planned}: error rates are those measured with shorter templates",
            counted(report.template_epochs, "epoch")
        ));
    }
    Ok(report)
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
    let (prints, recordings) = template_epochs(&acquired.prints, &acquired.recordings, used);
    let rule = duplicate_rule(options, gallery.thresholds(), used, gallery.len()?)?;
    let threshold = rule.map(|rule| rule.threshold);
    let request = Enrolment {
        subject,
        prints: prints.view(),
        recordings,
        sources: acquired.sources,
        acquisition,
        update: options.update,
        threshold,
        force: options.force,
        at: options.new.now,
    };
    let enrolled = gallery.enrol(&request, rng)?;
    let mut notices = acquired.notices;
    notices.extend(gallery.notices().iter().cloned());
    if threshold.is_none() {
        notices.push(UNSEARCHED.to_owned());
    }
    let mut report = report_of(gallery, &request, rule, enrolled, gallery.len()?);
    notices.append(&mut report.notices);
    Ok(Report { notices, ..report })
}
