//! Identification reaches no message, notice or debug output.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::FileSpec;
use twinprint_edf::{EdfFile, Strictness};

const NAME: &str = "Ada_Lovelace";

fn file() -> FileSpec {
    let lists: [&[u8]; 2] = [b"+0\x14\x14\0+0\x14Ada_Lovelace blinks\x14\0", b"+1\x14\x14\0"];
    let mut spec = FileSpec::plus(false, "C", &[4], &lists);
    spec.patient = b"P7 F 10-DEC-1815 Ada_Lovelace".to_vec();
    spec.recording = b"Startdate 02-MAR-2024 X Ada_Lovelace X".to_vec();
    spec
}

#[test]
fn identification_is_there_when_asked_for() {
    let file = EdfFile::from_bytes(file().bytes(), Strictness::Strict).unwrap();
    assert_eq!(file.patient().reveal_patient(), "P7 F 10-DEC-1815 Ada_Lovelace");
    assert_eq!(file.patient().reveal_recording(), "Startdate 02-MAR-2024 X Ada_Lovelace X");
}

#[test]
fn debug_output_shows_no_identification() {
    let file = EdfFile::from_bytes(file().bytes(), Strictness::Strict).unwrap();
    let shown = format!(
        "{file:?} {:?} {:?} {:?} {:?}",
        file.patient(),
        file.header(),
        file.signals(),
        file.notices()
    );
    assert!(!shown.contains(NAME) && !shown.contains("P7"), "{shown}");
}

#[test]
fn errors_and_notices_show_no_identification() {
    let mut nul = file();
    nul.patient.push(0);
    let mut control = file();
    control.recording = b"Startdate X Ada_Lovelace\x07".to_vec();
    let mut broken = file();
    let lists = [&b"+0\x14\x14\0+x\x14Ada_Lovelace\x14\0"[..], b"Ada_Lovelace\0"];
    broken.records[0][1] = common::Cell::Text(lists[0].to_vec());
    let mut short = file().bytes();
    short.pop();
    for bytes in [nul.bytes(), control.bytes(), broken.bytes(), short] {
        let error = EdfFile::from_bytes(bytes.clone(), Strictness::Strict).unwrap_err();
        let lenient = EdfFile::from_bytes(bytes, Strictness::Lenient).unwrap();
        assert!(!lenient.notices().is_empty());
        let shown = format!("{error} {error:?} {:?}", lenient.notices());
        assert!(!shown.contains(NAME), "{shown}");
    }
}
