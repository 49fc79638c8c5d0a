//! Configuration: read whole before anything starts, and everything that is wrong is told at once, by name.

use bulk_export_tests::{
    Stack,
    binaries::Binary,
    process::{Ended, Environment, run},
    secs,
};

fn environment(pairs: &[(&str, &str)]) -> Environment {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

async fn refused(binary: Binary, arguments: &[&str], environment: &Environment) -> Ended {
    let ended = run(binary, arguments, environment, secs(10)).await;
    assert!(
        !ended.status.success(),
        "{binary:?} {arguments:?}: {}{}",
        ended.stdout,
        ended.stderr
    );
    ended
}

fn names_all(ended: &Ended, names: &[&str]) {
    for name in names {
        assert!(
            ended.stderr.contains(name),
            "{name} is not named in: {}",
            ended.stderr
        );
    }
}

#[tokio::test]
async fn the_api_names_everything_that_is_missing() {
    let ended = refused(Binary::Api, &[], &Environment::new()).await;
    names_all(
        &ended,
        &[
            "DATABASE_URL",
            "PUBLIC_BASE_URL",
            "IPFS_GATEWAY_URL",
            "AUTH_JWKS_URL",
            "AUTH_ISSUER",
            "AUTH_AUDIENCE",
        ],
    );
}

#[tokio::test]
async fn the_worker_names_everything_that_is_missing() {
    let ended = refused(Binary::Worker, &[], &Environment::new()).await;
    names_all(&ended, &["DATABASE_URL", "IPFS_API_URL"]);
}

#[tokio::test]
async fn the_api_names_everything_that_is_wrong_and_repeats_no_value() {
    let wrong = [
        ("DATABASE_URL", "mysql://u:canary-1@h/d"),
        ("PUBLIC_BASE_URL", "ftp://canary-2/"),
        ("IPFS_GATEWAY_URL", "canary-3"),
        ("API_LISTEN", "canary-4"),
        ("REDIS_PORT", "70000"),
        ("DB_CONNECTIONS", "0"),
        ("EXPORT_TTL", "canary-5"),
        ("EXPORT_FILE_URLS", "canary-6"),
        ("AUTH_DEV_SECRET", "canary-7"),
        ("AUTH_LEEWAY", "10m"),
        ("LOG_FORMAT", "canary-8"),
    ];
    let ended = refused(Binary::Api, &[], &environment(&wrong)).await;
    names_all(&ended, &wrong.map(|(name, _)| name));
    names_all(&ended, &["AUTH_ISSUER", "AUTH_AUDIENCE"]);
    assert!(
        !ended.stderr.contains("canary"),
        "no value is repeated: {}",
        ended.stderr
    );
}

#[tokio::test]
async fn the_worker_names_everything_that_is_wrong() {
    let wrong = [
        ("DATABASE_URL", "nonsense"),
        ("IPFS_API_URL", "nonsense"),
        ("WORKER_LISTEN", "nonsense"),
        ("WORKER_PARTS", "0"),
        ("PART_LEASE", "nonsense"),
        ("PART_ATTEMPTS", "0"),
        ("RECONCILE_INTERVAL", "nonsense"),
        ("SWEEP_INTERVAL", "nonsense"),
        ("EXPORT_GRACE", "nonsense"),
        ("EXPORT_PART_ROWS", "0"),
        ("EXPORT_FILE_BYTES", "nonsense"),
        ("EXPORT_MAX_RESOURCE_BYTES", "nonsense"),
        ("SHUTDOWN_GRACE", "nonsense"),
        ("REDIS_DB", "-1"),
        ("IPFS_ALLOW_PUBLIC_NODE", "true"),
    ];
    let ended = refused(Binary::Worker, &[], &environment(&wrong)).await;
    names_all(&ended, &wrong.map(|(name, _)| name));
}

#[tokio::test]
async fn the_command_line_names_what_a_command_needs() {
    let nothing = Environment::new();
    names_all(
        &refused(Binary::Cli, &["migrate"], &nothing).await,
        &["DATABASE_URL"],
    );
    names_all(
        &refused(Binary::Cli, &["load", "--sample", "1"], &nothing).await,
        &["DATABASE_URL"],
    );
    let token = refused(Binary::Cli, &["token", "--role", "ADMIN"], &nothing).await;
    names_all(&token, &["AUTH_DEV_SECRET", "AUTH_ISSUER", "AUTH_AUDIENCE"]);
    names_all(
        &refused(Binary::Cli, &["export"], &nothing).await,
        &["BULK_EXPORT_URL", "BULK_EXPORT_TOKEN"],
    );
    refused(Binary::Cli, &["no-such-command"], &nothing).await;
}

#[tokio::test]
async fn every_program_tells_its_version_and_its_help() {
    for binary in Binary::ALL {
        for flag in ["--version", "--help"] {
            let ended = run(binary, &[flag], &Environment::new(), secs(10)).await;
            assert!(
                ended.status.success(),
                "{binary:?} {flag}: {}",
                ended.stderr
            );
            assert!(
                !ended.stdout.is_empty(),
                "{binary:?} {flag} prints to the standard output"
            );
        }
    }
}

#[tokio::test]
async fn the_development_secret_is_for_loopback_only_and_has_32_bytes() {
    let stack = Stack::builder().start().await;
    let mut environment = stack.api_environment(1);
    environment.insert(
        "PUBLIC_BASE_URL".to_owned(),
        "https://fhir.example.org".to_owned(),
    );
    names_all(
        &refused(Binary::Api, &[], &environment).await,
        &["AUTH_DEV_SECRET"],
    );
    let mut environment = stack.api_environment(1);
    environment.insert(
        "AUTH_DEV_SECRET".to_owned(),
        "31 bytes are one too few, surely"
            .chars()
            .take(31)
            .collect(),
    );
    names_all(
        &refused(Binary::Api, &[], &environment).await,
        &["AUTH_DEV_SECRET"],
    );
    let mut environment = stack.api_environment(1);
    environment.insert("AUTH_JWKS_FILE".to_owned(), "/nowhere".to_owned());
    names_all(
        &refused(Binary::Api, &[], &environment).await,
        &["AUTH_DEV_SECRET", "AUTH_JWKS_FILE"],
    );
}

#[tokio::test]
async fn secrets_may_come_from_files() {
    let mut stack = Stack::builder().sample(1).own_redis().start().await;
    let secret = stack.folder.path().join("secret");
    let password = stack.folder.path().join("password");
    std::fs::write(&secret, format!("{}\n", bulk_export_tests::tokens::SECRET)).unwrap();
    std::fs::write(&password, stack.redis.password.as_deref().unwrap()).unwrap();
    let mut worker =
        stack.worker_environment(&[("REDIS_PASSWORD_FILE", password.to_str().unwrap())]);
    worker.remove("REDIS_PASSWORD");
    let mut process = bulk_export_tests::Process::start(
        Binary::Worker,
        &worker,
        stack.folder.path(),
        "worker-files",
    );
    process.address().await;
    stack.workers.push(process);
    stack.admin().export("").await;

    let mut both = stack.worker_environment(&[("REDIS_PASSWORD_FILE", password.to_str().unwrap())]);
    names_all(
        &refused(Binary::Worker, &[], &both).await,
        &["REDIS_PASSWORD"],
    );
    both.remove("REDIS_PASSWORD");
    both.insert(
        "REDIS_PASSWORD_FILE".to_owned(),
        "/nowhere/at/all".to_owned(),
    );
    names_all(
        &refused(Binary::Worker, &[], &both).await,
        &["REDIS_PASSWORD_FILE"],
    );
    let mut api = stack.api_environment(1);
    api.remove("AUTH_DEV_SECRET");
    api.insert(
        "AUTH_DEV_SECRET_FILE".to_owned(),
        secret.to_str().unwrap().to_owned(),
    );
    api.insert("LOG_FORMAT".to_owned(), "nonsense".to_owned());
    let ended = refused(Binary::Api, &[], &api).await;
    assert!(
        ended.stderr.contains("LOG_FORMAT") && !ended.stderr.contains("AUTH_DEV_SECRET"),
        "{}",
        ended.stderr
    );
}
