//! How large one job may become. What passes a limit while it runs fails with a reason that names it.

use crate::config::Variables;

/// The most that one job may hold; an absent limit does not limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobLimits {
    /// Resources.
    pub resources: Option<u64>,
    /// Bytes of NDJSON, before compression.
    pub bytes: Option<u64>,
    /// Files, the error file among them.
    pub files: Option<u64>,
}

/// How large a job is so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobSize {
    /// Resources.
    pub resources: u64,
    /// Bytes of NDJSON, before compression.
    pub bytes: u64,
    /// Files.
    pub files: u64,
}

/// A limit of its own that a job has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    what: &'static str,
    variable: &'static str,
    value: u64,
}

impl JobLimits {
    /// Reads the variables; problems are noted there.
    pub fn read(v: &mut Variables) -> Self {
        Self {
            resources: v.limit("EXPORT_MAX_JOB_RESOURCES", Some(500_000_000)),
            bytes: v.limit("EXPORT_MAX_JOB_BYTES", Some(1 << 40)),
            files: v.limit("EXPORT_MAX_JOB_FILES", Some(20_000)),
        }
    }

    /// Says which limit a job of this size has passed.
    ///
    /// # Errors
    /// The first limit that it has passed.
    pub fn check(&self, size: JobSize) -> Result<(), Passed> {
        let passed = |what, variable, limit: Option<u64>, size| match limit {
            Some(value) if size > value => Err(Passed {
                what,
                variable,
                value,
            }),
            _ => Ok(()),
        };
        passed(
            "resources",
            "EXPORT_MAX_JOB_RESOURCES",
            self.resources,
            size.resources,
        )?;
        passed("bytes", "EXPORT_MAX_JOB_BYTES", self.bytes, size.bytes)?;
        passed("files", "EXPORT_MAX_JOB_FILES", self.files, size.files)
    }

    /// Says whether a plan is hopeless. An estimate comes from the planner's statistics and may be off, so only what is
    /// estimated at twice the limit is given up before anything is written; the rest is counted while it runs.
    ///
    /// # Errors
    /// The limit that the job would pass.
    pub fn check_estimate(&self, resources: u64) -> Result<(), Passed> {
        self.check(JobSize {
            resources: resources / 2,
            ..JobSize::default()
        })
    }
}

impl Passed {
    /// Gives the word by which it is counted.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.what.as_bytes() {
            b"resources" => "job_resources",
            b"bytes" => "job_bytes",
            _ => "job_files",
        }
    }

    /// Tells the client what happened and what to do.
    #[must_use]
    pub fn reason(&self) -> String {
        let Self {
            what,
            variable,
            value,
        } = self;
        format!(
            "The export holds more than {value} {what}, the most that one export may hold on this server ({variable}). Nothing of it is \
             kept. Ask for less at a time: fewer resource types with _type, or only what has changed since an earlier export with _since."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_is_allowed_and_one_more_is_not() {
        let limits = JobLimits {
            resources: Some(10),
            bytes: None,
            files: Some(2),
        };
        let size = |resources, files| JobSize {
            resources,
            bytes: u64::MAX,
            files,
        };
        assert_eq!(limits.check(size(10, 2)), Ok(()));
        let passed = limits.check(size(11, 3)).unwrap_err();
        assert_eq!(passed.name(), "job_resources");
        let reason = passed.reason();
        for word in [
            "10 resources",
            "EXPORT_MAX_JOB_RESOURCES",
            "_type",
            "_since",
        ] {
            assert!(reason.contains(word), "{reason}");
        }
        assert_eq!(limits.check(size(0, 3)).unwrap_err().name(), "job_files");
    }

    #[test]
    fn an_estimate_may_be_off_by_half() {
        let limits = JobLimits {
            resources: Some(10),
            ..JobLimits::default()
        };
        assert_eq!(limits.check_estimate(21), Ok(()));
        assert!(limits.check_estimate(22).is_err());
    }
}
