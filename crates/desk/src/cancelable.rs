//! What cancelable templates cost and give, measured on the people who set a gallery's thresholds.

use ndarray::{Array2, ArrayView2, Axis};
use twinprint_comparison::cosine_of_rows;
use twinprint_evaluation::{Bootstrap, Scores, eer, verification};
use twinprint_gallery::{Cost, Linkage, Projection, Rate, linkage, set_linkage};

use crate::DeskError;
use crate::role_prints::{COMPARISONS, RolePrints, rate};
use crate::run_scores::RunScores;
use twinprint_run::derive;

/// Pairs of keys behind the unlinkability.
const KEYS: usize = 20;

/// What the projection does to the error rate of templates of `enrol` epochs and probes of `looks`, and what two galleries
/// under different keys tell about each other.
pub(crate) fn cost(
    run: &RunScores,
    (plain, projected): (&RolePrints, &RolePrints),
    projection: &Projection,
    enrol: usize,
    looks: usize,
) -> Result<Cost, DeskError> {
    let rate_of = |prints: &RolePrints| -> Result<f64, DeskError> {
        Ok(eer(&prints.compare(enrol, looks)?.last()?).value)
    };
    let (dim, kept) = (run.dim, projection.kept());
    let (people, templates) = templates(plain, enrol, dim)?;
    let under = |pair: usize, side: &str| {
        let number = derive(run.config.seed, &format!("unlinkability {pair} {side}"));
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        Projection::from_seed(bytes, dim, kept).apply(templates.view())
    };
    let galleries = (0..KEYS).map(|pair| (under(pair, "left"), under(pair, "right")));
    let across = Across::of(&people, galleries, run.config.seed)?;
    Ok(Cost {
        dim,
        kept,
        eer_plain: rate_of(plain)?,
        eer_projected: rate_of(projected)?,
        eer_across: across.eer,
        linkage: across.linkage,
        set_linkage: across.set_linkage,
        keys: KEYS,
    })
}

/// Templates `[templates, dim]` with the number of the person behind each, few enough for every pair of keys.
fn templates(prints: &RolePrints, enrol: usize, dim: usize) -> Result<(Vec<u32>, Array2<f32>), DeskError> {
    let most = ((COMPARISONS / KEYS) as f64).sqrt() as usize / prints.people().max(1);
    let all = prints.templates(enrol, most.max(2))?;
    let mut means = Array2::zeros((all.len(), dim));
    for (mut row, (_, template)) in means.rows_mut().into_iter().zip(&all) {
        row.assign(&template.mean());
    }
    Ok((all.into_iter().map(|(person, _)| person).collect(), means))
}

/// What galleries of the same people under different keys tell about each other.
#[derive(Debug)]
struct Across {
    eer: Rate,
    linkage: Option<Linkage>,
    set_linkage: f64,
}

impl Across {
    /// Compares the two galleries of every pair; the rows of each are templates of `people`.
    fn of(
        people: &[u32],
        galleries: impl Iterator<Item = (Array2<f32>, Array2<f32>)>,
        seed: u64,
    ) -> Result<Self, DeskError> {
        let (mut values, mut left_people, mut right_people) = (Vec::new(), Vec::new(), Vec::new());
        let (mut linked, mut pairs) = (0.0, 0);
        let first = firsts(people);
        for (left, right) in galleries {
            let scores = cosine_of_rows(left.view(), right.view()).map_err(DeskError::thresholds)?;
            // Templates of one person made from different seconds, as two galleries would hold them.
            for ((one, other), score) in scores.indexed_iter().filter(|((one, other), _)| one != other) {
                values.push(f64::from(*score));
                left_people.push(people[one]);
                right_people.push(people[other]);
            }
            let of = |gallery: ArrayView2<'_, f32>| gallery.select(Axis(0), &first);
            linked += set_linkage(of(left.view()).view(), of(right.view()).view());
            pairs += 1;
        }
        let mated = |at: &usize| left_people[*at] == right_people[*at];
        let (same, different): (Vec<usize>, Vec<usize>) = (0..values.len()).partition(mated);
        let pick = |rows: Vec<usize>| -> Vec<f64> { rows.into_iter().map(|row| values[row]).collect() };
        let linkage = linkage(&pick(same), &pick(different));
        let scores = Scores::new(values, left_people, right_people).map_err(DeskError::thresholds)?;
        let bootstrap = Bootstrap { seed, ..Bootstrap::default() };
        let found = verification(&scores, &bootstrap).map_err(DeskError::thresholds)?;
        let eer = rate(found.eer);
        Ok(Self { eer, linkage, set_linkage: linked / f64::from(pairs.max(1)) })
    }
}

