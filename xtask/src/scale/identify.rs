//! One person looked for among many: a table of made-up prints is enrolled into a gallery, and the command finds one of its people.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::measure::{Measured, measure};
use super::utf8;

/// People of the galleries.
pub(crate) const PEOPLE: [usize; 2] = [100_000, 1_000_000];
/// Numbers of a print.
pub(crate) const DIMENSIONS: usize = 128;
/// Numbers lie from minus this to this.
const GREATEST: i32 = 999;

/// One gallery.
pub(crate) struct Identified {
    pub(crate) people: usize,
    /// Bytes of the gallery's file.
    pub(crate) bytes: u64,
    pub(crate) enrol: Measured,
    pub(crate) identify: Measured,
}

/// Enrols `people` from a table and identifies one of them; fails where the right one is not found.
pub(crate) fn gallery(twinprint: &Path, work: &Path, people: usize) -> Result<Identified, String> {
    let path = |name: &str| work.join(format!("{name}-{people}"));
    let (table, probe, gallery) = (
        path("prints").with_extension("csv"),
        path("probe").with_extension("csv"),
        path("people").with_extension("gallery"),
    );
    let failed = |path: &Path| {
        let path = path.display().to_string();
        move |error: std::io::Error| format!("{path}: {error}")
    };
    write(&table, (0..people).map(|person| (person, 0))).map_err(failed(&table))?;
    // Somebody from the middle, not quite as enrolled.
    write(&probe, std::iter::once((people / 2, 1))).map_err(failed(&probe))?;
    if gallery.exists() {
        std::fs::remove_file(&gallery).map_err(failed(&gallery))?;
    }
    println!("{people} people: enroll");
    // Without a threshold nobody is looked for under another name: that search compares everybody with everybody.
    let enrol = measure(twinprint, &["enroll", "--quiet", "--gallery", utf8(&gallery)?, utf8(&table)?])?;
    std::fs::remove_file(&table).map_err(failed(&table))?;
    println!("  {:.1} s, {:.0} MB\n{people} people: identify", enrol.seconds, enrol.peak as f64 / 1e6);
    // Its exit code is that of an error where nobody matches.
    let identify =
        measure(twinprint, &["identify", "--gallery", utf8(&gallery)?, utf8(&probe)?, "--threshold", "0.9"])?;
    println!("  {:.1} s, {:.0} MB", identify.seconds, identify.peak as f64 / 1e6);
    let bytes = std::fs::metadata(&gallery).map_err(failed(&gallery))?.len();
    Ok(Identified { people, bytes, enrol, identify })
}

/// Writes a table of prints, a row a person: the person's own numbers, moved a little.
fn write(path: &Path, rows: impl Iterator<Item = (usize, i32)>) -> std::io::Result<()> {
    let words: Vec<String> = (-GREATEST..=GREATEST).map(|number| format!(",{number}")).collect();
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let names: Vec<String> = (0..DIMENSIONS).map(|at| format!("x{at:03}")).collect();
    writeln!(file, "subject,{}", names.join(","))?;
    for (person, moved) in rows {
        write!(file, "p{person:07}")?;
        for at in 0..DIMENSIONS {
            let place = own(person, at) + moved;
            file.write_all(words[place.clamp(0, 2 * GREATEST) as usize].as_bytes())?;
        }
        file.write_all(b"\n")?;
    }
    file.flush()
}

/// A number of a person, from 0 to twice [`GREATEST`]: a hash of both (splitmix64).
fn own(person: usize, at: usize) -> i32 {
    let mut x = ((person * DIMENSIONS + at) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) % (2 * GREATEST as u64 + 1)) as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_have_numbers_of_their_own_and_a_probe_is_near_its_own() {
        let cosine = |one: &[f64], other: &[f64]| {
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            dot(one, other) / (dot(one, one) * dot(other, other)).sqrt()
        };
        let folder = std::env::temp_dir().join(format!("twinprint-identify-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let read = |name: &str, rows: Vec<(usize, i32)>| -> Vec<Vec<f64>> {
            write(&folder.join(name), rows.into_iter()).unwrap();
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            text.lines()
                .skip(1)
                .map(|line| line.split(',').skip(1).map(|x| x.parse().unwrap()).collect())
                .collect()
        };
        let people = read("people.csv", (0..50).map(|person| (person, 0)).collect());
        let probe = read("probe.csv", vec![(25, 1)]);
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(people.iter().all(|row| row.len() == DIMENSIONS));
        for (person, row) in people.iter().enumerate() {
            assert_eq!(cosine(row, &probe[0]) > 0.9, person == 25);
        }
        assert_ne!(people[25], probe[0]);
    }
}
