//! `load --sample`: sample data in the clinical tables, for development and tests. It makes the tables when there are
//! none and refuses to add to tables that hold rows: they could be somebody's.

use std::{
    io,
    sync::mpsc::{SyncSender, sync_channel},
    thread,
};

use anyhow::{Context, bail};
use bulk_export_domain::config::Variables;
use bulk_export_store::load::{Loader, Table};
use indicatif::ProgressBar;

use crate::{
    commands::print,
    environment, progress,
    sample::{CopyText, Sample},
    text,
};

/// The platform's tables. Migrations never make them; only this command does.
const DEFINITION: &str = include_str!("../../../../../deploy/dev/clinical.sql");

/// Rows go to the database in pieces of about this size.
const CHUNK_BYTES: usize = 1 << 20;

/// Pieces that are made ahead while the database takes one.
const CHUNKS_AHEAD: usize = 4;

/// Fills the tables.
///
/// # Errors
/// No database, tables that are not empty, or a row that the database refuses.
pub(super) fn run(patients: u64, seed: u64, variables: &Variables) -> anyhow::Result<()> {
    let url = match variables.secret("SOURCE_DATABASE_URL") {
        Some(url) => url,
        None => environment::required_secret(
            variables,
            "DATABASE_URL",
            "the URL of the clinical database",
        )?,
    };
    let mut loader = Loader::connect(&url).context("the clinical database cannot be reached")?;
    prepare(&mut loader)?;
    let sample = Sample::new(patients, seed);
    for table in Table::ALL {
        let rows = match table {
            Table::Patients => fill(&mut loader, table, sample.patients()),
            Table::MedicalRecords => fill(&mut loader, table, sample.records()),
            Table::Consents => fill(&mut loader, table, sample.consents()),
            Table::History => fill(&mut loader, table, sample.history()),
        };
        let rows =
            rows.with_context(|| format!("{} cannot be filled; {}", table.name(), remedy()))?;
        print(&format!(
            "{:>12} rows in {}",
            text::count(rows),
            table.name()
        ))?;
    }
    loader.analyze().context("the tables cannot be analysed")
}

/// Sees that all four tables are there and empty.
fn prepare(loader: &mut Loader) -> anyhow::Result<()> {
    let unreadable = |table: Table| format!("{} cannot be read", table.name());
    let mut found = Vec::new();
    for table in Table::ALL {
        if loader.exists(table).with_context(|| unreadable(table))? {
            found.push(table);
        }
    }
    if found.is_empty() {
        return loader
            .create_tables(DEFINITION)
            .context("the clinical tables cannot be made");
    }
    if let Some(missing) = Table::ALL.into_iter().find(|table| !found.contains(table)) {
        bail!(
            "some of the clinical tables are there, but {} is not; {}",
            missing.name(),
            remedy()
        );
    }
    for table in found {
        if !loader.is_empty(table).with_context(|| unreadable(table))? {
            bail!(
                "{} holds rows already, and sample data is not mixed with what is there; {}",
                table.name(),
                remedy()
            );
        }
    }
    Ok(())
}

fn remedy() -> String {
    let names: Vec<_> = Table::ALL.into_iter().rev().map(Table::name).collect();
    format!(
        "if nobody needs it: DROP TABLE IF EXISTS {}",
        names.join(", ")
    )
}

/// Makes rows in another thread while the database takes them in this one.
fn fill<R: CopyText>(
    loader: &mut Loader,
    table: Table,
    rows: impl Iterator<Item = R> + Send,
) -> anyhow::Result<u64> {
    let bar = progress::bar(
        0,
        "{spinner} {prefix:24} {human_pos:>12} rows {per_sec:>16}",
    );
    bar.set_prefix(table.name());
    let (sender, chunks) = sync_channel(CHUNKS_AHEAD);
    let copied = thread::scope(|scope| {
        let bar = &bar;
        let maker = thread::Builder::new().spawn_scoped(scope, move || make(rows, &sender, bar));
        let maker = maker.context("a thread cannot be started")?;
        let copied = loader.copy(table, chunks.into_iter());
        let made = maker
            .join()
            .map_err(|_| io::Error::other("the thread that makes rows has stopped"))?;
        Ok::<_, anyhow::Error>((copied?, made))
    });
    bar.finish_and_clear();
    let (copied, made) = copied?;
    if copied != made {
        bail!("{made} rows were made and {copied} were taken");
    }
    Ok(copied)
}

/// Sends the rows in COPY's text format and counts them. Ends early when nobody takes them any more.
fn make<R: CopyText>(
    rows: impl Iterator<Item = R>,
    sender: &SyncSender<Vec<u8>>,
    bar: &ProgressBar,
) -> u64 {
    let mut made = 0;
    let mut chunk = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 8);
    for row in rows {
        row.write_copy_text(&mut chunk);
        made += 1;
        if chunk.len() >= CHUNK_BYTES {
            let full = std::mem::replace(
                &mut chunk,
                Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 8),
            );
            bar.set_position(made);
            if sender.send(full).is_err() {
                return made;
            }
        }
    }
    // Nobody is there only after an error, which is told where it happened.
    let _ = sender.send(chunk);
    made
}

#[cfg(test)]
mod tests {
    use bulk_export_domain::clinical::{ConsentRow, HistoryRow, MedicalRecordRow, PatientRow};

    use super::*;

    /// The columns of a table in `clinical.sql`, in their order.
    fn columns(table: &str) -> Vec<&str> {
        let begin = DEFINITION
            .split_once(&format!("CREATE TABLE {table} (\n"))
            .unwrap()
            .1;
        let body = begin.split_once("\n);").unwrap().0;
        let column = |line: &'static str| {
            line.strip_prefix("    ")?
                .split(' ')
                .next()
                .filter(|word| !word.is_empty())
        };
        body.lines().filter_map(column).collect()
    }

    fn assert_columns<R: CopyText>(table: Table) {
        assert_eq!(R::TABLE, table.name());
        let written: Vec<_> = R::COPY_COLUMNS.split(',').map(str::trim).collect();
        assert_eq!(written, columns(table.name()), "{}", table.name());
    }

    #[test]
    fn rows_have_the_tables_columns_in_the_tables_order() {
        assert_columns::<PatientRow>(Table::Patients);
        assert_columns::<MedicalRecordRow>(Table::MedicalRecords);
        assert_columns::<ConsentRow>(Table::Consents);
        assert_columns::<HistoryRow>(Table::History);
    }

    #[test]
    fn every_row_is_sent_in_pieces_that_end_with_a_row() {
        let (sender, chunks) = sync_channel(1_000);
        let sample = Sample::new(20_000, 1);
        assert_eq!(
            make(sample.patients(), &sender, &ProgressBar::hidden()),
            20_000
        );
        drop(sender);
        let chunks: Vec<_> = chunks.into_iter().collect();
        assert!(chunks.len() > 2 && chunks.iter().all(|chunk| chunk.ends_with(b"\n")));
        let lines = chunks
            .iter()
            .flatten()
            .filter(|byte| **byte == b'\n')
            .count();
        assert_eq!(lines, 20_000);
    }

    #[test]
    fn making_ends_when_nobody_takes_the_rows() {
        let (sender, chunks) = sync_channel(1);
        drop(chunks);
        assert!(
            make(
                Sample::new(1_000_000, 1).patients(),
                &sender,
                &ProgressBar::hidden()
            ) < 100_000
        );
    }

    #[test]
    fn the_remedy_drops_referring_tables_first() {
        let expected = "DROP TABLE IF EXISTS medical_history, medical_record_consents, medical_records, patients";
        assert!(remedy().ends_with(expected));
    }
}
