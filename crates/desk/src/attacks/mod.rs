//! Attacks on the encoders of a finished run, as numbers: how often each lets somebody in at the run's own thresholds.
//!
//! Every fold is attacked on its own: its encoder, its thresholds, and templates and probes of people whom that encoder never saw.
//! Membership alone is about those whom it did see.

mod attempt;
mod climb;
mod made_up;
mod material;
mod membership;
mod prints;
mod signals;
mod stolen;

use std::path::Path;

use twinprint_evaluation::{Scores, SortedScores, resolves};
use twinprint_protocol::{Fold, Role, Split};
use twinprint_report::{ATTACKS_SCHEMA, AttackedPoint, Attacks};
use twinprint_run::folder::{ATTACKS, SPLIT};
use twinprint_run::{EncoderPrints, FinishedRun, Progress, TARGETS, write_report};

use self::attempt::Attack;
use self::material::{AttackedFold, Lengths, Material};
use self::stolen::Galleries;
use crate::DeskError;
use crate::open_encoder::Encoder;
use crate::role_prints::{Comparisons, RolePrints};
use crate::run_scores::check_honest;

/// Queries of a climb, at most: more than a year of a gallery's waits allows.
const MOST_QUERIES: usize = 100_000;

/// What to attack and how often a climb may ask.
pub struct AttackOptions<'a> {
    /// The folder of a finished run whose epochs and prints are still there.
    pub run: &'a Path,
    /// Scores that a climb with prints may ask for; one with signals asks for a quarter.
    pub queries: usize,
}

/// Attacks a finished run, writes `attacks.json` into its folder, and its page again where there is one.
///
/// # Errors
/// When it is no finished run, its scores cannot set an honest threshold, its epochs, prints or encoders are missing (as in a pruned run),
/// or the folder cannot be written.
pub fn attack(options: &AttackOptions<'_>, progress: &dyn Progress) -> Result<Attacks, DeskError> {
    let AttackOptions { run: place, queries } = *options;
    if !(1..=MOST_QUERIES).contains(&queries) {
        return Err(DeskError::Request(format!("--queries {queries}: write 1 to {MOST_QUERIES}")));
    }
    let run = FinishedRun::open(place)?;
    check_honest(&run.folder, &run.config)?;
    let folds = run.folder.read_json::<Split>(SPLIT)?.folds;
    let material = Material::open(&run, EncoderPrints::open(&run.folder)?)?;
    progress.begin("attacks", Some(folds.len() as u64));
    let setting = Setting::of(&run, &folds, &material)?;
    let (mut all, mut people, mut morphs): (Vec<Attack>, u32, [usize; 2]) = (Vec::new(), 0, [0, 0]);
    for (at, fold) in folds.iter().enumerate() {
        let per_template = run.config.protocol.enrol.recordings_per_template;
        let tested = material.people(fold, setting.lengths, per_template, people)?;
        people += tested.len() as u32;
        let encoder = Encoder::open(place, Some(fold.index))?;
        let thresholds = setting.points.iter().map(|point| point.thresholds[at]).collect();
        let chosen = (setting.lengths.looks, run.config.seed);
        let fold = AttackedFold::new(&material, (at, encoder), thresholds, tested, chosen);
        let (of_fold, scattered) = of_fold(&fold, &setting, queries)?;
        join(&mut all, of_fold);
        (morphs[0], morphs[1]) = (morphs[0] + scattered[0], morphs[1] + scattered[1]);
        progress.step(&format!("fold {} of {}", at + 1, folds.len()));
    }
    all.extend(membership::membership(&run, &folds, &material.prints)?);
    all.retain(|attack| !attack.attempts.is_empty());
    let mut attacked: Vec<u32> =
        all.first().map(|own| own.attempts.iter().map(|a| a.people[0]).collect()).unwrap_or_default();
    attacked.dedup();
    let found = Attacks {
        schema: ATTACKS_SCHEMA.to_owned(),
        name: run.config.name.clone(),
        plan_hash: run.plan_hash.clone(),
        seed: run.config.seed,
        queries,
        people: attacked.len(),
        enroll_seconds: setting.lengths.enrol as f64 * setting.epoch_seconds,
        probe_seconds: setting.lengths.looks as f64 * setting.epoch_seconds,
        thresholds_from: setting.from.to_owned(),
        rows: all.iter().map(|attack| attack.row(&setting.points)).collect(),
        notes: notes(&setting.points, morphs, folds.len()),
        operating_points: setting.points,
    };
    run.folder.write_json(ATTACKS, &found)?;
    if place.join("report.html").is_file() {
        write_report(place)?;
    }
    progress.end(&format!("{} attacks on {} people", found.rows.len(), found.people));
    Ok(found)
}

