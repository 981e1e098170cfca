//! The part of the header that describes each signal.

use std::ops::Range;

use twinprint_signal::{ChannelName, Hertz};

use crate::error::EdfError;
use crate::field::{self, Field, Text};
use crate::header::{FixedHeader, PART};
use crate::notice::Notes;
use crate::samples::{Scale, Width};

/// Physical minimum and maximum, in the signal's unit; the minimum is above the maximum in inverted signals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PhysicalRange {
    /// The value of the digital minimum.
    pub min: f64,
    /// The value of the digital maximum.
    pub max: f64,
}

/// Digital minimum and maximum as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigitalRange {
    /// The stored value of the physical minimum.
    pub min: i32,
    /// The stored value of the physical maximum.
    pub max: i32,
}

/// An ordinary signal, that is one with samples rather than annotations.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    pub(crate) described: Described,
    pub(crate) name: ChannelName,
    pub(crate) rate: Hertz,
    pub(crate) total_samples: u64,
}

impl Signal {
    /// The label as written, without padding; empty where lenient reading met none.
    pub fn label(&self) -> &str {
        &self.described.label
    }

    /// The label as an electrode name; `signal N` where there is no label.
    pub fn name(&self) -> &ChannelName {
        &self.name
    }

    /// Microvolts in one of the signal's unit; nothing where that is no voltage.
    pub fn microvolts_per_unit(&self) -> Option<f64> {
        crate::unit::microvolts_per(self.unit())
    }

    /// The physical dimension as written: `uV`.
    pub fn unit(&self) -> &str {
        &self.described.unit
    }

    /// Samples a second: samples per record over record duration.
    pub fn rate(&self) -> Hertz {
        self.rate
    }

    /// The physical values, in the unit of the signal, of the ends of the digital range.
    pub fn physical_range(&self) -> PhysicalRange {
        self.described.physical
    }

    /// The least and the greatest number that a stored sample may have.
    pub fn digital_range(&self) -> DigitalRange {
        self.described.digital
    }

    /// The sensor as written.
    pub fn transducer(&self) -> &str {
        &self.described.transducer
    }

    /// The filters applied before recording, as written.
    pub fn prefilter(&self) -> &str {
        &self.described.prefilter
    }

    /// Samples in each data record.
    pub fn samples_per_record(&self) -> usize {
        self.described.samples_per_record
    }

    /// Samples in the file.
    pub fn total_samples(&self) -> u64 {
        self.total_samples
    }

    /// The signal's position in the header, annotation signals counted.
    pub fn header_index(&self) -> usize {
        self.described.index
    }

    /// How stored values become physical ones.
    pub(crate) fn scale(&self) -> Scale {
        let Described { physical, digital, .. } = self.described;
        let gain = (physical.max - physical.min) / (f64::from(digital.max) - f64::from(digital.min));
        Scale { gain, offset: physical.min - f64::from(digital.min) * gain }
    }
}

/// One signal's header fields and its place in a record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Described {
    pub(crate) index: usize,
    pub(crate) label: String,
    pub(crate) unit: String,
    pub(crate) transducer: String,
    pub(crate) prefilter: String,
    pub(crate) physical: PhysicalRange,
    pub(crate) digital: DigitalRange,
    pub(crate) samples_per_record: usize,
    /// Bytes between a record's begin and this signal's first sample in it.
    pub(crate) offset: usize,
    pub(crate) annotations: bool,
    /// Whether its limits give samples no value, so that it is left out.
    pub(crate) rangeless: bool,
}

impl Described {
    /// The signal's bytes within a record.
    pub(crate) fn within(&self, width: Width) -> Range<usize> {
        self.offset..self.offset + self.samples_per_record * width.bytes()
    }

    /// What to call the signal in a message.
    pub(crate) fn shown(&self) -> String {
        if self.label.is_empty() { format!("signal {}", self.index + 1) } else { self.label.clone() }
    }
}

/// Reads all signal descriptions; the header is long enough for them.
pub(crate) fn read(bytes: &[u8], fixed: &FixedHeader, notes: &mut Notes) -> Result<Vec<Described>, EdfError> {
    let needed = PART * (fixed.signals + 1);
    if bytes.len() < needed {
        return Err(EdfError::CutHeader { size: bytes.len() as u64, needed: needed as u64 });
    }
    let fields = Fields { bytes, signals: fixed.signals };
    let width = fixed.variant.width();
    let mut offset = 0usize;
    let mut all = Vec::with_capacity(fixed.signals);
    for index in 0..fixed.signals {
        let signal = describe(&fields, index, offset, width, notes)?;
        offset += signal.samples_per_record * width.bytes();
        all.push(signal);
    }
    Ok(all)
}

