//! Whether a recording looks like EEG at all: what an unplugged headset records must not become a print.
//!
//! Three things are looked at in every channel of the raw signal, in windows of two seconds. None tells whose EEG it is, or that
//! it is EEG for certain; each is what noise has and 213 real recordings have not (`docs/design/0011-no-eeg.md` has the margins).
//! - It hardly moves: the standard deviation of most windows is below [`STILL`].
//! - It is another channel's copy: their difference moves less than [`ALIKE`] of what they do.
//! - Its spectrum is flat from 2 to 40 Hz: six bands of white noise differ by chance alone, those of EEG fall as 1/f, and where
//!   muscles cover it they rise.

use std::fmt;

use ndarray::{Array2, ArrayView2, Axis, s};
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use twinprint_signal::Recording;

/// Microvolts. The stillest channel of a real recording moves by 2.8.
pub const STILL: f32 = 1.0;
/// A share. The most similar channels of a real recording, neighbours among 64, differ by 0.05.
pub const ALIKE: f32 = 0.01;
/// Between the strongest and the weakest band, in powers of ten. Half a real recording's channels have 0.87 or more, white noise
/// of ten seconds has up to 0.31.
pub const FLAT_SPECTRUM: f64 = 0.35;

/// Seconds of a window.
const WINDOW: f64 = 2.0;
/// Windows looked at, spread over the recording.
const MOST: usize = 240;
/// Windows, half overlapping, that ten seconds give: from fewer a spectrum is too uncertain.
const LEAST: usize = 9;
/// Hertz.
const BANDS: [[f64; 2]; 6] = [[2.0, 4.0], [4.0, 8.0], [8.0, 13.0], [13.0, 20.0], [20.0, 30.0], [30.0, 40.0]];

/// Channels of a recording, more than half of them, that do not look like EEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnlikeEeg {
    /// Channels looked at.
    pub channels: usize,
    /// Those that hardly move.
    pub still: usize,
    /// Those, of the others, that are copies of another channel.
    pub alike: usize,
    /// Those, of the others, whose spectrum is flat.
    pub flat_spectrum: usize,
}

impl fmt::Display for UnlikeEeg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            (self.still, format!("hardly move (less than {STILL} µV)")),
            (self.alike, "are copies of one another".to_owned()),
            (self.flat_spectrum, "have the flat spectrum of noise".to_owned()),
        ];
        let told: Vec<String> = kinds
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        write!(f, "of {} channels {}", self.channels, told.join(", "))
    }
}

/// What was measured in one channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likeness {
    /// Standard deviation of a middling window, in microvolts.
    pub moves: f32,
    /// How much the difference to the most similar channel moves, as a share of what the two do; infinite without another.
    pub differs: f32,
    /// Between the strongest and the weakest band, in powers of ten; nothing below ten seconds.
    pub bands: Option<f64>,
}

/// What tells EEG from noise, channel by channel; empty for a recording shorter than two seconds.
pub fn likeness(recording: &Recording) -> Vec<Likeness> {
    let rate = recording.rate().get();
    let length = (WINDOW * rate).round() as usize;
    let starts = starts(recording, length);
    let mut spectra = Spectra::new(recording.channels().len(), length);
    let (mut moves, mut differs) = (Vec::new(), Vec::new());
    for &start in &starts {
        let mut window = recording.samples().slice(s![.., start..start + length]).to_owned();
        for mut row in window.rows_mut() {
            let mean = row.sum() / length as f32;
            row.mapv_inplace(|x| x - mean);
        }
        let (deviation, difference) = compare(window.view());
        moves.push(deviation);
        differs.push(difference);
        spectra.add(&window);
    }
    let bands = (starts.len() >= LEAST).then(|| spectra.ranges(rate)).flatten();
    let channel = |at: usize| Likeness {
        moves: middle(moves.iter().map(|window| window[at])),
        differs: middle(differs.iter().map(|window| window[at])),
        bands: bands.as_ref().map(|bands| bands[at]),
    };
    let channels = if starts.is_empty() { 0 } else { recording.channels().len() };
    (0..channels).map(channel).collect()
}