/// Every attack on one fold, in the same order for each; and how many morphs scatter more than usual, of how many.
fn of_fold(
    fold: &AttackedFold,
    setting: &Setting,
    queries: usize,
) -> Result<(Vec<Attack>, [usize; 2]), DeskError> {
    let galleries = Galleries::new(fold)?;
    let mut all = vec![prints::own_probes(fold), prints::zero_effort(fold)];
    all.extend(signals::replays(fold, &galleries.plain)?);
    all.extend(made_up::made_up(fold)?);
    all.push(prints::mean_of_population(fold));
    all.push(prints::mixed_epochs(fold));
    all.push(signals::exchanged_electrodes(fold)?);
    all.extend(climb::climbs(fold, queries)?);
    let (morphs, scattered) = prints::morphs(fold, setting.usual_spread[fold.place])?;
    all.push(morphs);
    all.extend(stolen::thefts(fold, &galleries)?);
    Ok((all, scattered))
}

/// Adds the attempts of a fold to those before.
fn join(all: &mut Vec<Attack>, of_fold: Vec<Attack>) {
    if all.is_empty() {
        *all = of_fold;
        return;
    }
    all.iter_mut().zip(of_fold).for_each(|(all, more)| all.attempts.extend(more.attempts));
}

/// The operating points, and what they were set on.
struct Setting {
    lengths: Lengths,
    epoch_seconds: f64,
    points: Vec<AttackedPoint>,
    from: &'static str,
    /// The spread that 95 of 100 templates of the people who set the thresholds do not exceed, fold by fold.
    usual_spread: Vec<Option<f64>>,
}

impl Setting {
    /// The rates at which the run carries thresholds, and the threshold for each in every fold: from the fold's dev people, or where
    /// nobody was set aside from the people tested in the other folds.
    fn of(run: &FinishedRun, folds: &[Fold], material: &Material) -> Result<Self, DeskError> {
        let from = (&material.prints, run.config.protocol.enrol.recordings_per_template);
        let tested = RolePrints::of_folds(folds, from, None)?;
        let dev: Vec<RolePrints> =
            folds.iter().map(|fold| RolePrints::of(fold, from, Role::Dev, None)).collect::<Result<_, _>>()?;
        let epoch_seconds = epoch_seconds(run, folds)?;
        let lengths = lengths(run, &tested, epoch_seconds)?;
        let enough = |set: &RolePrints| set.can_enrol(lengths.enrol) && set.can_probe(lengths.looks);
        let by_dev = dev.iter().all(enough);
        let sets = if by_dev { &dev } else { &tested };
        let compared: Vec<Comparisons> =
            sets.iter().map(|set| set.compare(lengths.enrol, lengths.looks)).collect::<Result<_, _>>()?;
        let own = by_dev || folds.len() < 2;
        let scores: Vec<Scores> = (0..folds.len())
            .map(|fold| {
                let parts = compared.iter().enumerate();
                Comparisons::joined(parts.filter(|(at, _)| (*at == fold) == own).map(|(_, part)| part)).last()
            })
            .collect::<Result<_, _>>()?;
        let points = TARGETS.map(|target_fmr| AttackedPoint {
            target_fmr,
            thresholds: scores.iter().map(|s| SortedScores::new(s).threshold_at_fmr(target_fmr)).collect(),
            non_mated: scores.iter().map(Scores::non_mated).min().unwrap_or_default(),
        });
        let spread = |set: &RolePrints| RolePrints::usual_spread(std::slice::from_ref(set), lengths.enrol);
        Ok(Self {
            lengths,
            epoch_seconds,
            points: points.into(),
            from: match (by_dev, own) {
                (true, _) => "thresholds from the dev people of each fold",
                (_, false) => {
                    "thresholds from the people tested in the other folds, since nobody was set aside"
                }
                (_, true) => {
                    "thresholds from the attacked people themselves, since there is one fold and nobody was set aside"
                }
            },
            usual_spread: sets.iter().map(spread).collect(),
        })
    }
}

