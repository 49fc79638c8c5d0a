//! The lines of the error file, in pages. Lines that a lost claim wrote do not count.

use bulk_export_domain::part::Claim;
use diesel::prelude::*;

use crate::{
    error::Error,
    pool::Store,
    schema::{bulk_export_issues, bulk_export_parts},
};

/// How many lines a page holds.
const PAGE: i64 = 500;

impl Store {
    /// Reads the page of lines after `after` (0 at first): each with its number, as JSON. Empty at the end.
    ///
    /// # Errors
    /// The database is away.
    pub async fn issues(&self, claim: &Claim, after: i64) -> Result<Vec<(i64, String)>, Error> {
        use bulk_export_issues as issues;
        use bulk_export_parts as parts;
        let job = claim.job.uuid();
        self.run(move |connection| {
            let page = issues::table
                .inner_join(
                    parts::table.on(parts::job_id
                        .eq(issues::job_id)
                        .and(parts::ordinal.eq(issues::ordinal))),
                )
                .filter(issues::job_id.eq(job).and(issues::id.gt(after)))
                .filter(
                    issues::generation
                        .eq(0)
                        .or(issues::generation.eq(parts::generation)),
                )
                .order(issues::id)
                .limit(PAGE)
                .select((issues::id, issues::outcome))
                .load(connection)?;
            Ok(page)
        })
        .await
    }
}