/// Whether more than half of a recording's channels do not look like EEG; nothing is said of one shorter than two seconds, nor
/// of spectra of one shorter than ten.
///
/// # Examples
/// ```
/// use ndarray::Array2;
/// use twinprint_preprocess::unlike_eeg;
/// use twinprint_signal::{ChannelName, Hertz, Recording};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let silence = Array2::zeros((2, 1280));
/// let channels = vec![ChannelName::new("Cz"), ChannelName::new("Pz")];
/// let recording = Recording::continuous(Hertz::new(128.0)?, channels, silence, Vec::new())?;
/// let found = unlike_eeg(&recording).ok_or("silence passed for EEG")?;
/// assert_eq!(found.to_string(), "of 2 channels 2 hardly move (less than 1 µV)");
/// # Ok(())
/// # }
/// ```
pub fn unlike_eeg(recording: &Recording) -> Option<UnlikeEeg> {
    let all = likeness(recording);
    let mut found = UnlikeEeg { channels: all.len(), still: 0, alike: 0, flat_spectrum: 0 };
    for channel in &all {
        if channel.moves < STILL {
            found.still += 1;
        } else if channel.differs < ALIKE {
            found.alike += 1;
        } else if channel.bands.is_some_and(|range| range < FLAT_SPECTRUM) {
            found.flat_spectrum += 1;
        }
    }
    let faulty = found.still + found.alike + found.flat_spectrum;
    (2 * faulty > all.len()).then_some(found)
}

/// Where windows begin that lie in one segment, half overlapping, at most [`MOST`].
fn starts(recording: &Recording, length: usize) -> Vec<usize> {
    if length < 2 {
        return Vec::new();
    }
    let in_segment = |segment: &twinprint_signal::Segment| {
        let first = segment.first.0 as usize;
        let last = first + segment.len;
        (first..).step_by(length.div_ceil(2)).take_while(move |start| start + length <= last)
    };
    let all: Vec<usize> = recording.segments().iter().flat_map(in_segment).collect();
    let step = all.len().div_ceil(MOST).max(1);
    all.into_iter().step_by(step).collect()
}

/// Each channel's standard deviation, and how much it differs from the channel most similar to it; `window` is without means.
fn compare(window: ArrayView2<'_, f32>) -> (Vec<f32>, Vec<f32>) {
    let products = window.dot(&window.t()) / window.ncols() as f32;
    let variance = |at: usize| products[[at, at]];
    let channels = window.nrows();
    let difference = |a: usize, b: usize| {
        let between = (variance(a) + variance(b) - 2.0 * products[[a, b]]).max(0.0);
        (between / variance(a).max(variance(b)).max(f32::MIN_POSITIVE)).sqrt()
    };
    let closest =
        |a: usize| (0..channels).filter(|&b| b != a).map(|b| difference(a, b)).fold(f32::INFINITY, f32::min);
    ((0..channels).map(|at| variance(at).sqrt()).collect(), (0..channels).map(closest).collect())
}

fn middle(values: impl Iterator<Item = f32>) -> f32 {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f32::INFINITY)
}

/// Sums of power spectra (Welch's method).
struct Spectra {
    fft: std::sync::Arc<dyn Fft<f32>>,
    hann: Vec<f32>,
    /// `[channels, frequencies]`.
    power: Array2<f64>,
}

impl Spectra {
    fn new(channels: usize, length: usize) -> Self {
        let hann = |at: usize| 0.5 - 0.5 * (std::f32::consts::TAU * at as f32 / length as f32).cos();
        Self {
            fft: FftPlanner::new().plan_fft_forward(length.max(1)),
            hann: (0..length).map(hann).collect(),
            power: Array2::zeros((channels, length / 2 + 1)),
        }
    }

    fn add(&mut self, window: &Array2<f32>) {
        for (row, mut power) in window.rows().into_iter().zip(self.power.rows_mut()) {
            let tapered = row.iter().zip(&self.hann).map(|(x, taper)| Complex::new(x * taper, 0.0));
            let mut values: Vec<Complex<f32>> = tapered.collect();
            self.fft.process(&mut values);
            power.iter_mut().zip(&values).for_each(|(sum, value)| *sum += f64::from(value.norm_sqr()));
        }
    }

    /// Powers of ten between each channel's strongest and weakest band; nothing where the rate leaves fewer than four bands.
    fn ranges(&self, rate: f64) -> Option<Vec<f64>> {
        let step = rate / self.hann.len() as f64;
        let bin = |frequency: f64| (frequency / step).round() as usize;
        let bands: Vec<_> = BANDS.iter().filter(|[_, high]| *high <= 0.4 * rate).collect();
        let range = |power: ndarray::ArrayView1<'_, f64>| {
            let logs = bands.iter().map(|[low, high]| {
                let band = power.slice(s![bin(*low)..bin(*high)]);
                (band.sum() / band.len() as f64).max(1e-30).log10()
            });
            let (low, high) = logs
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), log| (low.min(log), high.max(log)));
            high - low
        };
        (bands.len() >= 4).then(|| self.power.map_axis(Axis(1), range).to_vec())
    }
}
