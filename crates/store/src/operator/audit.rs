//! The audit, newest first, for whoever has to answer who did what: the one view that names people and patients in clear.

use bulk_export_domain::ids::JobId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::{Person, page};
use crate::{error::Error, pool::Store, schema::bulk_export_audit};

/// Which lines are wanted: those to which all that is named applies.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// About this job.
    pub job: Option<JobId>,
    /// Of this requester or operator.
    pub who: Option<Person>,
    /// About this patient's data.
    pub patient: Option<Person>,
    /// Of one of these actions, in the audit's words; of any when empty.
    pub actions: Vec<String>,
    /// At this instant or after it.
    pub since: Option<DateTime<Utc>>,
    /// Before this instant.
    pub until: Option<DateTime<Utc>>,
    /// With a smaller number than this: the page after the one that ended with it.
    pub before: Option<i64>,
}

/// One line of the audit.
#[derive(Debug, Clone)]
pub struct AuditLine {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// What was done, in the audit's word.
    pub action: String,
    /// With what outcome.
    pub outcome: String,
    /// About which job.
    pub job: Option<JobId>,
    /// Who did it; absent where the service did.
    pub who: Option<Person>,
    /// Whose data it was about; absent where everyone's or nobody's.
    pub patient: Option<Person>,
    /// More about it.
    pub detail: Option<String>,
}

type Row = (
    i64,
    DateTime<Utc>,
    String,
    String,
    Option<Uuid>,
    Option<String>,
    Option<String>,
    Option<String>,
);

impl Store {
    /// Lists at most `limit` lines of the audit, newest first.
    ///
    /// # Errors
    /// The database is away.
    pub async fn audit_lines(
        &self,
        filter: AuditFilter,
        limit: i64,
    ) -> Result<Vec<AuditLine>, Error> {
        use bulk_export_audit as audit;
        self.run(move |connection| {
            let mut query = audit::table.into_boxed();
            if let Some(job) = filter.job {
                query = query.filter(audit::job_id.eq(job.uuid()));
            }
            if let Some(who) = &filter.who {
                query = query.filter(audit::requester_id.eq(who.reveal().to_owned()));
            }
            if let Some(patient) = &filter.patient {
                query = query.filter(audit::patient_id.eq(patient.reveal().to_owned()));
            }
            if !filter.actions.is_empty() {
                query = query.filter(audit::action.eq_any(filter.actions));
            }
            if let Some(since) = filter.since {
                query = query.filter(audit::at.ge(since));
            }
            if let Some(until) = filter.until {
                query = query.filter(audit::at.lt(until));
            }
            if let Some(before) = filter.before {
                query = query.filter(audit::id.lt(before));
            }
            let rows: Vec<Row> = query
                .order(audit::id.desc())
                .limit(page(limit))
                .select((
                    audit::id,
                    audit::at,
                    audit::action,
                    audit::outcome,
                    audit::job_id,
                    audit::requester_id,
                    audit::patient_id,
                    audit::detail,
                ))
                .load(connection)?;
            Ok(rows.into_iter().map(line).collect())
        })
        .await
    }
}

fn line((id, at, action, outcome, job, who, patient, detail): Row) -> AuditLine {
    AuditLine {
        id,
        at,
        action,
        outcome,
        job: job.map(JobId::from_uuid),
        who: who.map(Person::new),
        patient: patient.map(Person::new),
        detail,
    }
}
