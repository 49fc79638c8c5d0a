//! How much the service takes on at once, and what a client is told that comes too much.

use std::time::Duration;

use crate::{config::Variables, policy::Role};

/// The window in which ends of jobs are counted, to tell when there will be room.
pub const MEASURED: Duration = Duration::from_mins(5);

/// The shortest and the longest that a refused client is told to wait.
const WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_hours(1));

/// What is taken on at once at most; an absent limit does not limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Admission {
    /// Jobs under way of one requester who is a patient.
    pub patient_jobs: Option<u64>,
    /// Jobs under way of one requester who is not.
    pub requester_jobs: Option<u64>,
    /// Jobs under way in all.
    pub jobs: Option<u64>,
    /// Bytes held on the node, as last measured.
    pub node_bytes: Option<u64>,
}

/// Which limit of the service refuses a kick-off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Jobs under way of one requester who is a patient.
    PatientJobs,
    /// Jobs under way of one requester who is not.
    RequesterJobs,
    /// Jobs under way in all.
    Jobs,
    /// Bytes held on the node.
    NodeBytes,
}

impl Limit {
    /// Gives the variable that sets it.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::PatientJobs => "EXPORT_MAX_JOBS_PER_PATIENT",
            Self::RequesterJobs => "EXPORT_MAX_JOBS_PER_REQUESTER",
            Self::Jobs => "EXPORT_MAX_JOBS",
            Self::NodeBytes => "EXPORT_MAX_NODE_BYTES",
        }
    }
}

impl Admission {
    /// Reads the variables; problems are noted there.
    pub fn read(v: &mut Variables) -> Self {
        Self {
            patient_jobs: v.limit(Limit::PatientJobs.variable(), Some(10)),
            requester_jobs: v.limit(Limit::RequesterJobs.variable(), Some(100)),
            jobs: v.limit(Limit::Jobs.variable(), Some(1000)),
            node_bytes: v.limit(Limit::NodeBytes.variable(), None),
        }
    }

    /// Gives the limit on the jobs of one requester.
    #[must_use]
    pub const fn of(&self, role: Role) -> (Limit, Option<u64>) {
        match role {
            Role::Patient => (Limit::PatientJobs, self.patient_jobs),
            Role::Admin => (Limit::RequesterJobs, self.requester_jobs),
        }
    }
}

/// What was counted when there was no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Jobs of the requester under way.
    pub own: u64,
    /// Jobs under way in all.
    pub all: u64,
    /// Jobs that ended within [`MEASURED`].
    pub ended: u64,
    /// When the next job expires, so that the next sweep makes room on the node.
    pub next_expiry: Option<Duration>,
}

impl Load {
    /// Says when there will be room, at the pace of the last minutes: jobs take turns, so those of one requester end as
    /// often as they are many among all. When nothing has ended lately, nobody knows; then it is the whole window.
    #[must_use]
    pub fn retry_after(&self, limit: Limit, value: u64) -> Duration {
        #[expect(clippy::cast_precision_loss, reason = "counts of jobs are small")]
        let seconds = |number: u64, of: f64| {
            let wanted = number.saturating_sub(value) + 1;
            let each = MEASURED.as_secs_f64() / (self.ended as f64 * of).max(1.0);
            Duration::from_secs_f64(each * wanted as f64)
        };
        #[expect(clippy::cast_precision_loss, reason = "counts of jobs are small")]
        let share = self.own as f64 / self.all.max(1) as f64;
        let wait = match limit {
            Limit::PatientJobs | Limit::RequesterJobs => seconds(self.own, share.min(1.0)),
            Limit::Jobs => seconds(self.all, 1.0),
            Limit::NodeBytes => self.next_expiry.unwrap_or(WAIT.1),
        };
        wait.clamp(WAIT.0, WAIT.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOAD: Load = Load {
        own: 10,
        all: 100,
        ended: 600,
        next_expiry: None,
    };

    #[test]
    fn the_wait_follows_the_pace_at_which_jobs_end() {
        // Two a second in all, one of ten of them the requester's.
        assert_eq!(LOAD.retry_after(Limit::Jobs, 100), Duration::from_secs(1));
        assert_eq!(
            LOAD.retry_after(Limit::PatientJobs, 10),
            Duration::from_secs(5)
        );
        assert_eq!(LOAD.retry_after(Limit::Jobs, 81), Duration::from_secs(10));
        let stuck = Load { ended: 0, ..LOAD };
        assert_eq!(stuck.retry_after(Limit::Jobs, 100), MEASURED);
        assert_eq!(stuck.retry_after(Limit::Jobs, 0), WAIT.1);
    }

    #[test]
    fn room_on_the_node_comes_when_a_job_expires() {
        let load = |seconds| Load {
            next_expiry: Some(Duration::from_secs(seconds)),
            ..LOAD
        };
        assert_eq!(
            load(90).retry_after(Limit::NodeBytes, 1),
            Duration::from_secs(90)
        );
        assert_eq!(load(90_000).retry_after(Limit::NodeBytes, 1), WAIT.1);
        assert_eq!(LOAD.retry_after(Limit::NodeBytes, 1), WAIT.1);
    }
}
