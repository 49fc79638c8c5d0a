//! Where the keys of a type are cut. A view has no statistics, but the planner estimates its rows from those of the tables
//! beneath, and asking for an estimate needs no right to them: so the boundaries are searched for by estimates.

/// Estimates for one boundary at most.
const MOST_GUESSES: u32 = 40;

/// Chooses up to `parts - 1` ascending boundaries between the first key and the last, so that each part has as many rows
/// by the estimates of `rows_before`, give or take an eighth.
pub(super) fn cut<E>(
    (first, last): (u128, u128),
    total: u64,
    parts: u64,
    mut rows_before: impl FnMut(u128) -> Result<u64, E>,
) -> Result<Vec<u128>, E> {
    let share = total / parts.max(1);
    let mut boundaries: Vec<u128> = Vec::new();
    let mut low = (first, 0_u64);
    for part in 1..parts {
        let wanted = share * part;
        let mut high = (last, total);
        let mut boundary = low;
        for guess in 0..MOST_GUESSES {
            if boundary.1.abs_diff(wanted) <= share / 8 || high.0 - low.0 < 2 {
                break;
            }
            // Estimates follow a histogram: straight between its bounds, and steep where keys are dense. By turns the
            // boundary is taken where a straight line has it, and in the middle.
            let key = if guess % 2 == 0 {
                on_line(low, high, wanted)
            } else {
                low.0 + (high.0 - low.0) / 2
            };
            boundary = (key, rows_before(key)?);
            if boundary.1 < wanted {
                low = boundary;
            } else {
                high = boundary;
            }
        }
        if boundary.0 > boundaries.last().copied().unwrap_or(first) {
            boundaries.push(boundary.0);
        }
        low = boundary;
    }
    Ok(boundaries)
}

/// Gives the key strictly between these two at which a straight line reaches so many rows.
fn on_line(low: (u128, u64), high: (u128, u64), wanted: u64) -> u128 {
    let width = high.0 - low.0;
    let rows = u128::from(high.1.saturating_sub(low.1).max(1));
    let offset = width / rows * u128::from(wanted.saturating_sub(low.1));
    low.0 + offset.clamp(1, width - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cuts keys that are all known, and gives the sizes of the parts and how often an estimate was asked for.
    fn parts_of(keys: &[u128], parts: u64) -> (Vec<usize>, u32) {
        let mut asked = 0;
        let before = |key| keys.partition_point(|known| *known < key) as u64;
        let ends = (keys[0], keys[keys.len() - 1]);
        let boundaries = cut(ends, keys.len() as u64, parts, |key| {
            asked += 1;
            Ok::<_, ()>(before(key))
        })
        .unwrap();
        assert!(boundaries.is_sorted());
        let mut sizes = Vec::new();
        let mut rest = keys;
        for boundary in boundaries {
            let (part, others) = rest.split_at(rest.partition_point(|key| *key < boundary));
            sizes.push(part.len());
            rest = others;
        }
        sizes.push(rest.len());
        (sizes, asked)
    }

    fn are_even(keys: &[u128], parts: u64) -> u32 {
        let (sizes, asked) = parts_of(keys, parts);
        assert_eq!(sizes.len() as u64, parts, "{sizes:?}");
        let share = keys.len() / sizes.len();
        let near = |size: &usize| (share * 3 / 4..=share * 5 / 4 + 1).contains(size);
        assert!(sizes.iter().all(near), "{sizes:?}");
        asked
    }

    #[test]
    fn keys_at_equal_steps_are_cut_at_once() {
        let keys: Vec<u128> = (0..100_000).map(|n| 1000 + n * 50).collect();
        assert!(are_even(&keys, 100) <= 200);
    }

    #[test]
    fn keys_in_one_corner_are_cut_there() {
        let mut keys: Vec<u128> = (1000..1100).collect();
        keys.extend(10_000_000..10_003_000);
        are_even(&keys, 8);
        let keys: Vec<u128> = (0..3000).map(|n| (1 << 127) + n * n * n).collect();
        are_even(&keys, 8);
    }

    #[test]
    fn keys_in_bursts_are_cut_within_them() {
        let keys: Vec<u128> = (0..50)
            .flat_map(|burst: u128| (0..200).map(move |n| burst * burst * 1_000_000 + n))
            .collect();
        assert!(are_even(&keys, 20) <= 20 * MOST_GUESSES);
    }

    #[test]
    fn what_cannot_be_cut_stays_whole() {
        assert_eq!(parts_of(&[7], 4).0, [1]);
        assert_eq!(parts_of(&[7, 8], 1).0, [2]);
        assert_eq!(cut((0, u128::MAX), 0, 3, |_| Ok::<_, ()>(0)), Ok(vec![]));
    }

    #[test]
    fn estimates_that_never_grow_end_the_search() {
        let boundaries = cut((0, u128::MAX), 1000, 4, |_| Ok::<_, ()>(1)).unwrap();
        assert!(boundaries.len() <= 3 && boundaries.is_sorted());
    }
}
