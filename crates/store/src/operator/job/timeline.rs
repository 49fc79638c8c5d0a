//! What the audit says of one job, oldest first. It names who acted, and never a patient.

use bulk_export_domain::ids::JobId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::super::{Person, page};
use crate::{error::Error, pool::Store, schema::bulk_export_audit};

/// One line of the audit about a job.
#[derive(Debug, Clone)]
pub struct TimelineEntry {
    /// Its number in the audit, for the next page.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// What was done, in the audit's word.
    pub action: String,
    /// With what outcome.
    pub outcome: String,
    /// Who did it; absent where the service did.
    pub who: Option<Person>,
    /// More about it.
    pub detail: Option<String>,
}

impl Store {
    /// Lists what the audit says of a job after line `after` (0 at first), oldest first. It outlives the job.
    ///
    /// # Errors
    /// The database is away.
    pub async fn job_timeline(
        &self,
        job: JobId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<TimelineEntry>, Error> {
        use bulk_export_audit as audit;
        type Row = (
            i64,
            DateTime<Utc>,
            String,
            String,
            Option<String>,
            Option<String>,
        );
        self.run(move |connection| {
            let rows: Vec<Row> = audit::table
                .filter(audit::job_id.eq(job.uuid()).and(audit::id.gt(after)))
                .order(audit::id)
                .limit(page(limit))
                .select((
                    audit::id,
                    audit::at,
                    audit::action,
                    audit::outcome,
                    audit::requester_id,
                    audit::detail,
                ))
                .load(connection)?;
            let entry = |(id, at, action, outcome, who, detail): Row| TimelineEntry {
                id,
                at,
                action,
                outcome,
                who: who.map(Person::new),
                detail,
            };
            Ok(rows.into_iter().map(entry).collect())
        })
        .await
    }
}
