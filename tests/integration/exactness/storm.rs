//! Transactions of every shape from many sessions at once: short and long, with savepoints, rolled back, prepared.

use std::time::{Duration, Instant};

use bulk_export_tests::secs;
use futures::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use tokio::sync::watch;
use tokio_postgres::{Client, Error, error::SqlState};

/// What a writer writes within its transactions, and what it remembers of it.
pub(super) trait Work {
    /// Writes something; `temporary` tells whether temporary tables may be used (a prepared transaction must not).
    async fn write(
        &mut self,
        session: &Client,
        random: &mut StdRng,
        temporary: bool,
    ) -> Result<(), Error>;
    /// Says whether transactions may be prepared, at this moment of the storm.
    fn may_be_prepared(&self) -> bool {
        true
    }
    /// Gives a place to forget from.
    fn mark(&self) -> usize;
    /// Forgets what was written since.
    fn forget(&mut self, mark: usize);
    /// Looks, at the end of the transaction, at what it wrote.
    async fn settle(&mut self, session: &Client) -> Result<(), Error>;
    /// Learns how the transaction ended.
    fn ended(&mut self, committed: bool);
}

/// How often each shape of transaction came to its end.
#[derive(Debug, Default)]
pub(super) struct Ends {
    pub(super) committed: u32,
    pub(super) rolled_back: u32,
    pub(super) savepoints: u32,
    pub(super) long: u32,
    pub(super) prepared: u32,
    pub(super) deadlocks: u32,
}

impl Ends {
    /// Says whether every shape was there.
    pub(super) fn every_shape(&self) -> bool {
        [
            self.committed,
            self.rolled_back,
            self.savepoints,
            self.long,
            self.prepared,
        ]
        .iter()
        .all(|&count| count > 0)
    }
}

/// The oldest that a transaction is when it is prepared: `EXPORT_SOURCE_LAG` assumes that none was open for longer.
const PREPARED_WITHIN: Duration = secs(1);

struct Writer<'a, W> {
    session: Client,
    random: StdRng,
    work: W,
    name: String,
    prepared: u32,
    kick_offs: watch::Receiver<u64>,
    ends: &'a mut Ends,
}

/// Lets writers loose until an instant; gives what each remembers.
pub(super) async fn storm<W: Work>(
    writers: Vec<(Client, W)>,
    until: Instant,
    kick_offs: &watch::Receiver<u64>,
    ends: &mut Ends,
) -> Vec<W> {
    let mut counts: Vec<Ends> = writers.iter().map(|_| Ends::default()).collect();
    let all = writers.into_iter().zip(&mut counts).enumerate().map(
        |(number, ((session, work), ends))| {
            let writer = Writer {
                session,
                random: StdRng::seed_from_u64(number as u64),
                work,
                // Names are of the whole server: another storm may rage in another database.
                name: format!("exactness {:08x} {number}", rand::random::<u32>()),
                prepared: 0,
                kick_offs: kick_offs.clone(),
                ends,
            };
            writer.run(until)
        },
    );
    let works = join_all(all).await;
    for count in counts {
        ends.committed += count.committed;
        ends.rolled_back += count.rolled_back;
        ends.savepoints += count.savepoints;
        ends.long += count.long;
        ends.prepared += count.prepared;
        ends.deadlocks += count.deadlocks;
    }
    works
}

impl<W: Work> Writer<'_, W> {
    async fn run(mut self, until: Instant) -> W {
        while Instant::now() < until {
            match self.transaction().await {
                Ok(committed) => {
                    self.work.ended(committed);
                    if committed {
                        self.ends.committed += 1
                    } else {
                        self.ends.rolled_back += 1
                    }
                }
                Err(error) if error.code() == Some(&SqlState::T_R_DEADLOCK_DETECTED) => {
                    self.session
                        .batch_execute("ROLLBACK")
                        .await
                        .expect("a failed transaction can be left");
                    self.work.ended(false);
                    self.ends.deadlocks += 1;
                }
                Err(error) => panic!("{error:?}"),
            }
        }
        self.work
    }

    /// Runs one transaction of some shape; says whether it was committed.
    async fn transaction(&mut self) -> Result<bool, Error> {
        let (shape, begun) = (self.random.random_range(0..100), Instant::now());
        self.session.batch_execute("BEGIN").await?;
        self.write(1, shape >= 12).await?;
        match shape {
            0..12 if begun.elapsed() < PREPARED_WITHIN && self.work.may_be_prepared() => {
                return self.prepare(shape < 8).await;
            }
            0..20 => {
                self.write(2, true).await?;
                self.session.batch_execute("ROLLBACK").await?;
                return Ok(false);
            }
            20..32 => self.go_back().await?,
            32..40 => {
                self.stay_open().await;
                self.write(2, true).await?;
                self.ends.long += 1;
            }
            _ => {
                let more = self.random.random_range(0..4);
                self.write(more, true).await?;
            }
        }
        self.work.settle(&self.session).await?;
        self.session.batch_execute("COMMIT").await?;
        Ok(true)
    }

    async fn write(&mut self, times: usize, temporary: bool) -> Result<(), Error> {
        for _ in 0..times {
            self.work
                .write(&self.session, &mut self.random, temporary)
                .await?;
        }
        Ok(())
    }

    /// Writes behind a savepoint, goes back to it, and writes again.
    async fn go_back(&mut self) -> Result<(), Error> {
        let mark = self.work.mark();
        self.session.batch_execute("SAVEPOINT before").await?;
        self.write(2, true).await?;
        self.session.batch_execute("ROLLBACK TO before").await?;
        self.work.forget(mark);
        self.ends.savepoints += 1;
        self.write(1, true).await
    }

    /// Ends as a prepared transaction, some kick-offs later.
    async fn prepare(&mut self, commit: bool) -> Result<bool, Error> {
        self.work.settle(&self.session).await?;
        let name = format!("{} {}", self.name, self.prepared);
        self.prepared += 1;
        self.session
            .batch_execute(&format!("PREPARE TRANSACTION '{name}'"))
            .await?;
        self.stay_open().await;
        let end = if commit { "COMMIT" } else { "ROLLBACK" };
        self.session
            .batch_execute(&format!("{end} PREPARED '{name}'"))
            .await?;
        self.ends.prepared += 1;
        Ok(commit)
    }

    /// Lets some kick-offs pass.
    async fn stay_open(&mut self) {
        let wanted = *self.kick_offs.borrow() + self.random.random_range(2..12);
        let passed = self.kick_offs.wait_for(|&count| count >= wanted);
        // The storm's end need not be waited for.
        let _ = tokio::time::timeout(secs(3), passed).await;
    }
}

/// Gives the value below which so much of a hundred lies.
pub(super) fn percentile(durations: &mut [Duration], percent: usize) -> Duration {
    durations.sort_unstable();
    durations[(durations.len() * percent / 100).min(durations.len() - 1)]
}
