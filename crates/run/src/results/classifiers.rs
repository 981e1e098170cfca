//! k-NN and MLP on prints: whose epoch is it, or what was the person doing?

use std::collections::{BTreeMap, BTreeSet};

use ndarray::Array2;
use twinprint_evaluation::classification::Classification;
use twinprint_evaluation::knn::{self, Metric};
use twinprint_evaluation::mlp::{self, Mlp};
use twinprint_evaluation::{Estimate, LabelledPrints};
use twinprint_protocol::{EpochUses, Role};
use twinprint_report::results::{AuditRow, ClassifierRow, Confused, Outcome};
use twinprint_signal::Prints;

use super::{Evidence, failed, with_interval};
use crate::RunError;
use crate::scoring::SystemSides;
use crate::system::System;
use crate::trials::Places;

/// Prints to learn from and prints to be told apart, of one fold.
struct Task {
    train: Array2<f32>,
    train_labels: Vec<u32>,
    test: Array2<f32>,
    test_labels: Vec<u32>,
    test_people: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Classifier {
    Knn,
    Mlp,
}

impl Classifier {
    fn name(self) -> &'static str {
        match self {
            Self::Knn => "knn",
            Self::Mlp => "mlp",
        }
    }
}

/// One row a classifier, for a system and label. Every system is asked by k-NN, the encoder by the MLP as well; for labels
/// other than the subject, every system by both.
pub(super) fn rows(
    evidence: &Evidence,
    sides: &SystemSides,
    label: &str,
    audit: &mut Vec<AuditRow>,
) -> Result<Vec<ClassifierRow>, RunError> {
    let (tasks, names) = match tasks(evidence, sides, label) {
        Ok((tasks, names, without)) => {
            if !without.is_empty() {
                let check = format!("classifiers of {label} for {}", sides.system);
                let who = without.into_iter().collect::<Vec<_>>().join(", ");
                let detail = format!("epochs without a label {label} are left out, of {who}");
                audit.push(AuditRow::new(Outcome::Informs, check, detail));
            }
            (tasks, names)
        }
        Err(reason) => {
            audit.push(AuditRow::absent(format!("classifiers of {label} for {}", sides.system), reason));
            return Ok(Vec::new());
        }
    };
    let mut rows = vec![row(evidence, sides.system, Classifier::Knn, label, (&tasks, &names), audit)?];
    if sides.system == System::Encoder || label != "subject" {
        rows.push(row(evidence, sides.system, Classifier::Mlp, label, (&tasks, &names), audit)?);
    }
    Ok(rows)
}

/// Whose epoch is it: learnt from the epochs that the protocol gives to enrolment, asked on those that it gives to probes.
/// Any other label: learnt from people of the training role, asked on people never seen.
/// With the people who have epochs without the label, which are left out.
fn tasks(
    evidence: &Evidence,
    sides: &SystemSides,
    label: &str,
) -> Result<(Vec<Task>, Names, BTreeSet<String>), String> {
    if label == "subject" {
        let of_fold = |(uses, side): (&EpochUses, &Prints)| {
            let (train, train_labels) = evidence.people.labelled(side, &uses.enrol);
            let (test, test_labels) = evidence.people.labelled(side, &uses.probe);
            Task { train, train_labels, test, test_people: test_labels.clone(), test_labels }
        };
        let tasks = evidence.uses.iter().zip(&sides.test).map(of_fold).collect();
        return Ok((tasks, evidence.people.names(), BTreeSet::new()));
    }
    let values = label_values(sides, label)?;
    let names = values.iter().map(|(value, number)| (*number, (*value).clone())).collect();
    let mut unlabelled = BTreeSet::new();
    let mut labelled = |side: &Prints, without: &Places| -> Labelled {
        let number = |row: usize| side.infos()[row].labels.get(label).and_then(|value| values.get(value));
        let (rows, others): (Vec<usize>, Vec<usize>) =
            (0..side.len()).filter(|row| !without.contains(row)).partition(|&row| number(row).is_some());
        unlabelled.extend(others.iter().map(|&row| side.infos()[row].key.subject.to_string()));
        let numbers = rows.iter().filter_map(|&row| number(row)).copied().collect();
        let (prints, people) = evidence.people.labelled(side, &rows);
        (prints, numbers, people)
    };
    let mut tasks = Vec::with_capacity(sides.test.len());
    for (fold, (train, test)) in sides.train.iter().zip(&sides.test).enumerate() {
        let without = |role| evidence.directionless.places(role, fold);
        let (train, train_labels, _) = labelled(train, without(Role::Train));
        let (test, test_labels, test_people) = labelled(test, without(Role::Test));
        for (role, labels) in [("train", &train_labels), ("test", &test_labels)] {
            if labels.is_empty() {
                return Err(format!("nobody in role {role} of fold {fold} has a label {label}"));
            }
        }
        tasks.push(Task { train, train_labels, test, test_labels, test_people });
    }
    Ok((tasks, names, unlabelled))
}