/// Where the header keeps its fields: all labels, then all transducers, and so on.
struct Fields<'a> {
    bytes: &'a [u8],
    signals: usize,
}

impl<'a> Fields<'a> {
    /// A field that `before` bytes of earlier fields precede in each signal's share.
    fn get(&self, name: &'static str, signal: usize, before: usize, width: usize) -> Field<'a> {
        let offset = PART + before * self.signals + width * signal;
        Field { name, signal: Some(signal), offset, raw: &self.bytes[offset..offset + width] }
    }
}

fn describe(
    fields: &Fields,
    index: usize,
    offset: usize,
    width: Width,
    notes: &mut Notes,
) -> Result<Described, EdfError> {
    let label_field = fields.get("label", index, 0, 16);
    let label = field::text(label_field, Text::Label, notes)?;
    let annotations = matches!(label.as_str(), "EDF Annotations" | "BDF Annotations");
    if label.is_empty() {
        let refuse = || label_field.error("the name of the channel", "name it, or open the file leniently");
        notes.repair("a channel without a label named by its position", || label_field.place(), refuse)?;
    }
    let transducer = field::text(fields.get("transducer type", index, 16, 80), Text::Free, notes)?;
    let unit = field::text(fields.get("physical dimension", index, 96, 8), Text::Free, notes)?;
    let (physical, digital) = if annotations {
        // The ranges of an annotation signal mean nothing.
        (PhysicalRange { min: -1.0, max: 1.0 }, DigitalRange { min: -1, max: 1 })
    } else {
        (physical(fields, index, notes)?, digital(fields, index, width, notes)?)
    };
    let rangeless = digital.min == digital.max || (physical.min == physical.max && !notes.lenient());
    if rangeless {
        notes.odd("a signal left out whose limits are equal, so that its samples have no value", || {
            if label.is_empty() { label_field.place() } else { format!("{label:?}, signal {}", index + 1) }
        });
    }
    let prefilter = field::text(fields.get("prefiltering", index, 136, 80), Text::Free, notes)?;
    let samples_per_record = samples(fields.get("samples per data record", index, 216, 8), notes)?;
    field::text(fields.get("reserved", index, 224, 32), Text::Free, notes)?;
    Ok(Described {
        index,
        label,
        unit,
        transducer,
        prefilter,
        physical,
        digital,
        samples_per_record,
        offset,
        annotations,
        rangeless,
    })
}

fn physical(fields: &Fields, index: usize, notes: &mut Notes) -> Result<PhysicalRange, EdfError> {
    let max_field = fields.get("physical maximum", index, 112, 8);
    let mut bound = |field: Field| {
        let value = field::number(field, notes)?;
        // Beyond this float32 samples would be infinite.
        let fits = value.abs() <= f64::from(f32::MAX);
        if fits { Ok(value) } else { Err(field.error("within the range of float32", "correct the header")) }
    };
    let min = bound(fields.get("physical minimum", index, 104, 8))?;
    let max = bound(max_field)?;
    if min == max && notes.lenient() {
        notes
            .repaired("equal physical minimum and maximum, so that every sample reads as that value", || {
                max_field.place()
            });
    }
    Ok(PhysicalRange { min, max })
}

fn digital(fields: &Fields, index: usize, width: Width, notes: &mut Notes) -> Result<DigitalRange, EdfError> {
    let limit = match width {
        Width::Two => 32_768,
        Width::Three => 8_388_608,
    };
    let mut bound = |name, before| {
        let field = fields.get(name, index, before, 8);
        let value = field::integer(field, notes)?;
        let refuse = || {
            let limit = format!("from {} to {}", -limit, limit - 1);
            field.error(limit, "correct the header, or open the file leniently")
        };
        if !(-limit..limit).contains(&value) {
            notes.repair(
                "a digital limit beyond the sample width taken as written",
                || field.place(),
                refuse,
            )?;
        }
        i32::try_from(value).map_err(|_| field.error("within 32 bits", "correct the header"))
    };
    let min = bound("digital minimum", 120)?;
    let max = bound("digital maximum", 128)?;
    let field = fields.get("digital maximum", index, 128, 8);
    if min > max {
        notes.odd("a digital minimum above the maximum, read as an inverted signal", || field.place());
    }
    Ok(DigitalRange { min, max })
}

fn samples(field: Field, notes: &mut Notes) -> Result<usize, EdfError> {
    let count = field::integer(field, notes)?;
    let refuse = || field.error("a whole number from 1", "correct the header");
    let count = usize::try_from(count).map_err(|_| refuse())?;
    if count == 0 {
        notes.repair("a signal without samples left out", || field.place(), refuse)?;
    }
    Ok(count)
}
