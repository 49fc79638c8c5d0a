//! A poll strategy that loses no wake-up. apalis-core 1.0.0's own interval strategy can return pending without a
//! timer that would wake it (measured: 2 fetches where 24 were due); this one always leaves an armed, polled timer.

use std::{
    future::Future as _,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use apalis::prelude::{PollSnapshot, PollStrategy};
use tokio::time::{Instant, Sleep, sleep};

/// Polls at a steady pace.
#[derive(Debug)]
pub(crate) struct SteadyPoll {
    every: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl SteadyPoll {
    pub(crate) const fn new(every: Duration) -> Self {
        Self { every, timer: None }
    }
}

impl Clone for SteadyPoll {
    fn clone(&self) -> Self {
        Self::new(self.every)
    }
}

impl PollStrategy for SteadyPoll {
    fn poll_drive(&mut self, context: &mut Context<'_>, _: &PollSnapshot) -> Poll<Option<()>> {
        let every = self.every;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(every)));
        let mut fired = false;
        while timer.as_mut().poll(context).is_ready() {
            fired = true;
            timer.as_mut().reset(Instant::now() + every);
        }
        if fired {
            Poll::Ready(Some(()))
        } else {
            Poll::Pending
        }
    }
}
