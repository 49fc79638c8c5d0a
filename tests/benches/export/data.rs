//! The data: realistic records, made anew for every run, and loaded as an operator would load them.

use std::{
    process::{Command, Stdio},
    time::Instant,
};

use bulk_export_domain::{
    part::{KeyRange, Scope},
    policy::Subject,
    resource_type::ResourceType,
};
use bulk_export_store::source::Slice;
use bulk_export_tests::{Stack, binaries::Binary};
use chrono::{DateTime, Utc};

use crate::{measured::Amount, system};

/// How many patients tell how large the others will be.
const PROBE: u64 = 200;

/// What the store holds that an export of everyone gives.
#[derive(Debug, Clone)]
pub(crate) struct Dataset {
    /// The whole.
    pub(crate) amount: Amount,
    /// Each type's resources, the largest number first.
    pub(crate) types: Vec<(ResourceType, u64)>,
    /// The instant of the read ceilings.
    pub(crate) at: DateTime<Utc>,
}

/// What the loading took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Bytes and lines that the generator wrote.
    pub(crate) amount: Amount,
    /// Seconds.
    pub(crate) seconds: f64,
}

impl Dataset {
    /// Looks at what the store holds now.
    pub(crate) async fn of(stack: &Stack) -> Self {
        for settle in [
            "VACUUM (ANALYZE) resource_version",
            "VACUUM (ANALYZE) resource_compartment",
            "CHECKPOINT",
        ] {
            stack.database.run(settle).await;
        }
        let session = stack.database.session().await;
        let sql = "SELECT resource_type, count(*), sum(octet_length(body) + 1)::bigint FROM resource_version
                   WHERE valid_to IS NULL AND NOT deleted AND in_patient_compartment GROUP BY 1 ORDER BY 2 DESC";
        let rows = session
            .query(sql, &[])
            .await
            .expect("the store can be counted");
        let mut amount = Amount::default();
        let mut types = Vec::new();
        for row in rows {
            let (name, resources, bytes): (String, i64, i64) = (row.get(0), row.get(1), row.get(2));
            let resources = resources.unsigned_abs();
            amount.resources += resources;
            amount.bytes += bytes.unsigned_abs();
            types.push((
                name.parse().expect("the store holds FHIR's types"),
                resources,
            ));
        }
        let source = system::source(&stack.database.url);
        let names: Vec<ResourceType> = types.iter().map(|(known, _)| *known).collect();
        let time = source
            .transaction_time(&names)
            .await
            .expect("the store has a time");
        Self {
            amount,
            types,
            at: time.at,
        }
    }

    /// Gives what an export of everyone reads.
    pub(crate) fn slices(&self) -> Vec<Slice> {
        let types: Vec<ResourceType> = self.types.iter().map(|(known, _)| *known).collect();
        let scope = Scope {
            subject: Subject::Everyone,
            types: types.clone(),
            since: None,
            transaction_time: self.at,
            file_rows: None,
        };
        let slice = |resource_type| Slice {
            resource_type,
            range: KeyRange::default(),
            scope: scope.clone(),
        };
        types.into_iter().map(slice).collect()
    }
}

/// How much the generator writes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PerPatient {
    resources: f64,
    bytes: f64,
}

impl PerPatient {
    /// Measures a few patients.
    pub(crate) fn measure() -> Self {
        let output = generator(PROBE, 1)
            .output()
            .expect("bulk-export sample runs");
        assert!(
            output.status.success(),
            "bulk-export sample: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let lines = output.stdout.iter().filter(|byte| **byte == b'\n').count();
        let per = |number: usize| {
            f64::from(u32::try_from(number).unwrap_or(u32::MAX))
                / f64::from(u32::try_from(PROBE).unwrap_or(1))
        };
        Self {
            resources: per(lines),
            bytes: per(output.stdout.len()),
        }
    }

    /// Gives the patients that have so many resources and bytes, and a little more.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate"
    )]
    pub(crate) fn patients(self, wanted: Amount) -> u64 {
        let by_resources = wanted.resources as f64 / self.resources;
        let by_bytes = wanted.bytes as f64 / self.bytes;
        (by_resources.max(by_bytes) * 1.02).ceil() as u64
    }
}

fn generator(patients: u64, seed: u32) -> Command {
    let mut command = Command::new(Binary::Cli.path());
    let (patients, seed) = (patients.to_string(), seed.to_string());
    command
        .args(["sample", "--patients", &patients, "--seed", &seed])
        .stdin(Stdio::null());
    command
}

/// Loads so many new patients, generated and written at once.
///
/// # Panics
/// When one of the two programs fails.
pub(crate) async fn load(stack: &Stack, patients: u64) -> Load {
    let before = lines(stack).await;
    let started = Instant::now();
    let url = stack.database.url.clone();
    let loaded = tokio::task::spawn_blocking(move || {
        let mut sample = generator(patients, rand::random())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bulk-export sample starts");
        let input = sample.stdout.take().expect("its output is piped");
        let loader = Command::new(Binary::Cli.path())
            .args(["load", "-"])
            .env("DATABASE_URL", url)
            .stdin(input)
            .output();
        let loader = loader.expect("bulk-export load starts");
        let sampled = sample.wait().expect("bulk-export sample ends");
        assert!(
            sampled.success() && loader.status.success(),
            "bulk-export sample | bulk-export load -: {}",
            String::from_utf8_lossy(&loader.stderr)
        );
    });
    loaded.await.expect("the load does not panic");
    let seconds = started.elapsed().as_secs_f64();
    let after = lines(stack).await;
    Load {
        amount: Amount {
            resources: after.resources - before.resources,
            bytes: after.bytes - before.bytes,
        },
        seconds,
    }
}

async fn lines(stack: &Stack) -> Amount {
    let session = stack.database.session().await;
    let sql =
        "SELECT count(*), coalesce(sum(octet_length(body) + 1), 0)::bigint FROM resource_version";
    let row = session
        .query_one(sql, &[])
        .await
        .expect("the store can be counted");
    let (resources, bytes): (i64, i64) = (row.get(0), row.get(1));
    Amount {
        resources: resources.unsigned_abs(),
        bytes: bytes.unsigned_abs(),
    }
}
