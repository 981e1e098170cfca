//! Electrodes of a 64-channel cap and where they lie on a unit sphere.
//!
//! Places follow the 10-10 system (Oostenveld & Praamstra, 2001, Clinical Neurophysiology 112:713) on an ideal sphere:
//! neighbours on the midline and on the ring Fpz-T7-Oz-T8 are 18° apart, the ring lies 72° from the vertex.

/// A point on the unit sphere: x to the right ear, y to the nose, z to the vertex.
pub(crate) type Place = [f64; 3];

/// The names in the order in which a cap grows: 16 classical ones, 19 with the midline, 32, 64.
pub(crate) const NAMES: [&str; 64] = [
    "Fp1", "Fp2", "F7", "F3", "F4", "F8", "T7", "C3", "C4", "T8", "P7", "P3", "P4", "P8", "O1", "O2", "Fz",
    "Cz", "Pz", "FC5", "FC1", "FC2", "FC6", "CP5", "CP1", "CP2", "CP6", "Oz", "AFz", "FCz", "CPz", "POz",
    "AF7", "AF3", "AF4", "AF8", "F5", "F1", "F2", "F6", "FT7", "FC3", "FC4", "FT8", "C5", "C1", "C2", "C6",
    "TP7", "CP3", "CP4", "TP8", "P5", "P1", "P2", "P6", "PO7", "PO3", "PO4", "PO8", "Fpz", "Iz", "T9", "T10",
];

/// Steps from Fpz (0) to Oz (8) and Iz (9) for each row.
const ROWS: [(&str, f64); 13] = [
    ("Fp", 0.0),
    ("AF", 1.0),
    ("F", 2.0),
    ("FT", 3.0),
    ("FC", 3.0),
    ("T", 4.0),
    ("C", 4.0),
    ("TP", 5.0),
    ("CP", 5.0),
    ("P", 6.0),
    ("PO", 7.0),
    ("O", 8.0),
    ("I", 9.0),
];

/// Where an electrode lies.
pub(crate) fn place(name: &str) -> Place {
    let region = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == 'z');
    let row = ROWS.iter().find(|(known, _)| *known == region).map_or(4.0, |(_, row)| *row);
    let middle = on_sphere(18.0 * (4.0 - row), 90.0);
    let Ok(number) = name[region.len()..].parse::<u32>() else { return middle };
    let side = if number % 2 == 1 { 1.0 } else { -1.0 };
    // Fp1 and O1 lie on the ring, one step from the midline.
    let rings = match region {
        "Fp" => 1.0,
        "O" => 9.0,
        _ => row + 1.0,
    };
    let outward = f64::from(number.div_ceil(2));
    let ring = on_sphere(if number > 8 { 90.0 } else { 72.0 }, 90.0 + side * 18.0 * rings);
    if matches!(region, "Fp" | "O" | "T" | "FT" | "TP") {
        return ring;
    }
    towards(middle, ring, outward / 4.0)
}

/// The point `polar` degrees from the vertex, in the direction `azimuth` degrees from the right ear towards the nose.
fn on_sphere(polar: f64, azimuth: f64) -> Place {
    let (polar, azimuth) = (polar.to_radians(), azimuth.to_radians());
    [polar.sin() * azimuth.cos(), polar.sin() * azimuth.sin(), polar.cos()]
}

fn towards(from: Place, to: Place, share: f64) -> Place {
    let angle = angle(&from, &to);
    let (a, b) = (((1.0 - share) * angle).sin() / angle.sin(), (share * angle).sin() / angle.sin());
    normalised([0, 1, 2].map(|axis| a * from[axis] + b * to[axis]))
}

/// The angle between two places in radians.
pub(crate) fn angle(a: &Place, b: &Place) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>().clamp(-1.0, 1.0).acos()
}

/// The place in the direction of a vector.
pub(crate) fn normalised(vector: Place) -> Place {
    let length = vector.iter().map(|v| v * v).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    vector.map(|v| v / length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_mirrors_right() {
        for (left, right) in
            [("Fp1", "Fp2"), ("F7", "F8"), ("C3", "C4"), ("PO7", "PO8"), ("T9", "T10"), ("CP5", "CP6")]
        {
            let (l, r) = (place(left), place(right));
            assert!(
                (l[0] + r[0]).abs() < 1e-12 && (l[1] - r[1]).abs() < 1e-12 && (l[2] - r[2]).abs() < 1e-12,
                "{left}"
            );
            assert!(l[0] < 0.0, "{left} is on the left");
        }
    }

    #[test]
    fn well_known_places_are_where_they_should_be() {
        assert!(angle(&place("Cz"), &[0.0, 0.0, 1.0]) < 1e-12);
        assert!((angle(&place("Fpz"), &place("Cz")).to_degrees() - 72.0).abs() < 1e-9);
        assert!(place("Fz")[1] > 0.0 && place("Oz")[1] < 0.0);
        assert!((angle(&place("C3"), &place("Cz")).to_degrees() - 36.0).abs() < 1e-9);
        assert!(place("T9")[2].abs() < 1e-12 && place("Iz")[2].abs() < 1e-12);
    }

    #[test]
    fn no_two_electrodes_share_a_place() {
        for (index, name) in NAMES.iter().enumerate() {
            for other in &NAMES[..index] {
                assert!(angle(&place(name), &place(other)) > 0.1, "{name} and {other}");
            }
        }
    }
}
