//! The read ceilings: the rows of an export of everyone, in its order, read into nothing.

use std::ops::ControlFlow;

use bulk_export_store::source::{Row, Slice};
use futures::TryStreamExt;

use crate::{
    cpu::{Meter, Target},
    data::Dataset,
    measured::{Amount, Measured},
    system::{System, postgres},
};

/// As the export reads: in the order of an index, without a sort.
const SESSION: &str =
    "SET jit = off; SET enable_sort = off; SET enable_seqscan = off; SET enable_bitmapscan = off";

fn targets() -> crate::cpu::Targets {
    vec![postgres(), ("client", Target::Ourselves)]
}

/// Reads by `COPY … TO STDOUT (FORMAT binary)` and drops what comes.
pub(crate) async fn copy(system: &System, dataset: &Dataset) -> Measured {
    let session = system.stack.database.session().await;
    session
        .batch_execute(SESSION)
        .await
        .expect("the session can be set");
    let meter = Meter::start(targets());
    for (resource_type, _) in &dataset.types {
        let at = dataset.at.to_rfc3339();
        let sql = format!(
            "COPY (SELECT id, body FROM resource_version WHERE resource_type = '{resource_type}' AND NOT deleted \
             AND in_patient_compartment AND valid_from <= '{at}' AND (valid_to IS NULL OR valid_to > '{at}') \
             ORDER BY valid_from, id) TO STDOUT (FORMAT binary)"
        );
        let rows = session.copy_out(&sql).await.expect("the copy begins");
        let read = rows
            .try_fold(0, |sum, bytes| async move { Ok(sum + bytes.len()) })
            .await;
        assert!(
            read.expect("the copy ends") > 0,
            "{resource_type} was counted before"
        );
    }
    Measured {
        usage: meter.stop(),
        amount: dataset.amount,
    }
}

/// Reads as the worker does, row by row through Diesel, and drops the rows.
pub(crate) async fn rows(system: &System, dataset: &Dataset) -> Measured {
    let source = system.source();
    let slices = dataset.slices();
    tokio::task::spawn_blocking(move || {
        let meter = Meter::start(targets());
        let mut amount = Amount::default();
        for slice in &slices {
            each(&source, slice, |body| {
                amount.resources += 1;
                amount.bytes += body.len() as u64 + 1;
            });
        }
        Measured {
            usage: meter.stop(),
            amount,
        }
    })
    .await
    .expect("the read does not panic")
}

/// Reads one slice and hands over the bodies.
pub(crate) fn each(
    source: &bulk_export_store::source::Source,
    slice: &Slice,
    mut take: impl FnMut(&str),
) {
    let stop = source
        .stop(slice.resource_type)
        .expect("the store has the type");
    let read = source.read(slice, &stop, |row| {
        if let Row::Stored(row) = row {
            take(&row.body);
        }
        ControlFlow::Continue(())
    });
    read.expect("the read ends");
}
