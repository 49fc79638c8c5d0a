//! Wrong usage is refused before anything is done.

use bulk_export_tests::{
    Database, TestDir,
    binaries::Binary,
    process::{Environment, run},
    secs,
};

use super::world::{World, observations};

#[tokio::test]
async fn wrong_usage_exits_with_2_and_says_what_is_expected() {
    let world = World::new().await;
    let cases: [(&[&str], &str); 7] = [
        (&[], "<FILE>"),
        (&["--bundle"], "<FILE>"),
        (&["a.ndjson", "--sample", "1"], "cannot be used with"),
        (&["--sample", "1", "--bundle"], "cannot be used with"),
        (&["--sample", "1", "--rejects", "r"], "cannot be used with"),
        (&["a.ndjson", "--seed", "1"], "cannot be used with"),
        (&["--sample", "0"], "1..=100000000"),
    ];
    for (arguments, expected) in cases {
        let ended = world.load(arguments).await.with(2);
        assert!(
            ended.stderr.contains(expected),
            "{arguments:?}: {}",
            ended.stderr
        );
        assert!(
            ended.stderr.contains("Usage:") || ended.stderr.contains("--help"),
            "{}",
            ended.stderr
        );
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_told_before_anything_is_loaded() {
    let world = World::new().await;
    let good = world.file("good.ndjson", observations("a", 1));
    for wrong in ["missing.ndjson", "."] {
        let ended = world.load(&[&good, wrong]).await.with(1);
        let expected = format!("{wrong} cannot be read; nothing was loaded");
        assert!(ended.stderr.contains(&expected), "{}", ended.stderr);
    }
    let ended = world.load(&["-", "-"]).await.with(1);
    assert!(
        ended.stderr.contains("- can be given only once"),
        "{}",
        ended.stderr
    );
    let ended = world
        .load(&[&good, "--rejects", "none/rejects"])
        .await
        .with(1);
    assert!(
        ended.stderr.contains("its folder is not there"),
        "{}",
        ended.stderr
    );
    assert_eq!(world.versions().await, 0);
}

#[tokio::test]
async fn a_database_without_the_store_is_told_with_the_remedy() {
    let (database, folder) = (Database::empty().await, TestDir::new());
    let file = folder.path().join("a.ndjson");
    std::fs::write(&file, observations("a", 1)).unwrap();
    let environment = Environment::from([("DATABASE_URL".to_owned(), database.url.clone())]);
    let arguments = [
        "load",
        file.to_str().unwrap(),
        "--rejects",
        "/tmp/no-such-rejects-file",
    ];
    let ended = run(Binary::Cli, &arguments, &environment, secs(30)).await;
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        ended.stderr.contains("bulk-export migrate"),
        "{}",
        ended.stderr
    );
}
