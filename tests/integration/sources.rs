//! Relations of other servers: `deploy/sources/` on their re-created tables, with rows in their form, from `psql` to the
//! downloaded file.

mod hapi;
mod medplum;
mod own;

use std::{
    process::{Command, Output},
    sync::OnceLock,
};

use bulk_export_tests::{
    Database, Stack, binaries::workspace, data::Ids, data::exported, database, secs, stack::Builder,
};
use serde_json::{Value, json};
use url::Url;

use crate::fhir_validity::published;

/// The role that the exporter connects as, one for all tests.
const READER: &str = "bulk_export_test_reader";

/// Variables that psql sets.
type Variables<'a> = &'a [(&'a str, &'a str)];

/// A server's database: its tables, its rows, and the relation over them.
struct Source {
    /// The folder.
    server: &'static str,
    /// What FHIR_SOURCE names.
    relation: &'static str,
    database: Database,
}

impl Source {
    /// Makes the tables and the rows.
    async fn with_rows(server: &'static str, rows: Variables<'_>) -> Self {
        let database = Database::empty().await;
        let relation = match server {
            "medplum" => "bulk_export.medplum_*",
            _ => "bulk_export.hapi",
        };
        let source = Self {
            server,
            relation,
            database,
        };
        source.runs("tables.sql", &[]);
        source.runs("rows.sql", rows);
        source
    }

    /// Makes the relation over them, as docs/sources-….md says.
    async fn exported(server: &'static str, rows: Variables<'_>, relation: Variables<'_>) -> Self {
        let source = Self::with_rows(server, rows).await;
        reader_exists().await;
        source.runs("relation.sql", &with_reader(relation));
        source
    }

    /// Runs one of the server's files, which must succeed; gives what it printed.
    fn runs(&self, file: &str, variables: Variables<'_>) -> String {
        let output = self.psql(file, variables);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{file}: {text}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs one of the server's files, which must fail; gives what it said.
    fn fails(&self, file: &str, variables: Variables<'_>) -> String {
        let output = self.psql(file, variables);
        assert!(!output.status.success(), "{file} {variables:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn psql(&self, file: &str, variables: Variables<'_>) -> Output {
        let folder = workspace().join("deploy/sources").join(self.server);
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-A", "-t", "-d", &self.database.url])
            .arg("-f")
            .arg(folder.join(file));
        for (name, value) in variables {
            psql.arg("-v").arg(format!("{name}={value}"));
        }
        psql.output().expect("psql is there")
    }

    /// The database as the exporter connects to it: its role sees the relation and nothing else.
    fn url(&self) -> String {
        let mut url = Url::parse(&self.database.url).expect("the database has a URL");
        url.set_username(READER).expect("a URL takes a user");
        url.set_password(Some(READER))
            .expect("a URL takes a password");
        url.into()
    }

    /// A system that exports this relation, and nothing else.
    fn stack(&self) -> Builder {
        Stack::builder()
            .common("SOURCE_DATABASE_URL", &self.url())
            .common("FHIR_SOURCE", self.relation)
    }

    /// Starts a worker, which must end because of what the relation says of itself; gives its log.
    async fn refused(&self) -> String {
        let stack = self.stack().start().await;
        let mut worker = stack.spawn_worker(&[]);
        let status = worker.end(secs(30)).await;
        assert!(!status.success());
        worker.log()
    }

    /// Exports everyone's Observations in many parts, and holds them against the relation: each once.
    async fn exports_each_observation_once(&self) {
        let stack = self
            .stack()
            .workers(2)
            .worker("EXPORT_PART_ROWS", "400")
            .start()
            .await;
        let admin = stack.admin();
        let manifest = admin.export("_type=Observation").await;
        let told = texts(&admin.outcomes(&manifest).await).concat();
        let stored = format!(
            "SELECT id FROM {} WHERE resource_type = 'Observation' AND in_patient_compartment",
            self.relation.replace('*', "observation")
        );
        let mut stored: Vec<String> = self.database.column(&stored, &[]).await;
        stored.retain(|id| !told.contains(id));
        assert!(stored.len() > 2000);
        let output = admin.output(&manifest).await;
        assert!(output.len() > 4, "one file a part at least");
        assert_eq!(exported(&output), ids([("Observation", stored)]));
    }

    /// Opens a session that may do what the exporter may.
    async fn session_of_the_reader(&self) -> tokio_postgres::Client {
        let session = self.database.session().await;
        let set = format!("SET ROLE {READER}; SET jit = off");
        session.batch_execute(&set).await.expect("a role is set");
        session
    }

    /// The plan of the read of one patient's resources of a type, as the exporter reads them.
    async fn plan_of_hers(&self, patient: &str) -> String {
        let relation = self.relation.replace('*', "observation");
        let session = self.session_of_the_reader().await;
        let explain = format!(
            "EXPLAIN (COSTS OFF) SELECT id, version, last_updated, body FROM {relation} \
             WHERE resource_type = 'Observation' AND in_patient_compartment AND key IN \
             (SELECT key FROM {relation}_membership WHERE patient_id = '{patient}' AND resource_type = 'Observation')"
        );
        let rows = session.query(&explain, &[]).await.expect("a plan");
        rows.iter()
            .map(|row| row.get::<_, String>(0) + "\n")
            .collect()
    }
}

fn with_reader<'a>(relation: Variables<'a>) -> Vec<(&'a str, &'a str)> {
    relation.iter().copied().chain([("role", READER)]).collect()
}

/// Makes the reader's role, unless another test has.
async fn reader_exists() {
    let make = format!(
        "DO $$ BEGIN CREATE ROLE {READER} LOGIN PASSWORD '{READER}'; GRANT pg_read_all_stats TO {READER};
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
    );
    let server = database::server().await;
    server.batch_execute(&make).await.expect("a role is made");
}

/// Ids by type, sorted.
fn ids<const N: usize>(expected: [(&str, Vec<String>); N]) -> Ids {
    expected
        .into_iter()
        .map(|(kind, mut ids)| {
            ids.sort();
            (kind.to_owned(), ids)
        })
        .collect()
}

/// Holds exported resources against the published schema. Each must say when it was updated; gives the ids of those that
/// do not say in which version they are.
fn are_fhir(output: &[(String, Vec<Value>)]) -> Vec<String> {
    let mut unversioned = Vec::new();
    for (kind, lines) in output {
        let validator = jsonschema::draft6::new(&json!({
            "$ref": format!("#/definitions/{kind}"),
            "definitions": definitions(),
        }))
        .expect("a valid schema");
        for line in lines {
            let wrong: Vec<_> = validator.iter_errors(line).map(|e| e.to_string()).collect();
            assert_eq!(wrong, Vec::<String>::new(), "{line}");
            assert!(line["meta"]["lastUpdated"].is_string(), "{line}");
            if !line["meta"]["versionId"].is_string() {
                unversioned.extend(line["id"].as_str().map(str::to_owned));
            }
        }
    }
    unversioned
}

/// The definitions of the published schema, but what may stand inside of another resource: that is any of them.
fn definitions() -> &'static Value {
    static DEFINITIONS: OnceLock<Value> = OnceLock::new();
    DEFINITIONS.get_or_init(|| {
        let mut published = published::read("fhir.schema.json");
        published["definitions"]["ResourceList"] = json!(false);
        published["definitions"].take()
    })
}

/// What the outcomes of an error file say.
fn texts(outcomes: &[Value]) -> Vec<String> {
    let text = |outcome: &Value| outcome["issue"][0].to_string();
    outcomes.iter().map(text).collect()
}
