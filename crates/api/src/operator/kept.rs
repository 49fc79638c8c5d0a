//! Figures that many pages show at once: read once and kept for a moment, so that many watchers cost what one does.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Mutex;

/// How long a value is kept for each moment that it took to read: reading takes a fiftieth of the time at most.
const FOR_EACH_MOMENT: u32 = 50;

/// The bounds of that.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(10);

/// A value, and until when it is young enough.
type Value<T> = Option<(Instant, Arc<T>)>;

/// A value that is read again when it is too old.
pub(super) struct Kept<T>(Mutex<Value<T>>);

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept")
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Kept<T> {
    /// Gives the value, reading it when it is too old. Who comes meanwhile waits for the one reading; an error is
    /// nobody's but the reader's.
    pub(super) async fn get<E>(
        &self,
        read: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        let mut kept = self.0.lock().await;
        let started = Instant::now();
        if let Some((until, value)) = &*kept
            && started < *until
        {
            return Ok(value.clone());
        }
        let value = Arc::new(read().await?);
        let ended = Instant::now();
        *kept = Some((ended + young(ended - started), value.clone()));
        Ok(value)
    }

    /// Forgets the value: who changed something sees it at once.
    pub(super) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

/// Says how long a value is young enough, by how long its reading took.
fn young(took: Duration) -> Duration {
    took.saturating_mul(FOR_EACH_MOMENT)
        .clamp(SHORTEST, LONGEST)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_value_is_read_once_while_it_is_young() {
        let reads = AtomicU32::new(0);
        let read = async || Ok::<_, ()>(reads.fetch_add(1, Ordering::SeqCst));
        let kept = Kept::default();
        let (one, two) = tokio::join!(kept.get(read), kept.get(read));
        assert_eq!((*one.unwrap(), *two.unwrap()), (0, 0));
        kept.forget().await;
        assert_eq!(*kept.get(read).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn an_error_is_not_kept() {
        let kept = Kept::default();
        assert!(kept.get(async || Err::<u8, _>("away")).await.is_err());
        assert_eq!(kept.get(async || Ok::<_, &str>(7)).await.map(|v| *v), Ok(7));
    }

    #[test]
    fn what_takes_long_is_read_more_rarely() {
        let cases = [(0, 1_000), (20, 1_000), (40, 2_000), (1_000, 10_000)];
        for (took, kept) in cases {
            assert_eq!(
                young(Duration::from_millis(took)),
                Duration::from_millis(kept)
            );
        }
    }
}
