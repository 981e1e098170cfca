//! Recordings as text in the manner of each device, made of numbers that tests know.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses some of it")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The sample of a channel: exact in float32.
pub fn value(sample: usize, channel: usize) -> f32 {
    ((sample * 37 + channel * 11) % 401) as f32 / 8.0 - 25.0
}

pub fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// The OpenBCI GUI since version 5; the samples in `lost` are not in the file.
pub fn open_bci(samples: usize, channels: usize, lost: impl Fn(usize) -> bool) -> String {
    let mut text = format!(
        "%OpenBCI Raw EXG Data\n%Number of channels = {channels}\n%Sample Rate = 250 Hz\n%Board = OpenBCI_GUI$BoardCytonSerial\nSample Index"
    );
    (0..channels).for_each(|channel| write!(text, ", EXG Channel {channel}").unwrap());
    text += ", Accel Channel 0, Timestamp, Marker Channel, Timestamp (Formatted)\n";
    for sample in (0..samples).filter(|sample| !lost(*sample)) {
        write!(text, "{:.1}", (sample % 256) as f64).unwrap();
        (0..channels).for_each(|channel| write!(text, ", {}", value(sample, channel)).unwrap());
        // Packets of ten arrive together.
        let time = 1_608_805_800.0 + (sample / 10 * 10) as f64 / 250.0;
        let marker = if sample == 700 { 3.0 } else { 0.0 };
        writeln!(text, ", 0.25, {time:.6}, {marker:.1}, 2020-12-24 10:30:00.000").unwrap();
    }
    text
}

/// Mind Monitor: packets of twelve rows, band powers in front, a row of an event alone before sample 300.
pub fn mind_monitor(samples: usize, lost: impl Fn(usize) -> bool) -> String {
    let mut text =
        "TimeStamp,Delta_TP9,RAW_TP9,RAW_AF7,RAW_AF8,RAW_TP10,AUX_RIGHT,Accelerometer_X,Battery,Elements\n"
            .to_owned();
    for sample in (0..samples).filter(|sample| !lost(*sample)) {
        // Bluetooth holds one packet in seven back.
        let packet = sample / 12 * 12 + if sample / 12 % 7 == 3 { 10 } else { 0 };
        let milliseconds = packet * 1000 / 256;
        let time = format!("2020-12-24 10:30:{:02}.{:03}", milliseconds / 1000, milliseconds % 1000);
        if sample == 300 {
            writeln!(text, "{time},,,,,,,,,/muse/elements/blink").unwrap();
        }
        write!(text, "{time},0.5").unwrap();
        (0..5).for_each(|channel| write!(text, ",{}", value(sample, channel)).unwrap());
        text += ",0.01,88,\n";
    }
    text
}

/// muselsl: a time of its own for every sample.
pub fn muselsl(samples: usize, lost: impl Fn(usize) -> bool) -> String {
    let mut text = "timestamps,TP9,AF7,AF8,TP10,Right AUX,Marker0\n".to_owned();
    for sample in (0..samples).filter(|sample| !lost(*sample)) {
        write!(text, "{:.6}", 1_608_805_800.0 + sample as f64 / 256.0).unwrap();
        (0..5).for_each(|channel| write!(text, ",{}", value(sample, channel)).unwrap());
        writeln!(text, ",{}", i32::from((500..600).contains(&sample))).unwrap();
    }
    text
}

/// EmotivPRO: the software puts an estimate in the place of a lost sample and says so.
pub fn emotiv(samples: usize, estimated: impl Fn(usize) -> bool) -> String {
    let mut text = "title:a title, start timestamp:1608805800.100000, stop timestamp:1608805810.1, headset type:EPOCPLUS, headset serial:D2020, channels:55, sampling rate:eeg_128;mot_64, samples:1000, version:2.0\n\
        Timestamp,EEG.Counter,EEG.Interpolated,EEG.AF3,EEG.T7,EEG.RawCq,EEG.Battery,EEG.MarkerHardware,MarkerValueInt,CQ.AF3,MOT.AccX\n".to_owned();
    for sample in 0..samples {
        write!(
            text,
            "{:.6},{}.0,{}.0",
            1_608_805_800.1 + sample as f64 / 128.0,
            sample % 128,
            i32::from(estimated(sample))
        )
        .unwrap();
        (0..2).for_each(|channel| write!(text, ",{}", 4200.0 + f64::from(value(sample, channel))).unwrap());
        let marker = if sample == 200 { "7" } else { "" };
        let motion = if sample % 2 == 0 { "0.1" } else { "" };
        writeln!(text, ",1023.0,4.0,0,{marker},4.0,{motion}").unwrap();
    }
    text
}
