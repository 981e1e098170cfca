//! What the page draws of the recordings: their quality.

use polars::prelude::DataFrame;
use twinprint_report::RecordingQuality;

use crate::RunError;
use crate::error::InTable;
use crate::folder::{QUALITY, RunFolder};
use crate::tables;

/// The quality of each recording of the people `about` says, in the order of the file.
pub(crate) fn quality(
    folder: &RunFolder,
    about: impl Fn(&str) -> bool,
) -> Result<Vec<RecordingQuality>, RunError> {
    let path = folder.path(QUALITY);
    let table = tables::read_parquet(&path)?;
    Ok(rows(&table).in_table(path)?.into_iter().filter(|row| about(&row.subject)).collect())
}

fn rows(table: &DataFrame) -> Result<Vec<RecordingQuality>, polars::error::PolarsError> {
    let [subject, session, recording] = ["subject", "session", "recording"].map(|name| table.column(name));
    let (subject, session, recording) = (subject?.str()?, session?.str()?, recording?.str()?);
    let (cut, kept) = (table.column("epochs_cut")?.u32()?, table.column("epochs_kept")?.u32()?);
    let (noise, swing) = (table.column("line_noise_ratio")?.f64()?, table.column("peak_to_peak_uv")?.f64()?);
    let (interpolated, dropped) = (table.column("interpolated")?.str()?, table.column("dropped")?.str()?);
    let powers: Vec<_> =
        (1..).map_while(|hertz| table.column(&tables::spectrum_column(hertz)).ok()?.f64().ok()).collect();
    let row = |row: usize| {
        let names = [interpolated.get(row), dropped.get(row)].into_iter().flatten();
        RecordingQuality {
            subject: subject.get(row).unwrap_or_default().to_owned(),
            recording: format!(
                "session {}, {}",
                session.get(row).unwrap_or_default(),
                recording.get(row).unwrap_or_default()
            ),
            cut: cut.get(row).unwrap_or_default() as usize,
            kept: kept.get(row).unwrap_or_default() as usize,
            line_noise: noise.get(row),
            peak_to_peak: swing.get(row),
            spectrum: powers.iter().map(|power| power.get(row)).collect(),
            mended: names.flat_map(str::split_whitespace).map(str::to_owned).collect(),
        }
    };
    Ok((0..table.height()).map(row).collect())
}
