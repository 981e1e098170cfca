//! The map of prints: people learnt from beside people never seen, on the first two principal components and by t-SNE.

use twinprint_closed::PrincipalComponents;
use twinprint_evaluation::neighbour_map;
use twinprint_protocol::Role;
use twinprint_report::{MapPoint, PrintMap};
use twinprint_signal::{EpochInfo, FoldIndex, SubjectId, directions, has_direction};

use crate::RunError;
use crate::encoder_prints::{EncoderPrints, PrintRow};
use crate::error::Placed;
use crate::folder::RunFolder;

/// The fold that is drawn: the prints of different folds come from different encoders.
const FOLD: FoldIndex = FoldIndex(0);
/// People drawn of each kind; more cannot be told apart by colour.
const PEOPLE: usize = 8;
/// Prints drawn of a recording, evenly over its length: the map of neighbours takes time by the square of all.
const PRINTS: usize = 24;
/// Neighbours a print has on the map of neighbours, about as many as the person has prints in one recording.
const NEIGHBOURS: f64 = 24.0;

/// The map of the encoder's prints in the first fold.
pub(crate) fn of(folder: &RunFolder) -> Result<PrintMap, RunError> {
    let file = EncoderPrints::open(folder)?;
    let mut chosen: Vec<PrintRow> = Vec::new();
    let mut epochs: Vec<(&EpochInfo, Role)> = Vec::new();
    for role in [Role::Train, Role::Test] {
        let mut people: Vec<&SubjectId> = Vec::new();
        let mut recordings: Vec<Vec<(PrintRow, &EpochInfo)>> = Vec::new();
        for (row, info) in file.rows() {
            let drawn = info.fold == Some(FOLD) && info.role.as_deref() == Some(role.name());
            if !drawn || !has_direction(file.row(row)) {
                continue;
            }
            let subject = &info.epoch.key.subject;
            if !people.contains(&subject) && people.len() < PEOPLE {
                people.push(subject);
            }
            if people.contains(&subject) {
                match recordings.iter_mut().find(|known| known[0].1.key == info.epoch.key) {
                    Some(known) => known.push((row, &info.epoch)),
                    None => recordings.push(vec![(row, &info.epoch)]),
                }
            }
        }
        for (row, epoch) in recordings.iter().flat_map(|all| spread(all)) {
            chosen.push(row);
            epochs.push((epoch, role));
        }
    }
    let prints = directions(file.select(&chosen).view());
    let components = PrincipalComponents::of(prints.view(), 2).in_stage("report")?;
    let neighbours = neighbour_map(prints.view(), components.coordinates.view(), NEIGHBOURS);
    let points = epochs
        .into_iter()
        .zip(components.coordinates.rows().into_iter().zip(neighbours.rows()))
        .map(|((epoch, role), (component, neighbour))| MapPoint {
            subject: epoch.key.subject.to_string(),
            recording: epoch.key.recording.to_string(),
            seen: role == Role::Train,
            start: epoch.start.get(),
            components: [component[0], component[1]],
            neighbours: [neighbour[0], neighbour[1]],
        })
        .collect();
    let explained = [components.explained[0], components.explained[1]];
    Ok(PrintMap { points, explained, fold: FOLD.0 as usize })
}

/// At most [`PRINTS`] of these rows, evenly spread.
fn spread<T: Copy>(rows: &[T]) -> impl Iterator<Item = T> {
    let count = rows.len().min(PRINTS);
    (0..count).map(move |place| rows[place * rows.len() / count])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rows_are_all_drawn_and_many_are_spread_over_the_recording() {
        assert_eq!(spread(&[3, 4, 9]).collect::<Vec<_>>(), [3, 4, 9]);
        let many: Vec<usize> = (0..240).collect();
        let drawn: Vec<usize> = spread(&many).collect();
        assert_eq!((drawn.len(), drawn[0], drawn[23]), (PRINTS, 0, 230));
        assert!(spread::<usize>(&[]).next().is_none());
    }
}
