//! Who is it? From a list of comparisons that names its probes.

use twinprint_evaluation::identification::Search;

use super::trials::Part;

/// One search for each probe, in the gallery it was compared with; or why there is none.
pub(super) fn searches(part: &Part) -> Result<Vec<Search>, String> {
    if part.probe_id.is_empty() {
        return Err("identification is absent: the file has no column that names the probe".to_owned());
    }
    let mut order: Vec<u32> = (0..part.score.len() as u32).collect();
    order.sort_unstable_by_key(|&row| (part.probe_id[row as usize], part.enrol[row as usize]));
    let mut searches = Vec::new();
    let mut incomplete = 0usize;
    for rows in order.chunk_by(|&a, &b| part.probe_id[a as usize] == part.probe_id[b as usize]) {
        match search(part, rows) {
            Some(search) => searches.push(search),
            None => incomplete += 1,
        }
    }
    if incomplete > 0 {
        return Err(format!(
            "identification is absent: {incomplete} of {} probes were not compared with both their own subject and another",
            incomplete + searches.len()
        ));
    }
    Ok(searches)
}

/// The rows of one probe, by enrolled subject.
fn search(part: &Part, rows: &[u32]) -> Option<Search> {
    let best_of =
        |rows: &[u32]| rows.iter().map(|&row| part.score[row as usize]).fold(f64::NEG_INFINITY, f64::max);
    let subject = part.probe[rows[0] as usize];
    let galleries = || rows.chunk_by(|&a, &b| part.enrol[a as usize] == part.enrol[b as usize]);
    let own = galleries().find(|rows| part.enrol[rows[0] as usize] == subject).map(best_of)?;
    let others: Vec<f64> =
        galleries().filter(|rows| part.enrol[rows[0] as usize] != subject).map(best_of).collect();
    let other = others.iter().copied().reduce(f64::max)?;
    Some(Search {
        subject,
        rank: 1 + others.iter().filter(|&&score| score >= own).count(),
        own: own as f32,
        other: other as f32,
        enrolled: 1 + others.len(),
    })
}
