//! Whether a plan's settings make sense, alone and at a recording's rate.

use twinprint_signal::Hertz;

use crate::error::PlanError;
use crate::plan::{EpochPlan, Filter, FilterMethod, Notch, Plan, Scale};

/// A plan every setting of which is inside its limits; made by [`Plan::checked`].
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedPlan(Plan);

/// Units that a plan may state for channels without one.
const UNITS: [&str; 5] = ["uV", "µV", "mV", "V", "nV"];

impl std::ops::Deref for CheckedPlan {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        &self.0
    }
}

/// Hertz: a filter for it is as long as half an hour.
const LEAST_FREQUENCY: f64 = 0.001;
/// Hertz: no amplifier of EEG is as fast.
const MOST_FREQUENCY: f64 = 1e5;

/// Times the recorded rate: EEG is made slower, seldom faster.
const MOST_UPSAMPLING: f64 = 1000.0;

impl CheckedPlan {
    /// Checks the plan against a recording at `sfreq`.
    ///
    /// # Errors
    /// The first setting outside its limits.
    pub fn fits(&self, sfreq: Hertz) -> Result<(), PlanError> {
        if let Some(resample) =
            self.resample.as_ref().filter(|r| r.sfreq.get() > MOST_UPSAMPLING * sfreq.get())
        {
            return Err(refuse(
                "resample.sfreq",
                resample.sfreq,
                format!("at most {MOST_UPSAMPLING} times the recording's rate ({sfreq})"),
                "take channels of EEG, or lower it",
            ));
        }
        if let Some(filter) = &self.filter {
            below_nyquist("filter.h_freq", filter.h_freq, sfreq, "the recording")?;
            below_nyquist("filter.l_freq", filter.l_freq, sfreq, "the recording")?;
            if let (Some(h), Some(width)) = (filter.h_freq, filter.h_trans_bandwidth) {
                let room = sfreq.nyquist().get() - h.get();
                if width.get() > room {
                    return Err(refuse(
                        "filter.h_trans_bandwidth",
                        width,
                        format!(
                            "at most {room} Hz, which is what lies between h_freq and the Nyquist frequency"
                        ),
                        "lower it, lower h_freq, or leave it out",
                    ));
                }
            }
        }
        if let Some(notch) = &self.notch {
            let top = notch.stop_band(notch.freq.get()).1;
            if top >= sfreq.nyquist().get() {
                return Err(refuse(
                    "notch.freq",
                    notch.freq,
                    format!(
                        "low enough for its stop-band, up to {top} Hz, to end below the Nyquist frequency ({})",
                        sfreq.nyquist()
                    ),
                    "set notch = false: at this rate there is no such hum to remove",
                ));
            }
        }
        self.check_epoch_samples(self.resample.as_ref().map_or(sfreq, |r| r.sfreq))
    }
}

impl Plan {
    /// Checks what can be checked without a recording.
    ///
    /// # Errors
    /// The first setting outside its limits.
    pub fn checked(self) -> Result<CheckedPlan, PlanError> {
        self.validate()?;
        Ok(CheckedPlan(self))
    }

    fn validate(&self) -> Result<(), PlanError> {
        self.check_channels()?;
        self.check_frequencies()?;
        if let Some(filter) = &self.filter {
            check_filter(filter)?;
        }
        if let (Some(filter), Some(resample)) = (&self.filter, &self.resample) {
            below_nyquist("filter.h_freq", filter.h_freq, resample.sfreq, "resample.sfreq")?;
        }
        if let Some(notch) = &self.notch {
            check_notch(notch)?;
        }
        check_epochs(&self.epochs)?;
        if let Some(resample) = &self.resample {
            self.check_epoch_samples(resample.sfreq)?;
        }
        self.check_limits()
    }

    fn check_channels(&self) -> Result<(), PlanError> {
        let pick = &self.channels.pick;
        if let Some(unit) = self.channels.unit.as_ref().filter(|unit| !UNITS.contains(&unit.as_str())) {
            return Err(refuse(
                "channels.unit",
                unit,
                "one of uV, µV, mV, V and nV",
                "write the unit of the samples",
            ));
        }
        for (index, name) in pick.iter().enumerate() {
            if pick[..index].contains(name) {
                return Err(refuse("channels.pick", name, "named once", "remove the second"));
            }
            if self.channels.drop.contains(name) {
                return Err(refuse(
                    "channels.drop",
                    name,
                    "none of channels.pick",
                    "remove it from one of the two",
                ));
            }
        }
        match &self.reference {
            crate::plan::Reference::Channels(names) if names.is_empty() => Err(refuse(
                "reference.channels",
                "[]",
                "at least one channel",
                "name one, or set reference = \"none\"",
            )),
            _ => Ok(()),
        }
    }

