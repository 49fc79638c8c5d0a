//! A database per test, copied from one template that is migrated once a run, and dropped with the test.

use std::{
    path::Path,
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use tokio_postgres::{
    Client, NoTls,
    types::{FromSqlOwned, ToSql},
};
use url::Url;

use crate::{
    binaries::{Binary, workspace},
    poll::secs,
    process::{Environment, run},
    services::shared,
};

/// The parameters of a statement.
pub type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A test's own database.
#[derive(Debug)]
pub struct Database {
    /// Its URL, for the programs under test.
    pub url: String,
    name: String,
    client: Client,
}

impl Database {
    /// Makes a database with our tables and the platform's empty clinical tables.
    pub async fn migrated() -> Self {
        Self::copy_of(template()).await
    }

    /// Makes an empty database.
    pub async fn empty() -> Self {
        Self::copy_of("template0").await
    }

    async fn copy_of(template: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "test_{}_{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let server = connect(&shared().database_url).await;
        let copy = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy");
        server
            .batch_execute(&copy)
            .await
            .expect("a database can be made");
        let url = url_of(&name);
        Self {
            client: connect(&url).await,
            url,
            name,
        }
    }

    /// Runs statements.
    ///
    /// # Panics
    /// When one fails.
    pub async fn run(&self, sql: &str) {
        self.client
            .batch_execute(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// Runs one statement with parameters and gives the number of rows.
    pub async fn execute(&self, sql: &str, parameters: Parameters<'_>) -> u64 {
        self.client
            .execute(sql, parameters)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    /// Gives the one value of the one row.
    ///
    /// # Panics
    /// When there is another number of rows.
    pub async fn value<T: FromSqlOwned>(&self, sql: &str, parameters: Parameters<'_>) -> T {
        let row = self.client.query_one(sql, parameters).await;
        row.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
            .get(0)
    }

    /// Gives the first column of every row.
    pub async fn column<T: FromSqlOwned>(&self, sql: &str, parameters: Parameters<'_>) -> Vec<T> {
        let rows = self
            .client
            .query(sql, parameters)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Counts rows: what follows `SELECT count(*) FROM`.
    pub async fn count(&self, from: &str, parameters: Parameters<'_>) -> i64 {
        self.value(&format!("SELECT count(*) FROM {from}"), parameters)
            .await
    }

    /// Opens another session.
    pub async fn session(&self) -> Client {
        connect(&self.url).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = self.name.clone();
        apart(async move { remove(&connect(&shared().database_url).await, &name).await });
    }
}

/// Opens a session outside any test's database.
pub async fn server() -> Client {
    connect(&shared().database_url).await
}

/// Opens a session that lives as long as its client.
async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls)
        .await
        .expect("PostgreSQL answers");
    tokio::spawn(connection);
    client
}

/// Runs a future on a thread and a runtime of its own: where the caller has none, or must not block it.
fn apart<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime starts")
    };
    thread::spawn(move || runtime().block_on(future))
        .join()
        .ok()
}

fn url_of(name: &str) -> String {
    let mut url = Url::parse(&shared().database_url).expect("TEST_DATABASE_URL is a URL");
    url.set_path(name);
    url.into()
}

/// Gives the name of the run's template; makes it at the first call.
fn template() -> &'static str {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    TEMPLATE.get_or_init(|| apart(make_template()).expect("the template database can be made"))
}

async fn make_template() -> String {
    let server = connect(&shared().database_url).await;
    remove_leftovers(&server).await;
    let name = format!("test_template_{}", std::process::id());
    server
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await
        .expect("a database can be made");
    let url = url_of(&name);
    let environment = Environment::from([("DATABASE_URL".to_owned(), url.clone())]);
    let migrate = run(Binary::Cli, &["migrate"], &environment, secs(60)).await;
    assert!(
        migrate.status.success(),
        "bulk-export migrate: {}{}",
        migrate.stdout,
        migrate.stderr
    );
    let clinical = workspace().join("deploy/dev/clinical.sql");
    connect(&url)
        .await
        .batch_execute(&read(&clinical))
        .await
        .expect("clinical.sql runs");
    name
}

/// Removes the databases of runs that were killed before they could.
async fn remove_leftovers(server: &Client) {
    let names = server
        .query(
            "SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'",
            &[],
        )
        .await;
    for row in names.expect("PostgreSQL lists its databases") {
        let name: String = row.get(0);
        let owner = name
            .trim_start_matches("test_")
            .trim_start_matches("template_")
            .split('_')
            .next();
        if owner
            .is_some_and(|id| id.parse::<u32>().is_ok() && !Path::new("/proc").join(id).exists())
        {
            remove(server, &name).await;
        }
    }
}

/// Removes a database, with what a test that failed left prepared in it: that would keep it for ever.
async fn remove(server: &Client, name: &str) {
    let prepared = "SELECT gid FROM pg_prepared_xacts WHERE database = $1";
    let prepared = server.query(prepared, &[&name]).await.unwrap_or_default();
    if !prepared.is_empty() {
        let within = connect(&url_of(name)).await;
        for row in prepared {
            let end = format!("ROLLBACK PREPARED '{}'", row.get::<_, String>(0));
            let _ = within.batch_execute(&end).await;
        }
    }
    let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    let _ = server.batch_execute(&drop).await;
}

/// Reads a text file of the repository.
pub fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
