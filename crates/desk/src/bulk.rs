//! Enrolling everybody in a file of prints, batch by batch.

use std::collections::HashSet;
use std::path::Path;

use ndarray::Array2;
use rand::CryptoRng;
use twinprint_gallery::{Acquisition, Enrolment, Gallery, Happening, Update};
use twinprint_run::Progress;
use twinprint_run::error::chain;
use twinprint_signal::{SubjectId, counted};

use crate::DeskError;
use crate::acquire::{Acquired, template_epochs};
use crate::admission::{admit, duplicate_rule, wanted_epochs};
use crate::enrol_options::EnrolOptions;
use crate::enrolments::{Enrolments, Refused, UNSEARCHED, report_of};
use crate::open::create_foreign;
use crate::rows::Rows;

/// People in a batch at least; where more are enrolled a batch is an eighth of them, as the whole gallery is checked before and
/// stamped after every batch: time stays linear, and little is lost when it is stopped.
const BATCH: usize = 1000;
const SHARE: usize = 8;
/// Names shown of many.
const SHOWN: usize = 3;

/// Enrols the people in a file of prints, or the one who was named.
pub(crate) fn enrol_rows(
    options: &EnrolOptions<'_>,
    path: &Path,
    progress: &dyn Progress,
    rng: &mut dyn CryptoRng,
) -> Result<Enrolments, DeskError> {
    let access = options.access;
    let rows = Rows::read(path, &options.filter)?;
    let encoder = rows.encoder()?;
    let gallery = options.opened()?;
    match (&gallery, access.model) {
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
    let mut people = rows.people(options.subject.as_ref())?;
    let mut outcome = Enrolments { notices: rows.left_out(), ..Enrolments::default() };
    if let Some(gallery) = &gallery {
        leave_out_enrolled(options, gallery, &mut people, &mut outcome)?;
    }
    // Everybody is looked at before the first is enrolled, and before a gallery is made for them.
    let alone = options.subject.is_some();
    let mut admitted = Vec::with_capacity(people.len());
    for (subject, places) in people {
        let acquired = rows.acquired(&places)?;
        let wanted = if wanted == usize::MAX { acquired.prints.nrows() } else { wanted };
        match admit(&subject, &acquired, wanted, 0.0) {
            Ok(()) => admitted.push((subject, places, wanted)),
            Err(error) if alone => return Err(error),
            Err(error) => outcome.refused.push(Refused { reason: chain(&error), subject }),
        }
    }
    if admitted.is_empty() {
        return match outcome.refused.first() {
            Some(first) if gallery.is_none() => Err(DeskError::Request(format!(
                "{}: nobody can be enrolled: {} of {} are refused; {}",
                path.display(),
                outcome.refused.len(),
                outcome.refused.len(),
                first.reason
            ))),
            _ => Ok(outcome),
        };
    }
    let gallery = match gallery {
        Some(gallery) => gallery,
        None => create_foreign(access, &options.new, encoder, rng)?,
    };
    outcome.notices.extend(gallery.notices().iter().cloned());
    if duplicate_rule(options, gallery.thresholds(), admitted[0].2, gallery.len()?)?.is_none() {
        outcome.notices.push(UNSEARCHED.to_owned());
    }
    put_all(options, &gallery, &rows, &admitted, &mut outcome, progress, rng)?;
    Ok(outcome)
}

/// Leaves out who is enrolled already where that is asked for; where nothing is said of them, refuses before anybody is enrolled.
fn leave_out_enrolled(
    options: &EnrolOptions<'_>,
    gallery: &Gallery,
    people: &mut Vec<(SubjectId, Vec<usize>)>,
    outcome: &mut Enrolments,
) -> Result<(), DeskError> {
    if options.update != Update::Refuse || options.subject.is_some() && !options.skip_enrolled {
        return Ok(());
    }
    let enrolled: HashSet<SubjectId> = gallery.names()?.into_iter().collect();
    let asked = people.len();
    let there: Vec<String> = people
        .iter()
        .filter(|(subject, _)| enrolled.contains(subject))
        .map(|(subject, _)| subject.to_string())
        .collect();
    if !there.is_empty() && !options.skip_enrolled {
        let more = if there.len() > SHOWN { ", …" } else { "" };
        return Err(DeskError::Request(format!(
            "{} of {} {} enrolled already in {}: {}{more}. Nobody was enrolled now: --skip-enrolled enrols the others, --update append, weighted or replace changes the templates of those who are there",
            there.len(),
            counted(asked, "person"),
            if there.len() == 1 { "is" } else { "are" },
            gallery.path().display(),
            there[..there.len().min(SHOWN)].join(", ")
        )));
    }
    people.retain(|(subject, _)| !enrolled.contains(subject));
    outcome.skipped = there.len();
    Ok(())
}

/// A person whose rows were looked at: the rows, and how many of them are wanted.
type Admitted = (SubjectId, Vec<usize>, usize);

fn put_all(
    options: &EnrolOptions<'_>,
    gallery: &Gallery,
    rows: &Rows,
    admitted: &[Admitted],
    outcome: &mut Enrolments,
    progress: &dyn Progress,
    rng: &mut dyn CryptoRng,
) -> Result<(), DeskError> {
    progress.begin("enrol", Some(admitted.len() as u64));
    let mut enroller = gallery.enroller();
    let mut rest = admitted;
    while !rest.is_empty() {
        let there = gallery.len()?;
        let (batch, later) = rest.split_at((there / SHARE).max(BATCH).min(rest.len()));
        rest = later;
        let acquired: Vec<Acquired> =
            batch.iter().map(|(_, places, _)| rows.acquired(places)).collect::<Result<_, _>>()?;
        let mut requests = Vec::with_capacity(batch.len());
        let mut rules = Vec::with_capacity(batch.len());
        let used = |wanted: usize, acquired: &Acquired| wanted.min(acquired.prints.nrows());
        let taken: Vec<(Array2<f32>, Vec<usize>)> = batch
            .iter()
            .zip(&acquired)
            .map(|((_, _, wanted), from)| {
                template_epochs(&from.prints, &from.recordings, used(*wanted, from))
            })
            .collect();
        let each = batch.iter().zip(&acquired).zip(&taken);
        for (at, (((subject, _, wanted), acquired), (prints, recordings))) in each.enumerate() {
            let used = used(*wanted, acquired);
            let rule = duplicate_rule(options, gallery.thresholds(), used, there + at)?;
            requests.push(Enrolment {
                subject,
                prints: prints.view(),
                recordings: recordings.clone(),
                sources: acquired.sources.clone(),
                acquisition: Acquisition { used, ..acquired.acquisition.clone() },
                update: options.update,
                threshold: rule.map(|rule| rule.threshold),
                force: options.force,
                at: options.new.now,
            });
            rules.push(rule);
        }
        let outcomes = enroller.enrol(&requests, rng)?;
        let mut people = there;
        for ((request, rule), enrolled) in requests.iter().zip(rules).zip(outcomes) {
            match enrolled {
                Ok(enrolled) => {
                    people += usize::from(enrolled.what == Happening::Enrolled);
                    outcome.enrolled.push(report_of(gallery, request, rule, enrolled, people));
                }
                // Who was named hears of the refusal itself.
                Err(error) if options.subject.is_some() => return Err(error.into()),
                Err(error) => {
                    let error = DeskError::from(error);
                    outcome.refused.push(Refused { subject: request.subject.clone(), reason: chain(&error) });
                }
            }
            progress.step(request.subject.as_str());
        }
    }
    progress.end(&format!("{} enrolled, {} refused", outcome.enrolled.len(), outcome.refused.len()));
    Ok(())
}