    /// Refuses frequencies that no recording of EEG has, before filters of endless length are designed for them.
    fn check_frequencies(&self) -> Result<(), PlanError> {
        let filter = self.filter.as_ref();
        for (key, value, least) in [
            ("filter.l_freq", filter.and_then(|filter| filter.l_freq), LEAST_FREQUENCY),
            ("filter.h_freq", filter.and_then(|filter| filter.h_freq), LEAST_FREQUENCY),
            ("filter.l_trans_bandwidth", filter.and_then(|filter| filter.l_trans_bandwidth), LEAST_FREQUENCY),
            ("filter.h_trans_bandwidth", filter.and_then(|filter| filter.h_trans_bandwidth), LEAST_FREQUENCY),
            ("notch.freq", self.notch.as_ref().map(|notch| notch.freq), 0.1),
            (
                "notch.trans_bandwidth",
                self.notch.as_ref().map(|notch| notch.trans_bandwidth),
                LEAST_FREQUENCY,
            ),
            ("resample.sfreq", self.resample.as_ref().map(|resample| resample.sfreq), 1.0),
        ] {
            let outside = value.filter(|value| !(least..=MOST_FREQUENCY).contains(&value.get()));
            if let Some(value) = outside {
                let limit = format!("between {least} and {MOST_FREQUENCY} Hz");
                return Err(refuse(
                    key,
                    value,
                    limit,
                    "write a frequency of EEG, or false where the key can be switched off",
                ));
            }
        }
        Ok(())
    }

