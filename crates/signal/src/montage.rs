//! Where electrodes sit on the head.

use crate::ChannelName;

/// A direction from the head's centre, of length 1: right, front, top.
pub type Position = [f64; 3];

/// Folded channel names and directions, a line each below the header; made by tests/golden/preprocess/positions.py.
const POSITIONS: &str = include_str!("positions.tsv");

/// The position of a 10-5 electrode on a unit sphere; None for a name the system does not have.
///
/// From the template `standard_1005` of MNE-Python, seen from the centre of the sphere fitted to it.
pub fn position(channel: &ChannelName) -> Option<Position> {
    let axes =
        POSITIONS.lines().skip(1).find_map(|line| line.strip_prefix(channel.key())?.strip_prefix('\t'))?;
    let mut axes = axes.split('\t').map(|axis| axis.parse().ok());
    Some([axes.next()??, axes.next()??, axes.next()??])
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
        for line in POSITIONS.lines().skip(1) {
            let name = line.split('\t').next().unwrap();
            let length = at(name).iter().map(|axis| axis * axis).sum::<f64>();
            assert!((length - 1.0).abs() < 1e-8, "{name}");
        }
    }
}
