//! One synthetic recording as an EDF+ file that other readers accept.

use std::fs::OpenOptions;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use edfplus::{EdfError, EdfWriter, SignalParam};

use super::cohort::Records;
use super::montage::NAMES;

/// Digital values are symmetric, so that 0 µV is stored as 0.
const DIGITAL: i32 = 32_767;

/// Writes `[channels][samples]` in microvolts; `name` is the subject's and goes into the patient code.
pub(crate) fn write(
    path: &Path,
    name: &str,
    channels: &[Vec<f32>],
    records: Records,
) -> Result<(), EdfError> {
    let mut writer = EdfWriter::create(path)?;
    writer.set_patient_info(name, "X", "X", "synthetic")?;
    writer.set_datarecord_duration(records.seconds)?;
    for (channel, label) in channels.iter().zip(NAMES) {
        // 500 µV, or more in steps of 500 where a strong cohort needs it; far above EEG, and 0.015 µV a digit.
        let peak = channel.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        let range = 500.0 * (f64::from(peak) / 500.0).ceil().max(1.0);
        writer.add_signal(SignalParam {
            label: label.to_owned(),
            samples_in_file: 0,
            physical_max: range,
            physical_min: -range,
            digital_max: DIGITAL,
            digital_min: -DIGITAL,
            samples_per_record: records.samples as i32,
            physical_dimension: "uV".to_owned(),
            prefilter: String::new(),
            transducer: "SYNTHETIC, no electrode".to_owned(),
        })?;
    }
    for record in 0..records.count {
        let range = record * records.samples..(record + 1) * records.samples;
        let samples: Vec<Vec<f64>> = channels
            .iter()
            .map(|channel| channel[range.clone()].iter().map(|s| f64::from(*s)).collect())
            .collect();
        writer.write_samples(&samples)?;
    }
    writer.finalize()?;
    repair(path)
}

/// Makes the header comply with EDF+: text is padded with spaces, not with NUL bytes, and months are in capitals.
fn repair(path: &Path) -> Result<(), EdfError> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut header = [0; 256];
    file.read_exact(&mut header)?;
    for byte in &mut header {
        if *byte == 0 {
            *byte = b' ';
        }
    }
    // The recording field: "Startdate dd-MMM-yyyy …".
    let start = 88 + "Startdate ".len();
    header[start..start + "dd-MMM-yyyy".len()].make_ascii_uppercase();
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header)?;
    file.sync_all()?;
    Ok(())
}
