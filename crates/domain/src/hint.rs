//! The message on the queue. It says that a job may have something due, and nothing else: a lost, doubled, late or
//! reordered hint changes nothing.

use serde::{Deserialize, Serialize};

use crate::ids::JobId;

/// The name under which the work of a hint appears in logs and traces (apalis has no job names).
pub const JOB_NAME: &str = "process-export";

/// A hint: look at this job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hint {
    /// The job that had something due when the hint was pushed.
    pub job_id: JobId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_the_job_id_and_nothing_else() {
        let hint: Hint =
            serde_json::from_str(r#"{"jobId":"7f1d7bb4-9e5c-4d5b-9a36-0f3a3f1d2c11"}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&hint).unwrap(),
            r#"{"jobId":"7f1d7bb4-9e5c-4d5b-9a36-0f3a3f1d2c11"}"#
        );
    }
}
