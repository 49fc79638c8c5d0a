//! Why an attempt ended, and so what becomes of the part. Decided where the failure happens.

use std::time::Duration;

use bulk_export_store::Error as StoreError;

/// Why an attempt ended without a result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The claim is no longer ours, or the job has ended: nothing is to be written.
    #[error("the claim was lost, or the job has ended")]
    Lost,
    /// Not the part's fault: it is handed back, and the attempt with it.
    #[error("handed back: {why}")]
    HandBack {
        /// What was away.
        why: &'static str,
        /// The cause.
        #[source]
        source: Option<anyhow::Error>,
    },
    /// The attempt counts, and the part is tried again.
    #[error("the attempt failed")]
    Retry(#[source] anyhow::Error),
}

/// The part panicked.
#[derive(Debug, thiserror::Error)]
#[error("the part panicked")]
pub(crate) struct Panicked;

impl Failure {
    pub(crate) fn retry(error: impl Into<anyhow::Error>) -> Self {
        Self::Retry(error.into())
    }

    pub(crate) const fn shutting_down() -> Self {
        Self::HandBack {
            why: "the worker shuts down",
            source: None,
        }
    }

    /// Says whether the node was the cause, so that no further part is claimed until it is back.
    pub(crate) fn is_node_outage(&self) -> bool {
        let Self::HandBack {
            source: Some(source),
            ..
        } = self
        else {
            return false;
        };
        source
            .downcast_ref::<bulk_export_ipfs::Error>()
            .is_some_and(bulk_export_ipfs::Error::is_outage)
    }

    /// Names the cause in one word of a short list, for metrics; a lost claim is no failure.
    pub(crate) fn cause(&self) -> Option<&'static str> {
        use bulk_export_ipfs::Error as Ipfs;
        match self {
            Self::Lost => None,
            Self::HandBack { source: None, .. } => Some("shutdown"),
            Self::HandBack {
                source: Some(source),
                ..
            } => Some(match source.downcast_ref::<Ipfs>() {
                Some(Ipfs::BlocksLost) => "blocks_lost",
                Some(_) => "node_away",
                None => "database_away",
            }),
            Self::Retry(error) => Some(if error.is::<Panicked>() {
                "panic"
            } else if error.is::<Ipfs>() {
                "node_wrong"
            } else if let Some(error) = error.downcast_ref::<StoreError>() {
                of_store(error)
            } else {
                "internal"
            }),
        }
    }

    /// How long the part rests after being handed back.
    pub(crate) const fn rest(&self) -> Duration {
        match self {
            Self::HandBack {
                source: Some(_), ..
            } => Duration::from_secs(2),
            Self::HandBack { source: None, .. } | Self::Lost | Self::Retry(_) => Duration::ZERO,
        }
    }
}

fn of_store(error: &StoreError) -> &'static str {
    match error {
        StoreError::Source(_)
        | StoreError::SourceChanged(_)
        | StoreError::NoSource(_)
        | StoreError::NoStore => "source",
        _ => "database",
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::retry(error)
    }
}

impl From<bulk_export_ipfs::Error> for Failure {
    fn from(error: bulk_export_ipfs::Error) -> Self {
        use bulk_export_ipfs::Error as Ipfs;
        let why = match &error {
            Ipfs::BlocksLost => "a collection took blocks of the upload",
            Ipfs::Unreachable(_) | Ipfs::Deadline { .. } | Ipfs::Refused(_) => "the node is away",
            Ipfs::Address(_)
            | Ipfs::CidMismatch
            | Ipfs::Source(_)
            | Ipfs::NotFound
            | Ipfs::Corrupt(_) => return Self::retry(error),
        };
        Self::HandBack {
            why,
            source: Some(error.into()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Caller(cause) => match cause.downcast::<bulk_export_ipfs::Error>() {
                Ok(error) => (*error).into(),
                Err(cause) => Self::Retry(anyhow::Error::from_boxed(cause)),
            },
            StoreError::Stopped => Self::Lost,
            error if error.is_outage() => Self::HandBack {
                why: "the database is away",
                source: Some(error.into()),
            },
            error => Self::retry(error),
        }
    }
}

/// How long a part rests after its n-th failed attempt: 1, 2, 4, … seconds, a minute at most.
pub(crate) fn backoff(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1))
        .unwrap_or(0)
        .min(6);
    Duration::from_secs(1 << doublings).min(Duration::from_mins(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_blocks_and_an_absent_node_burn_no_attempt() {
        let lost: Failure = bulk_export_ipfs::Error::BlocksLost.into();
        assert!(matches!(lost, Failure::HandBack { .. }) && !lost.is_node_outage());
        let away: Failure = StoreError::Caller(Box::new(bulk_export_ipfs::Error::Refused(
            "full".to_owned(),
        )))
        .into();
        assert!(matches!(away, Failure::HandBack { .. }) && away.is_node_outage());
        let wrong: Failure = bulk_export_ipfs::Error::CidMismatch.into();
        assert!(matches!(wrong, Failure::Retry(_)));
    }

    #[test]
    fn every_failure_has_a_cause_of_one_word() {
        let source = StoreError::Source("NotNullViolation".to_owned());
        let caused = [
            Failure::Lost,
            Failure::shutting_down(),
            bulk_export_ipfs::Error::BlocksLost.into(),
            bulk_export_ipfs::Error::Refused("full".to_owned()).into(),
            StoreError::Unreachable("away".into()).into(),
            Failure::retry(Panicked),
            bulk_export_ipfs::Error::CidMismatch.into(),
            source.into(),
            StoreError::Contended.into(),
            std::io::Error::other("x").into(),
        ];
        let words: Vec<_> = caused.iter().filter_map(Failure::cause).collect();
        assert_eq!(
            words,
            [
                "shutdown",
                "blocks_lost",
                "node_away",
                "database_away",
                "panic",
                "node_wrong",
                "source",
                "database",
                "internal"
            ]
        );
    }

    #[test]
    fn backoff_doubles_up_to_a_minute() {
        let seconds: Vec<u64> = [0, 1, 2, 3, 7, 100]
            .map(|attempts| backoff(attempts).as_secs())
            .to_vec();
        assert_eq!(seconds, [1, 1, 2, 4, 60, 60]);
    }
}
