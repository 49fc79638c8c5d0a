//! Cuts a type by what lies in each stretch of its times. Knows no SQL. Times are microseconds.

/// A stretch of time, or one instant that many versions share, and what lies in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    pub(super) since: i64,
    pub(super) until: i64,
    /// By any measure that is the same for all.
    pub(super) weight: f64,
}

/// Chooses up to `parts - 1` ascending boundaries that cut stretches, in their order, into parts of equal weight; within a
/// stretch by equal steps.
#[expect(
    clippy::cast_precision_loss,
    reason = "some thousand parts, of weights that are estimates"
)]
pub(super) fn cut(stretches: &[Stretch], parts: u64) -> Vec<i64> {
    let total: f64 = stretches.iter().map(|stretch| stretch.weight).sum();
    let (mut boundaries, mut before, mut next) = (Vec::new(), 0.0, 1);
    for stretch in stretches {
        while next < parts {
            let wanted = total * next as f64 / parts as f64 - before;
            if wanted >= stretch.weight {
                break;
            }
            boundaries.push(stretch.at(wanted / stretch.weight));
            next += 1;
        }
        before += stretch.weight;
    }
    // Nothing lies before the first time.
    boundaries.retain(|boundary| {
        stretches
            .first()
            .is_some_and(|first| first.since < *boundary)
    });
    // An instant may lie within a stretch.
    boundaries.sort_unstable();
    boundaries.dedup();
    boundaries
}

impl Stretch {
    /// Gives the time at this share of the way.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "it lies between two times, and no stretch is longer than 285 years of exact microseconds"
    )]
    fn at(self, share: f64) -> i64 {
        self.since + ((self.until - self.since) as f64 * share.clamp(0.0, 1.0)) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretches(list: &[(i64, i64, f64)]) -> Vec<Stretch> {
        let all = list.iter().map(|&(since, until, weight)| Stretch {
            since,
            until,
            weight,
        });
        all.collect()
    }

    #[test]
    fn parts_weigh_the_same() {
        let all = stretches(&[(0, 100, 1.0), (100, 200, 3.0), (200, 300, 0.0)]);
        assert_eq!(cut(&all, 4), [100, 133, 166]);
        assert_eq!(cut(&all, 2), [133]);
        assert_eq!(cut(&all, 1), [0; 0]);
        assert_eq!(cut(&[], 4), [0; 0]);
    }

    #[test]
    fn an_instant_is_never_cut() {
        let all = stretches(&[(0, 100, 1.0), (100, 100, 8.0), (100, 200, 1.0)]);
        assert_eq!(cut(&all, 10), [100]);
        assert_eq!(cut(&stretches(&[(7, 7, 1.0)]), 3), [0; 0]);
    }
}
