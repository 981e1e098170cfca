//! Templates that are made from several recordings.

use twinprint_signal::RecordingKey;

/// The recordings of every template of a person, in order; nothing where there are too few.
///
/// `per_template` is 0 for all of them.
pub(crate) fn groups<'a>(
    keys: &'a [&'a RecordingKey],
    per_template: usize,
    templates: usize,
) -> Option<Vec<&'a [&'a RecordingKey]>> {
    let size = if per_template == 0 { keys.len() } else { per_template };
    let all: Vec<_> = keys.chunks_exact(size.max(1)).take(templates).collect();
    (all.len() == templates).then_some(all)
}

/// How many epochs each of several recordings gives to a template of `wanted`: as evenly as what they have allows, the earlier
/// ones one more where it does not come out even; nothing where they have too few together.
pub fn shares(there: &[usize], wanted: usize) -> Option<Vec<usize>> {
    let mut shares = vec![0; there.len()];
    let mut missing = wanted;
    while missing > 0 {
        let open: Vec<usize> = (0..there.len()).filter(|&at| shares[at] < there[at]).collect();
        if open.is_empty() {
            return None;
        }
        let each = (missing / open.len()).max(1);
        for at in open {
            let more = each.min(there[at] - shares[at]).min(missing);
            shares[at] += more;
            missing -= more;
        }
    }
    Some(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_share_as_evenly_as_they_can() {
        assert_eq!(shares(&[10, 10, 10], 6), Some(vec![2, 2, 2]));
        assert_eq!(shares(&[10, 10, 10], 7), Some(vec![3, 2, 2]));
        assert_eq!(shares(&[1, 10, 10], 9), Some(vec![1, 4, 4]));
        assert_eq!(shares(&[1, 2, 10], 13), Some(vec![1, 2, 10]));
        assert_eq!(shares(&[1, 2, 10], 14), None);
        assert_eq!(shares(&[0, 5], 3), Some(vec![0, 3]));
    }
}
