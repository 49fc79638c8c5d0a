//! A gate in the source: a clinical table becomes a view that waits, at one chosen row, until the test lets it go on.
//! So a part stands still in the middle of its rows for as long as a test needs, and no test guesses a moment.

use tokio_postgres::Client;

use crate::{Database, poll, secs};

/// The number of the advisory lock on which the reader waits. (The product takes its locks by 64-bit hashes.)
const LOCK: &str = "7070, 4242";

/// A closed gate. Dropped, it opens.
#[derive(Debug)]
pub struct Gate {
    keeper: Client,
}

impl Gate {
    /// Puts a gate into a clinical table: each read waits at its row with this number (from 1, in the order of the
    /// keys) until the gate is opened. The rows before it have been sent by then.
    pub async fn close(database: &Database, table: &str, at_row: u32) -> Self {
        let keeper = database.session().await;
        keeper
            .batch_execute(&format!("SELECT pg_advisory_lock({LOCK})"))
            .await
            .expect("the lock is free");
        // A read is READ ONLY, so the rows are counted in a variable of its transaction and not in a sequence. OFFSET 0
        // keeps the sort below the gate: nothing waits before the rows flow.
        database
            .run(&format!(
                "CREATE FUNCTION gate(id uuid) RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
                 DECLARE row integer := coalesce(nullif(current_setting('gate.row', true), ''), '0')::integer + 1;
                 BEGIN
                     PERFORM set_config('gate.row', row::text, true);
                     IF row = {at_row} THEN
                         PERFORM pg_advisory_lock_shared({LOCK});
                         PERFORM pg_advisory_unlock_shared({LOCK});
                     END IF;
                     RETURN id;
                 END $$;
                 ALTER TABLE {table} RENAME TO {table}_rows;
                 CREATE VIEW {table} AS
                 SELECT s.* FROM (SELECT * FROM {table}_rows ORDER BY id OFFSET 0) s WHERE gate(s.id) IS NOT NULL;"
            ))
            .await;
        Self { keeper }
    }

    /// Waits until a reader stands at the gate.
    pub async fn reached(&self) {
        poll("a part stands at the gate", secs(30), async || {
            (self.waiting().await > 0).then_some(())
        })
        .await;
    }

    /// Waits until nobody stands at the gate any more.
    pub async fn left(&self, within: std::time::Duration) {
        poll("nobody stands at the gate", within, async || {
            (self.waiting().await == 0).then_some(())
        })
        .await;
    }

    /// Counts who stands at the gate.
    pub async fn waiting(&self) -> i64 {
        let sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = 7070 AND objid = 4242
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        self.keeper
            .query_one(sql, &[])
            .await
            .expect("PostgreSQL lists its locks")
            .get(0)
    }

    /// Lets the reader go on.
    pub async fn open(self) {
        self.keeper
            .batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})"))
            .await
            .expect("the lock is ours");
    }
}
