//! From pieces to values.

use std::io::{BufReader, Read};

use flate2::read::ZlibDecoder;

use super::element::{Element, UTF8, number};
use super::{Fields, LARGEST, LONGEST, MatFile, Numbers, Value, broken};
use crate::ReadError;
use crate::samples::{Number, Source};

/// Structs within structs: an EEGLAB set has three.
const DEEPEST: usize = 8;
/// Bytes unpacked to learn a variable's name.
const GLANCE: u64 = 512;

const STRUCT: u8 = 2;
const CHAR: u8 = 4;

/// What stands before a value.
struct Head {
    class: u8,
    dims: Vec<usize>,
    name: String,
    /// Where the value itself begins.
    at: u64,
    end: u64,
}

impl MatFile {
    /// A variable, if its name is wanted.
    pub(super) fn variable(
        &self,
        unpacked: Option<usize>,
        element: &Element,
        wanted: &[&str],
    ) -> Result<Option<(String, Value)>, ReadError> {
        let head = self.head(unpacked, element)?;
        if !wanted.contains(&head.name.as_str()) {
            return Ok(None);
        }
        let value = self.value(unpacked, &head, wanted, 0)?;
        Ok(Some((head.name, value)))
    }

    /// Unpacks a variable, if its name is wanted.
    pub(super) fn unpack(
        &mut self,
        element: &Element,
        wanted: &[&str],
    ) -> Result<Option<(String, Value)>, ReadError> {
        let mut packed = vec![0; element.bytes as usize];
        self.bytes(None, element.begin, &mut packed)?;
        let mut stream = BufReader::new(ZlibDecoder::new(packed.as_slice()));
        let mut bytes = Vec::new();
        let failed = |_| broken("a compressed variable", "damaged");
        stream.by_ref().take(GLANCE).read_to_end(&mut bytes).map_err(failed)?;
        let name = self.name_of(&bytes)?;
        if !wanted.contains(&name.as_str()) {
            return Ok(None);
        }
        stream.take(LARGEST + 1 - GLANCE).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > LARGEST {
            let remedy = "save it with a .fdt file, or as MATLAB 7.3";
            return Err(ReadError::field(
                format!("variable {name}"),
                "larger",
                "at most 2 GiB when unpacked",
                remedy,
            ));
        }
        let at = self.unpacked.len();
        let len = bytes.len() as u64;
        self.unpacked.push(Source::Memory(bytes));
        let element = self.element(Some(at), 0, len)?;
        self.variable(Some(at), &element, wanted)
    }

    /// The name of a variable from its first bytes.
    fn name_of(&self, bytes: &[u8]) -> Result<String, ReadError> {
        let mut at = 8;
        for part in 0..3 {
            let tag: [u8; 8] = bytes
                .get(at..at + 8)
                .and_then(|tag| tag.try_into().ok())
                .ok_or_else(|| broken("a compressed variable", "cut short"))?;
            let element = Element::of(tag, at as u64, self.big_endian);
            let (begin, end) = (element.begin as usize, (element.begin + element.bytes) as usize);
            if part == 2 {
                return Ok(String::from_utf8_lossy(bytes.get(begin..end).unwrap_or_default()).into_owned());
            }
            at = element.next as usize;
        }
        Ok(String::new())
    }

    fn head(&self, unpacked: Option<usize>, element: &Element) -> Result<Head, ReadError> {
        let end = element.begin + element.bytes;
        if element.bytes == 0 {
            return Ok(Head { class: 0, dims: vec![0, 0], name: String::new(), at: end, end });
        }
        let flags = self.element(unpacked, element.begin, end)?;
        let mut word = [0; 4];
        self.bytes(unpacked, flags.begin, &mut word)?;
        let class = Number::U32.value(&word, self.big_endian) as u32 as u8;
        let dims = self.element(unpacked, flags.next, end)?;
        let mut axes = Vec::new();
        for axis in 0..(dims.bytes / 4).min(32) {
            self.bytes(unpacked, dims.begin + 4 * axis, &mut word)?;
            axes.push(Number::I32.value(&word, self.big_endian).max(0.0) as usize);
        }
        let name = self.element(unpacked, dims.next, end)?;
        let text = self.letters(unpacked, &name)?;
        Ok(Head { class, dims: axes, name: text, at: name.next, end })
    }

    fn value(
        &self,
        unpacked: Option<usize>,
        head: &Head,
        wanted: &[&str],
        depth: usize,
    ) -> Result<Value, ReadError> {
        if depth > DEEPEST {
            return Err(broken("a struct", format!("more than {DEEPEST} deep")));
        }
        match head.class {
            STRUCT => self.structure(unpacked, head, wanted, depth),
            CHAR => {
                let element = self.element(unpacked, head.at, head.end)?;
                Ok(Value::Text(self.letters(unpacked, &element)?))
            }
            6..=15 => {
                let element = self.element(unpacked, head.at, head.end)?;
                let Some(number) = number(element.kind) else { return Ok(Value::Other) };
                let (begin, bytes) = (element.begin, element.bytes);
                Ok(Value::Numbers(Numbers { dims: head.dims.clone(), number, unpacked, begin, bytes }))
            }
            _ => Ok(Value::Other),
        }
    }

    /// The elements of a struct array one after the other, each with all its fields.
    fn structure(
        &self,
        unpacked: Option<usize>,
        head: &Head,
        wanted: &[&str],
        depth: usize,
    ) -> Result<Value, ReadError> {
        let length = self.element(unpacked, head.at, head.end)?;
        let mut word = [0; 4];
        self.bytes(unpacked, length.begin, &mut word)?;
        let width = Number::I32.value(&word, self.big_endian) as usize;
        let listed = self.element(unpacked, length.next, head.end)?;
        let mut letters = vec![0; listed.bytes as usize];
        self.bytes(unpacked, listed.begin, &mut letters)?;
        let name =
            |raw: &[u8]| raw.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
        let names: Vec<String> = letters.chunks_exact(width.max(1)).map(name).collect();
        let mut at = listed.next;
        let count: usize = head.dims.iter().product();
        let mut all = Vec::new();
        for _ in 0..if names.is_empty() { 0 } else { count } {
            let mut fields = Fields::new();
            for name in &names {
                let element = self.element(unpacked, at, head.end)?;
                at = element.next;
                if wanted.contains(&name.as_str()) {
                    let head = self.head(unpacked, &element)?;
                    fields.push((name.clone(), self.value(unpacked, &head, wanted, depth + 1)?));
                }
            }
            all.push(fields);
        }
        Ok(Value::Struct(all))
    }

    /// A piece as text: bytes of UTF-8 or Latin-1, or units of UTF-16.
    fn letters(&self, unpacked: Option<usize>, element: &Element) -> Result<String, ReadError> {
        let Some(kind) = number(element.kind) else { return Ok(String::new()) };
        if element.bytes > LONGEST as u64 {
            return Ok(String::new());
        }
        let mut bytes = vec![0; element.bytes as usize];
        self.bytes(unpacked, element.begin, &mut bytes)?;
        if element.kind == UTF8 {
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
        let units = bytes.chunks_exact(kind.bytes()).map(|raw| kind.value(raw, self.big_endian) as u16);
        Ok(String::from_utf16_lossy(&units.collect::<Vec<_>>()))
    }
}
