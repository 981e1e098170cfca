//! Little-endian two's-complement samples to physical units.

use pulp::{Arch, Simd, WithSimd};

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

    #[inline(always)]
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
    Arch::new().dispatch(Decode { bytes, width, out, value: |digital| scale.apply(digital) });
}

/// Decodes as many samples as both slices hold to the integers stored.
pub(crate) fn digital(bytes: &[u8], width: Width, out: &mut [i32]) {
    Arch::new().dispatch(Decode { bytes, width, out, value: |digital| digital });
}

/// Plain loops, compiled once for each level of vector instructions; the processor's is chosen at run time.
struct Decode<'a, T, F> {
    bytes: &'a [u8],
    width: Width,
    out: &'a mut [T],
    value: F,
}

impl<T, F: Fn(i32) -> T> WithSimd for Decode<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let value = self.value;
        match self.width {
            Width::Two => {
                for (sample, raw) in self.out.iter_mut().zip(self.bytes.as_chunks::<2>().0) {
                    *sample = value(i32::from(i16::from_le_bytes(*raw)));
                }
            }
            Width::Three => {
                // Four samples from three words: several times faster than byte by byte.
                let whole = self.out.len().min(self.bytes.len() / 3) / 4 * 4;
                let (fours, rest) = self.out.split_at_mut(whole);
                let (twelves, tail) = self.bytes.split_at(3 * whole);
                for (samples, raw) in fours.as_chunks_mut::<4>().0.iter_mut().zip(twelves.as_chunks::<12>().0)
                {
                    let word =
                        |at: usize| i32::from_le_bytes([raw[at], raw[at + 1], raw[at + 2], raw[at + 3]]);
                    let digital = [word(0) << 8 >> 8, word(3) << 8 >> 8, word(6) << 8 >> 8, word(8) >> 8];
                    *samples = digital.map(&value);
                }
                for (sample, raw) in rest.iter_mut().zip(tail.as_chunks::<3>().0) {
                    *sample = value(i32::from_le_bytes([0, raw[0], raw[1], raw[2]]) >> 8);
                }
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
            digital in prop::collection::vec(-8_388_608i32..8_388_608, 0..70),
            gain in -10.0f64..10.0,
            offset in -1e6f64..1e6,
        ) {
            for (width, shift) in [(Width::Two, 8), (Width::Three, 0)] {
                let stored: Vec<i32> = digital.iter().map(|v| v >> shift).collect();
                let bytes: Vec<u8> =
                    stored.iter().flat_map(|v| v.to_le_bytes()[..width.bytes()].to_vec()).collect();
                let expected: Vec<f32> =
                    stored.iter().map(|&v| (f64::from(v) * gain + offset) as f32).collect();
                let mut out = vec![0.0; stored.len()];
                physical(&bytes, width, Scale { gain, offset }, &mut out);
                prop_assert_eq!(out, expected);
                let mut out = vec![0; stored.len()];
                super::digital(&bytes, width, &mut out);
                prop_assert_eq!(out, stored);
            }
        }
    }
}