fn epoch_seconds(run: &FinishedRun, folds: &[Fold]) -> Result<f64, DeskError> {
    let first = folds.first().ok_or_else(|| {
        DeskError::Request(format!("{}: it has no fold to attack", run.folder.root().display()))
    })?;
    let model = run.encoder(first.index)?.model;
    Ok(model.samples() as f64 / model.rate())
}

/// The plan's template, and the longest of its probes that two people of every fold have.
fn lengths(run: &FinishedRun, tested: &[RolePrints], epoch_seconds: f64) -> Result<Lengths, DeskError> {
    let protocol = &run.config.protocol;
    let epochs = |seconds: f64| ((seconds / epoch_seconds).round() as usize).max(1);
    let enrol = epochs(protocol.enrol.seconds);
    let mut wanted: Vec<usize> = protocol.probe.seconds.iter().map(|&seconds| epochs(seconds)).collect();
    wanted.sort_unstable();
    let can_probe = |looks: &&usize| tested.iter().all(|prints| prints.can_probe(**looks));
    let looks = wanted.iter().rev().find(can_probe).copied();
    match looks {
        Some(looks) if tested.iter().all(|prints| prints.can_enrol(enrol)) => Ok(Lengths { enrol, looks }),
        _ => Err(DeskError::RunFolder {
            path: run.folder.root().to_owned(),
            reason: format!(
                "a fold has fewer than two people with a template of {} s and a probe, so nobody can be attacked: test more people a fold",
                protocol.enrol.seconds
            ),
        }),
    }
}

/// What to know before reading the rows.
fn notes(points: &[AttackedPoint], [scattered, morphs]: [usize; 2], folds: usize) -> Vec<String> {
    let mut notes: Vec<String> = points
        .iter()
        .filter(|point| !resolves(point.non_mated, point.target_fmr))
        .map(|point| {
            format!(
                "the threshold for an FMR of {} rests on {} comparisons a fold, fewer than the rule of 30 wants",
                point.target_fmr, point.non_mated
            )
        })
        .collect();
    notes.extend([
        "what is handed in as signals goes through the encoder of its fold, made up recordings through the run's preprocessing as well; prints are handed in as rows of a file, as verify takes them".to_owned(),
        "a replay is known by the hash of its samples: a cut or a resampled copy has another, and no check knows it".to_owned(),
        "climbs begin at another person's probe and keep a change where the score that is told does not fall; in a day a gallery answers 315 non-matches against one person".replace("315", &twinprint_gallery::attempts_within(24 * 3600).to_string()),
    ]);
    if morphs > 0 {
        notes.push(format!(
            "{scattered} of {morphs} morphs scatter more than 95 of 100 templates of single people, which enroll says and does not refuse"
        ));
    }
    let shadow = if folds < 2 { ", with a threshold set on the same people, which flatters" } else { "" };
    notes.push(format!(
        "membership is measured on the encoders of the folds, which stand for the final model{shadow}; guessing is right in half of the attempts"
    ));
    notes
}
