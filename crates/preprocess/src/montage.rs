//! Where electrodes sit on the head.

use twinprint_signal::ChannelName;

use crate::positions::POSITIONS;

/// A direction from the head's centre, of length 1: right, front, top.
pub type Position = [f64; 3];

/// The position of a 10-5 electrode on a unit sphere; None for a name the system does not have.
///
/// From the template `standard_1005` of MNE-Python, seen from the centre of the sphere fitted to it.
pub fn position(channel: &ChannelName) -> Option<Position> {
    let found = POSITIONS.binary_search_by(|(name, _)| (*name).cmp(channel.key())).ok()?;
    Some(POSITIONS[found].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn electrodes_lie_where_their_names_say_and_on_the_unit_sphere() {
        let at = |name: &str| position(&ChannelName::new(name)).unwrap();
        assert!(at("Cz")[2] > 0.9);
        assert!(at("Fpz")[1] > 0.8);
        assert!(at("Oz")[1] < -0.8);
        assert!(at("T4")[0] > 0.9 && at("T8") == at("T4"));
        assert_eq!(position(&ChannelName::new("ECG")), None);
        for (name, [x, y, z]) in POSITIONS {
            assert!(((x * x + y * y + z * z) - 1.0_f64).abs() < 1e-8, "{name}");
        }
    }

    #[test]
    fn positions_are_sorted_for_the_search() {
        assert!(POSITIONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
