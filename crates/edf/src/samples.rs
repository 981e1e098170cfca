//! Little-endian two's-complement samples to physical units.

/// `physical = digital * gain + offset`, in float64.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scale {
    pub(crate) gain: f64,
    pub(crate) offset: f64,
}

impl Scale {
    /// Multiplies the physical values by `factor`.
    pub(crate) fn times(self, factor: f64) -> Self {
        Self { gain: self.gain * factor, offset: self.offset * factor }
    }

    fn apply(self, digital: i32) -> f32 {
        (f64::from(digital) * self.gain + self.offset) as f32
    }
}

/// Bytes a sample takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// 16 bit, EDF.
    Two,
    /// 24 bit, BDF.
    Three,
}

impl Width {
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Two => 2,
            Self::Three => 3,
        }
    }
}

/// Decodes as many samples as both slices hold to physical values, each rounded once, from float64 to float32.
pub(crate) fn physical(bytes: &[u8], width: Width, scale: Scale, out: &mut [f32]) {
    decode(bytes, width, out, |digital| scale.apply(digital));
}

/// Decodes as many samples as both slices hold to the integers stored.
pub(crate) fn digital(bytes: &[u8], width: Width, out: &mut [i32]) {
    decode(bytes, width, out, |digital| digital);
}

#[inline(always)]
fn decode<T>(bytes: &[u8], width: Width, out: &mut [T], value: impl Fn(i32) -> T) {
    match width {
        Width::Two => {
            for (sample, raw) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
                *sample = value(i32::from(i16::from_le_bytes(*raw)));
            }
        }
        Width::Three => {
            for (sample, raw) in out.iter_mut().zip(bytes.as_chunks::<3>().0) {
                *sample = value(i32::from_le_bytes([0, raw[0], raw[1], raw[2]]) >> 8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNIT: Scale = Scale { gain: 1.0, offset: 0.0 };

    #[test]
    fn extremes_of_both_widths_keep_their_sign() {
        let mut out = [0.0; 2];
        physical(&[0x00, 0x80, 0xff, 0x7f], Width::Two, UNIT, &mut out);
        assert_eq!(out, [-32768.0, 32767.0]);
        physical(&[0x00, 0x00, 0x80, 0xff, 0xff, 0x7f], Width::Three, UNIT, &mut out);
        assert_eq!(out, [-8_388_608.0, 8_388_607.0]);
    }

    proptest! {
        #[test]
        fn a_sample_is_the_float64_value_rounded_once(
            digital in -8_388_608i32..8_388_608, gain in -10.0f64..10.0, offset in -1e6f64..1e6,
        ) {
            let raw = digital.to_le_bytes();
            let mut out = [0.0];
            physical(&raw[..3], Width::Three, Scale { gain, offset }, &mut out);
            prop_assert_eq!(out[0], (f64::from(digital) * gain + offset) as f32);
        }
    }
}
