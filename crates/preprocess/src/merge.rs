//! Recordings of one file at several rates, brought to one.

use std::sync::Mutex;

use ndarray::{Array2, s};
use twinprint_signal::{Hertz, Recording, SampleIndex, Segment};

use crate::chain::{Chain, ChainWork, Design, Planners};
use crate::error::PreprocessError;
use crate::plan::{Plan, Resample, ResampleMethod};

/// Brings the recordings of one file, one a sampling rate, to `sfreq` and puts their channels into one recording, in order.
///
/// Each segment is resampled by [`ResampleMethod::Polyphase`], which keeps the channels of all rates in step to a fraction
/// of a sample, and where the rates have no small ratio by [`ResampleMethod::Fft`]. Where rounding leaves segments a sample
/// apart, the shorter length holds for all. Annotations are the first recording's.
///
/// # Errors
/// When there is no recording, the recordings have unlike segments, a segment is too short to resample, a sample is not
/// finite, or two recordings hold one channel.
pub fn merge_rates(recordings: Vec<Recording>, sfreq: Hertz) -> Result<Recording, PreprocessError> {
    let planners = Mutex::new(Planners::default());
    let parts = recordings
        .iter()
        .map(|recording| resampled(recording, sfreq, &planners))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(first) = recordings.first() else {
        return Err(PreprocessError::Merge(
            "there is no recording to merge: read at least one rate of the file".into(),
        ));
    };
    let lens = common_lens(&recordings, &parts)?;
    let total: usize = lens.iter().sum();
    let channels: Vec<_> = recordings.iter().flat_map(|r| r.channels().to_vec()).collect();
    let mut samples = Array2::zeros((channels.len(), total));
    let mut row = 0;
    for (recording, part) in recordings.iter().zip(&parts) {
        let rows = row..row + recording.channels().len();
        let mut column = 0;
        for (segment, &len) in part.iter().zip(&lens) {
            samples.slice_mut(s![rows.clone(), column..column + len]).assign(&segment.slice(s![.., ..len]));
            column += len;
        }
        row = rows.end;
    }
    let mut start = 0;
    let segments = first
        .segments()
        .iter()
        .zip(&lens)
        .map(|(segment, &len)| {
            let placed = Segment { first: SampleIndex(start), len, onset: segment.onset };
            start += len as u64;
            placed
        })
        .collect();
    Ok(Recording::new(sfreq, channels, samples, segments, first.annotations().to_vec())?)
}

/// Each segment at the new rate, `[channels, samples]`.
fn resampled(
    recording: &Recording,
    sfreq: Hertz,
    planners: &Mutex<Planners>,
) -> Result<Vec<Array2<f32>>, PreprocessError> {
    crate::finite::check_finite(recording, &(0..recording.channels().len()).collect::<Vec<_>>())?;
    let method = match crate::polyphase::ratio(recording.rate(), sfreq) {
        Ok(_) => ResampleMethod::Polyphase,
        Err(_) => ResampleMethod::Fft,
    };
    let plan = Plan { filter: None, resample: Some(Resample { sfreq, method }), ..Plan::default() };
    let design = Design::new(&plan, recording.rate(), usize::MAX)?;
    let mut work = ChainWork::default();
    let shape = |segment: &Segment| (recording.channels().len(), design.output_len(segment.len));
    recording
        .segments()
        .iter()
        .map(|segment| {
            if segment.len < design.shortest.0 {
                return Err(PreprocessError::TooShort {
                    longest: segment.len,
                    step: "resampling",
                    needed: design.shortest.0,
                    rate: recording.rate(),
                    remedy: "take only the channels of one rate",
                });
            }
            let chain = Chain::new(&design, segment.len, planners);
            let mut output = Array2::zeros(shape(segment));
            let first = segment.first.0 as usize;
            let rows: Vec<usize> = (0..recording.channels().len()).collect();
            chain.run_rows(
                recording.samples().slice(s![.., first..first + segment.len]),
                &rows,
                output.view_mut(),
                &mut work,
            );
            Ok(output)
        })
        .collect()
}

/// The shortest length of each segment over all recordings, which must agree within two samples.
fn common_lens(recordings: &[Recording], parts: &[Vec<Array2<f32>>]) -> Result<Vec<usize>, PreprocessError> {
    let count = parts.first().map_or(0, Vec::len);
    if let Some(odd) = parts.iter().position(|part| part.len() != count) {
        return Err(PreprocessError::Merge(format!(
            "the signals at {} have {} stretches without a gap and those at {} have {count}: they are not of one file",
            recordings[odd].rate(),
            parts[odd].len(),
            recordings[0].rate()
        )));
    }
    (0..count)
        .map(|segment| {
            let lens = || parts.iter().map(|part| part[segment].ncols());
            let (least, most) = (lens().min().unwrap_or(0), lens().max().unwrap_or(0));
            if most - least > 2 {
                return Err(PreprocessError::Merge(format!(
                    "stretch {segment} lasts {least} samples in one rate's signals and {most} in another's after resampling: they are not of one file"
                )));
            }
            Ok(least)
        })
        .collect()
}
