//! The numbers of a run, system by system: nothing of the size of a system's prints or trials outlives its turn.

use serde::{Deserialize, Serialize};
use twinprint_report::results::{
    AuditRow, ClassifierRow, DaysRow, FewShotRow, FinalModel, IdentificationRow, Results, SCHEMA, ScalpRow,
    VerificationRow,
};
use twinprint_report::{DetCurve, ErrorsByPerson, ScoreHistogram};

use super::few_shot::Cell;
use super::{
    Evidence, Kept, Scored, audit, classifiers, days, few_shot, final_model, menagerie, protocol, scalp,
    verification,
};
use crate::RunError;
use crate::scoring::SystemSides;
use crate::system::System;

/// Points kept of a DET curve: more than a screen shows.
const DET_POINTS: usize = 400;
/// Bins of a score distribution.
const BINS: usize = 60;

/// What a page draws of the scores: the content of `curves.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ScoreCurves {
    /// Error trade-off of each system and probe length.
    pub(crate) det: Vec<DetCurve>,
    /// Distribution of the encoder's scores at each probe length.
    pub(crate) scores: Vec<ScoreHistogram>,
    /// Whose claims the encoder refuses at each probe length; absent in runs of earlier versions.
    #[serde(default)]
    pub(crate) people: Vec<ErrorsByPerson>,
}

/// Everything found so far.
#[derive(Default)]
pub(crate) struct Tally {
    cells: Vec<Cell>,
    verification: Vec<VerificationRow>,
    identification: Vec<IdentificationRow>,
    few_shot: Vec<FewShotRow>,
    /// Label by label.
    classifiers: Vec<Vec<ClassifierRow>>,
    days: Vec<DaysRow>,
    scalp: Vec<ScalpRow>,
    kept: Vec<Kept>,
    final_model: Option<FinalModel>,
    curves: ScoreCurves,
    audits: Audits,
}

/// The audit's rows by what they are about, in the order in which they stand in the results.
#[derive(Default)]
struct Audits {
    verification: Vec<AuditRow>,
    identification: Vec<AuditRow>,
    few_shot: Vec<AuditRow>,
    classifiers: Vec<Vec<AuditRow>>,
    shortcuts: Vec<AuditRow>,
    menagerie: Vec<AuditRow>,
}

impl Tally {
    /// Before the first system.
    pub(crate) fn new(evidence: &Evidence) -> Self {
        let mut tally = Self::default();
        let labels = evidence.context.plan.config().evaluation.labels.len();
        tally.cells = few_shot::cells(evidence, &mut tally.audits.few_shot);
        tally.classifiers.resize_with(labels, Vec::new);
        tally.audits.classifiers.resize_with(labels, Vec::new);
        tally
    }

    /// Takes in the trials of a system at one probe length; those of the encoder come first.
    pub(crate) fn scored(&mut self, evidence: &Evidence, scored: &Scored) -> Result<(), RunError> {
        let system = scored.system;
        evidence.context.progress.step(&format!("{system} at {} s", scored.probe_seconds));
        self.audits.shortcuts.extend(audit::shortcuts(evidence, scored, &self.kept)?);
        if system.is_shortcut() {
            return Ok(());
        }
        let (row, band) = verification::row(evidence, scored, &mut self.audits.verification)?;
        self.days.extend(days::rows(evidence, scored, &row)?);
        self.verification.push(row);
        self.identification.push(verification::identification(
            evidence,
            scored,
            &mut self.audits.identification,
        )?);
        self.kept.push(verification::kept(evidence, scored)?);
        let points = scored.all.det_curve().thinned(DET_POINTS).points;
        self.curves.det.push(DetCurve {
            system: system.name().to_owned(),
            probe_seconds: scored.probe_seconds,
            points: points.iter().map(|point| (point.fmr, point.fnmr)).collect(),
            band,
        });
        self.scalp.extend(scalp::rows(evidence, scored)?);
        if system == System::Encoder {
            self.audits.menagerie.extend(menagerie::row(evidence, scored));
            self.curves.people.push(menagerie::errors_by_person(scored));
            let found = scored.all.distribution(BINS);
            self.curves.scores.push(ScoreHistogram {
                system: system.name().to_owned(),
                probe_seconds: scored.probe_seconds,
                edges: found.edges,
                mated: found.mated,
                non_mated: found.non_mated,
                threshold: Some(scored.all.eer().threshold),
            });
        }
        Ok(())
    }

    /// Takes in the prints of a system.
    pub(crate) fn prints(&mut self, evidence: &Evidence, sides: &SystemSides) -> Result<(), RunError> {
        evidence.context.progress.step(&format!("prints of {}", sides.system));
        if sides.system == System::Encoder {
            self.final_model = final_model::final_model(evidence, sides)?;
        }
        if sides.system.is_shortcut() {
            return Ok(());
        }
        for cell in &self.cells {
            self.few_shot.push(few_shot::row(evidence, sides, cell, &mut self.audits.few_shot)?);
        }
        for (place, label) in evidence.context.plan.config().evaluation.labels.iter().enumerate() {
            let rows = classifiers::rows(evidence, sides, label, &mut self.audits.classifiers[place])?;
            self.classifiers[place].extend(rows);
        }
        Ok(())
    }

    /// After the last system: the results, and what a page draws.
    pub(crate) fn finish(self, evidence: &Evidence) -> Result<(Results, ScoreCurves), RunError> {
        let context = evidence.context;
        let mut audit = self.audits.verification;
        let comparisons = verification::comparisons(evidence, &self.kept, &mut audit)?;
        audit.extend(audit::beats_baselines(&comparisons));
        audit.extend(self.audits.identification);
        audit.extend(self.audits.few_shot);
        audit.extend(self.audits.classifiers.into_iter().flatten());
        audit.extend(days::absent(evidence, &self.days));
        audit.extend(scalp::absent(evidence));
        audit.extend(self.audits.shortcuts);
        let missing = evidence.missing.iter();
        audit.extend(missing.map(|(shortcut, reason)| AuditRow::absent(shortcut.title(), reason)));
        audit.extend(self.audits.menagerie);
        audit.extend(audit::directionless(evidence));
        let results = Results {
            schema: SCHEMA.to_owned(),
            name: context.plan.config().name.clone(),
            caveats: evidence.recordings.caveats.clone(),
            leaks: evidence.recordings.all_leaks(context.folder)?,
            protocol: protocol(evidence),
            verification: self.verification,
            comparisons,
            identification: self.identification,
            few_shot: self.few_shot,
            classifiers: self.classifiers.into_iter().flatten().collect(),
            days: self.days,
            scalp: self.scalp,
            final_model: self.final_model,
            audit,
            ..Results::default()
        };
        Ok((results, self.curves))
    }
}
