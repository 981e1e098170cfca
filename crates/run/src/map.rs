//! The map of prints: the first two principal components, people learnt from beside people never seen.

use ndarray::Axis;
use twinprint_closed::PrincipalComponents;
use twinprint_protocol::Role;
use twinprint_report::{MapPoint, PrintMap};
use twinprint_signal::{directions, has_direction};
use twinprint_store::prints::PrintFile;

use crate::RunError;
use crate::error::Placed;
use crate::folder::RunFolder;
use crate::system::System;

/// The fold that is drawn: the prints of different folds come from different encoders.
const FOLD: u32 = 0;
/// People drawn of each kind; more cannot be told apart by colour.
const PEOPLE: usize = 8;

/// The map of the encoder's prints in the first fold.
pub(crate) fn of(folder: &RunFolder) -> Result<PrintMap, RunError> {
    let path = folder.path("systems").join(format!("{}.h5", System::Encoder));
    let file = PrintFile::open(&path).in_folder(path.clone(), "run `twinprint embed` again")?;
    let mut rows = Vec::new();
    for role in [Role::Train, Role::Test] {
        let mut people = Vec::new();
        for (row, info) in file.infos().iter().enumerate() {
            let drawn = info.fold == Some(FOLD) && info.role.as_deref() == Some(role.name());
            if !drawn || !has_direction(file.prints().row(row)) {
                continue;
            }
            let subject = &info.epoch.key.subject;
            if !people.contains(&subject) && people.len() < PEOPLE {
                people.push(subject);
            }
            if people.contains(&subject) {
                rows.push((row, role));
            }
        }
    }
    let chosen: Vec<usize> = rows.iter().map(|(row, _)| *row).collect();
    let prints = file.prints().select(Axis(0), &chosen);
    let components = PrincipalComponents::of(directions(prints.view()).view(), 2).in_stage("report")?;
    let points = rows
        .iter()
        .zip(components.coordinates.rows())
        .map(|((row, role), at)| {
            let key = &file.infos()[*row].epoch.key;
            MapPoint {
                subject: key.subject.to_string(),
                recording: key.recording.to_string(),
                seen: *role == Role::Train,
                x: at[0],
                y: at[1],
            }
        })
        .collect();
    let explained = [components.explained[0], components.explained[1]];
    Ok(PrintMap { points, explained, fold: FOLD as usize })
}