/// The first template of each person.
fn firsts(people: &[u32]) -> Vec<usize> {
    (0..people.len()).filter(|&row| !people[..row].contains(&people[row])).collect()
}

#[cfg(test)]
mod tests {
    use rand::RngExt;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    const PEOPLE: u32 = 12;
    const EACH: usize = 4;
    const DIM: usize = 48;

    /// Unit prints that lie about their person's direction, four a person.
    fn prints() -> (Vec<u32>, Array2<f32>) {
        let mut rng = ChaCha20Rng::from_seed([7; 32]);
        let mut noise = || (0..6).map(|_| rng.random::<f32>() - 0.5).sum::<f32>();
        let (mut people, mut rows) = (Vec::new(), Array2::zeros((PEOPLE as usize * EACH, DIM)));
        for person in 0..PEOPLE {
            let centre: Vec<f32> = (0..DIM).map(|_| noise()).collect();
            for _ in 0..EACH {
                let mut row = rows.row_mut(people.len());
                row.iter_mut().zip(&centre).for_each(|(x, c)| *x = c + 1.2 * noise());
                let length = row.dot(&row).sqrt();
                row.mapv_inplace(|x| x / length);
                people.push(person);
            }
        }
        (people, rows)
    }

    fn key(number: usize) -> Projection {
        let mut seed = [0; 32];
        seed[0] = number as u8;
        Projection::from_seed(seed, DIM, DIM)
    }

    /// Scores of all templates with all others under one map, as one list of trials.
    fn within(people: &[u32], rows: &Array2<f32>) -> Scores {
        let scores = cosine_of_rows(rows.view(), rows.view()).unwrap();
        let pairs = || scores.indexed_iter().filter(|((one, other), _)| one != other);
        Scores::new(
            pairs().map(|(_, score)| f64::from(*score)).collect(),
            pairs().map(|((one, _), _)| people[one]).collect(),
            pairs().map(|((_, other), _)| people[other]).collect(),
        )
        .unwrap()
    }

    fn largest_change(left: &Scores, right: &Scores) -> f64 {
        let pairs = left.similarity().iter().zip(right.similarity());
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }

    /// What `map` tells about itself under 20 pairs of keys.
    fn across(map: impl Fn(usize, &Array2<f32>) -> Array2<f32>) -> Across {
        let (people, rows) = prints();
        let galleries = (0..KEYS).map(|pair| (map(2 * pair, &rows), map(2 * pair + 1, &rows)));
        Across::of(&people, galleries, 1).unwrap()
    }

    #[test]
    fn under_one_key_every_score_and_the_error_rate_stay() {
        let (people, rows) = prints();
        let plain = within(&people, &rows);
        let rate = eer(&plain).value;
        assert!(rate > 0.01 && rate < 0.3, "prints of these people are neither alike nor apart: {rate}");
        let projected = within(&people, &key(1).apply(rows.view()));
        let change = largest_change(&plain, &projected);
        assert!(change < 1e-5, "the largest change of a score is {change}");
        assert!((eer(&projected).value - rate).abs() < 1e-9);
        // The bound notices a map that keeps no distance: one axis stretched by a tenth.
        let mut stretched = key(1).apply(rows.view());
        stretched.column_mut(0).mapv_inplace(|x| 1.1 * x);
        assert!(largest_change(&plain, &within(&people, &stretched)) > 1e-3);
    }

    #[test]
    fn under_two_keys_templates_of_one_person_are_no_nearer_than_those_of_two() {
        let unlinkable = |found: &Across| {
            let [low, high] = found.eer.ci95.unwrap();
            let linkage = found.linkage.unwrap();
            low <= 0.5 && high >= 0.5 && linkage.d_sys < linkage.d_sys_chance + 0.03
        };
        let found = across(|draw, rows| key(draw + 1).apply(rows.view()));
        assert!(unlinkable(&found), "{found:?}");
        assert_eq!((found.linkage.unwrap().mated, found.set_linkage), (20 * 12 * 4 * 3, 1.0));
        // It notices keys that do nothing, keys that are all one, and keys that leave a part as it was.
        let found = across(|_, rows| rows.clone());
        assert!(
            !unlinkable(&found) && found.eer.value < 0.3 && found.linkage.unwrap().d_sys > 0.3,
            "{found:?}"
        );
        assert!(!unlinkable(&across(|_, rows| key(1).apply(rows.view()))));
        let found = across(|draw, rows| {
            let mut projected = key(draw + 1).apply(rows.view());
            projected.slice_mut(ndarray::s![.., ..DIM / 2]).assign(&rows.slice(ndarray::s![.., ..DIM / 2]));
            projected
        });
        assert!(!unlinkable(&found), "{found:?}");
    }
}