/// What the numbers of labels stand for.
type Names = BTreeMap<u32, String>;

/// Prints, the number of each one's label, and the number of the person behind it.
type Labelled = (Array2<f32>, Vec<u32>, Vec<u32>);

fn label_values<'a>(sides: &'a SystemSides, label: &str) -> Result<BTreeMap<&'a String, u32>, String> {
    let infos = sides.train.iter().chain(&sides.test).flat_map(|side| side.infos());
    let mut values: BTreeMap<&String, u32> =
        infos.filter_map(|info| info.labels.get(label)).map(|value| (value, 0)).collect();
    for (number, slot) in values.values_mut().enumerate() {
        *slot = number as u32;
    }
    match values.len() {
        0 => Err(format!("no recording has a label {label}")),
        1 => Err(format!("every recording has the same {label}")),
        _ => Ok(values),
    }
}

fn row(
    evidence: &Evidence,
    system: System,
    classifier: Classifier,
    label: &str,
    (tasks, names): (&[Task], &Names),
    audit: &mut Vec<AuditRow>,
) -> Result<ClassifierRow, RunError> {
    let name = format!("{} of {label} on {system}", classifier.name());
    let bootstrap = evidence.bootstrap("classifiers");
    let plan = &evidence.context.plan.config().evaluation;
    let mut found: Vec<Classification> = Vec::with_capacity(tasks.len());
    for task in tasks {
        let train = LabelledPrints { prints: task.train.view(), labels: &task.train_labels };
        let test = LabelledPrints { prints: task.test.view(), labels: &task.test_labels };
        let answer = match classifier {
            Classifier::Knn => {
                let k = plan.neighbours.min(task.train.nrows());
                knn::classify(&train, &test, &task.test_people, k, Metric::Cosine, &bootstrap)
            }
            Classifier::Mlp => {
                let network = Mlp { hidden: plan.mlp_hidden, seed: evidence.seed("mlp"), ..Mlp::default() };
                mlp::classify(&train, &test, &task.test_people, &network, &bootstrap)
            }
        };
        found.push(answer.map_err(|error| failed(&name, error))?);
    }
    let joined = join(tasks, &found, &bootstrap).map_err(|error| failed(&name, error))?;
    Ok(ClassifierRow {
        system: system.name().to_owned(),
        classifier: classifier.name().to_owned(),
        label: label.to_owned(),
        accuracy: with_interval(joined.accuracy, || format!("accuracy of {name}"), audit),
        balanced_accuracy: Some(joined.balanced.value),
        balanced_ci95: joined.balanced.ci95,
        chance: Some(joined.chance),
        confusion: if system == System::Encoder { confusion(tasks, &found, names) } else { Vec::new() },
    })
}

/// How often which label was answered for which, over all folds; pairs that never occur are left out.
fn confusion(tasks: &[Task], found: &[Classification], names: &Names) -> Vec<Confused> {
    let mut counts: BTreeMap<(u32, u32), usize> = BTreeMap::new();
    for (task, answer) in tasks.iter().zip(found) {
        for pair in task.test_labels.iter().copied().zip(answer.predicted.iter().copied()) {
            *counts.entry(pair).or_default() += 1;
        }
    }
    let name = |number: u32| names.get(&number).cloned().unwrap_or_default();
    let confused = |((truth, answer), epochs)| Confused { truth: name(truth), answer: name(answer), epochs };
    counts.into_iter().map(confused).collect()
}

struct Joined {
    accuracy: Estimate,
    balanced: Estimate,
    chance: f64,
}

/// The folds' answers as one: what was right is right in whichever fold; chance is what it was there.
fn join(
    tasks: &[Task],
    found: &[Classification],
    bootstrap: &twinprint_evaluation::Bootstrap,
) -> Result<Joined, twinprint_evaluation::PrintError> {
    let gather = |of: fn(&Task) -> &Vec<u32>| -> Vec<u32> { tasks.iter().flat_map(of).copied().collect() };
    let predicted: Vec<u32> = found.iter().flat_map(|answer| answer.predicted.iter().copied()).collect();
    let all = Classification::new(
        &gather(|task| &task.train_labels),
        &gather(|task| &task.test_labels),
        &predicted,
        &gather(|task| &task.test_people),
        bootstrap,
    )?;
    let tested: usize = found.iter().map(|answer| answer.tested).sum();
    let chance = found.iter().map(|answer| answer.chance * answer.tested as f64).sum::<f64>();
    Ok(Joined {
        accuracy: all.accuracy,
        balanced: all.balanced_accuracy,
        chance: chance / tested.max(1) as f64,
    })
}