    fn check_epoch_samples(&self, rate: Hertz) -> Result<(), PlanError> {
        let (length, step) = self.epochs.samples(rate);
        let key = match self.epochs {
            EpochPlan::Fixed { .. } => "epochs.duration",
            EpochPlan::Events { .. } => "epochs.tmax",
        };
        if length < 2 || step == 0 {
            return Err(refuse(
                key,
                format!("{length} samples, a new epoch every {step}, at {rate}"),
                "at least 2 samples, and a new epoch at least every sample",
                "lengthen it, or shorten the overlap",
            ));
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), PlanError> {
        let positive = |key, value: Option<f64>| match value {
            Some(v) if !(v.is_finite() && v > 0.0) => Err(refuse(
                key,
                v,
                "finite and above 0",
                "write such a number, or false where the key can be switched off",
            )),
            _ => Ok(()),
        };
        positive("reject.peak_to_peak", self.reject.peak_to_peak.map(|v| v.get()))?;
        positive("reject.flat", self.reject.flat.map(|v| v.get()))?;
        positive("reject.deviation", self.reject.deviation)?;
        if let (Some(flat), Some(high)) = (self.reject.flat, self.reject.peak_to_peak)
            && flat >= high
        {
            return Err(refuse(
                "reject.flat",
                flat,
                format!("below reject.peak_to_peak ({high})"),
                "lower it",
            ));
        }
        if let Some(detect) = &self.bad_channels.detect {
            positive("bad_channels.detect.flat", detect.flat.map(|v| v.get()))?;
            positive("bad_channels.detect.noisy", detect.noisy)?;
            positive("bad_channels.detect.uncorrelated", detect.uncorrelated)?;
            if let Some(limit) = detect.uncorrelated.filter(|v| *v >= 1.0) {
                return Err(refuse("bad_channels.detect.uncorrelated", limit, "below 1", "0.4 is usual"));
            }
        }
        match self.scale {
            Scale::Microvolts { divisor } => positive("scale.divisor", Some(divisor)),
            Scale::RecordingRobust {} | Scale::EpochZ {} => Ok(()),
        }
    }
}

fn check_filter(filter: &Filter) -> Result<(), PlanError> {
    match (filter.l_freq, filter.h_freq) {
        (None, None) => {
            return Err(refuse(
                "filter",
                "neither l_freq nor h_freq",
                "a band",
                "set one, or filter = false",
            ));
        }
        (Some(l), Some(h)) if l >= h => {
            return Err(refuse(
                "filter.l_freq",
                l,
                format!("below h_freq ({h})"),
                "lower it, or raise h_freq",
            ));
        }
        _ => {}
    }
    let fir = filter.method == FilterMethod::Fir;
    if let (true, Some(order)) = (fir, filter.order) {
        return Err(refuse(
            "filter.order",
            order,
            "left out with method = \"fir\"",
            "remove it, or set filter.method = \"butterworth\"",
        ));
    }
    if let Some(order) = filter.order.filter(|order| !(1..=12).contains(order)) {
        return Err(refuse("filter.order", order, "1 to 12", "4 is usual"));
    }
    for (key, width, edge, name) in [
        ("filter.l_trans_bandwidth", filter.l_trans_bandwidth, filter.l_freq, "l_freq"),
        ("filter.h_trans_bandwidth", filter.h_trans_bandwidth, filter.h_freq, "h_freq"),
    ] {
        let Some(width) = width else { continue };
        if !fir {
            return Err(refuse(key, width, "left out with method = \"butterworth\"", "remove it"));
        }
        if edge.is_none() {
            return Err(refuse(key, width, format!("left out without {name}"), "remove it"));
        }
    }
    match (filter.l_freq, filter.l_trans_bandwidth) {
        (Some(l), Some(width)) if width > l => Err(refuse(
            "filter.l_trans_bandwidth",
            width,
            format!("at most l_freq ({l}), because the stop-band must begin at 0 Hz or above"),
            "lower it, or leave it out",
        )),
        _ => Ok(()),
    }
}

fn check_notch(notch: &Notch) -> Result<(), PlanError> {
    let (low, high) = notch.stop_band(notch.freq.get());
    if low <= 0.0 {
        return Err(refuse(
            "notch.trans_bandwidth",
            notch.trans_bandwidth,
            format!("narrow enough for the stop-band ({low} to {high} Hz) to lie above 0 Hz"),
            "narrow it or notch.notch_width",
        ));
    }
    let next = notch.stop_band(2.0 * notch.freq.get());
    if notch.harmonics && next.0 <= high {
        return Err(refuse(
            "notch.notch_width",
            notch.notch_width.map_or("a 200th of the frequency".to_owned(), |w| w.to_string()),
            "narrow enough for the stop-bands of neighbouring harmonics to stay apart".to_owned(),
            "narrow it or notch.trans_bandwidth",
        ));
    }
    Ok(())
}

/// Seconds: what lies further from an event, or an epoch that is longer, is a slip of the hand.
const LONGEST_EPOCH: f64 = 86_400.0;

fn check_epochs(plan: &EpochPlan) -> Result<(), PlanError> {
    let times = match plan {
        EpochPlan::Fixed { duration, .. } => [("epochs.duration", *duration); 2],
        EpochPlan::Events { tmin, tmax, .. } => [("epochs.tmin", *tmin), ("epochs.tmax", *tmax)],
    };
    if let Some((key, time)) = times.into_iter().find(|(_, time)| time.get().abs() > LONGEST_EPOCH) {
        let limit = format!("at most a day ({LONGEST_EPOCH} s)");
        return Err(refuse(key, time, limit, "write a time in seconds"));
    }
    match plan {
        EpochPlan::Fixed { duration, overlap } => {
            if duration.get() <= 0.0 {
                return Err(refuse("epochs.duration", duration, "above 0 s", "2 is usual"));
            }
            if overlap.get() < 0.0 || overlap >= duration {
                return Err(refuse(
                    "epochs.overlap",
                    overlap,
                    format!("0 s or more and below epochs.duration ({duration})"),
                    "lower it",
                ));
            }
        }
        EpochPlan::Events { events, tmin, tmax, baseline } => {
            if events.is_empty() {
                return Err(refuse("epochs.events", "[]", "at least one label", "name one, or use duration"));
            }
            if tmin >= tmax {
                return Err(refuse("epochs.tmin", tmin, format!("below tmax ({tmax})"), "lower it"));
            }
            if let Some([from, to]) = baseline
                && !(tmin <= from && from <= to && to <= tmax)
            {
                return Err(refuse(
                    "epochs.baseline",
                    format!("[{from}, {to}]"),
                    format!("in order and inside tmin to tmax ({tmin} to {tmax})"),
                    "move it inside, or leave it out",
                ));
            }
        }
    }
    Ok(())
}

fn below_nyquist(key: &'static str, freq: Option<Hertz>, rate: Hertz, of: &str) -> Result<(), PlanError> {
    match freq {
        Some(freq) if freq >= rate.nyquist() => Err(refuse(
            key,
            freq,
            format!("below the Nyquist frequency ({}) of {of} ({rate})", rate.nyquist()),
            format!("lower it, or set {key} = false"),
        )),
        _ => Ok(()),
    }
}

fn refuse(
    key: &'static str,
    value: impl ToString,
    limit: impl Into<String>,
    remedy: impl Into<String>,
) -> PlanError {
    PlanError { key, value: value.to_string(), limit: limit.into(), remedy: remedy.into() }
}
