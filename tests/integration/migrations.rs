//! The migrations: up, down and up again; ours only; and refused where they would surprise.

use bulk_export_tests::{
    Database,
    binaries::{Binary, workspace},
    database::read,
    process::{Environment, run},
    secs,
};

/// Describes the schema: every column, constraint, index, function and trigger.
async fn schema(database: &Database) -> Vec<String> {
    let sql = "
        SELECT format('column %s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default)
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'
        UNION ALL SELECT format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> '__diesel_schema_migrations'
        UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '__diesel_schema_migrations'
        UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
          AND proname NOT LIKE 'diesel_%'
        UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
        ORDER BY 1";
    database.column(sql, &[]).await
}

async fn migrate(database: &Database) {
    let environment = Environment::from([("DATABASE_URL".to_owned(), database.url.clone())]);
    let ended = run(Binary::Cli, &["migrate"], &environment, secs(60)).await;
    assert!(ended.status.success(), "{}{}", ended.stdout, ended.stderr);
}

#[tokio::test]
async fn every_migration_goes_up_down_and_up_again() {
    let database = Database::empty().await;
    let mut folders: Vec<_> = std::fs::read_dir(workspace().join("migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(!folders.is_empty());
    let mut before = vec![schema(&database).await];
    assert_eq!(before[0], Vec::<String>::new());
    for folder in &folders {
        database.run(&read(&folder.join("up.sql"))).await;
        before.push(schema(&database).await);
    }
    let complete = before.pop().unwrap();
    for folder in folders.iter().rev() {
        database.run(&read(&folder.join("down.sql"))).await;
        assert_eq!(
            schema(&database).await,
            before.pop().unwrap(),
            "{} goes down to what was",
            folder.display()
        );
    }
    for folder in &folders {
        database.run(&read(&folder.join("up.sql"))).await;
    }
    assert_eq!(schema(&database).await, complete);

    let migrated = Database::empty().await;
    migrate(&migrated).await;
    assert_eq!(
        schema(&migrated).await,
        complete,
        "the program makes what the files say"
    );
    migrate(&migrated).await;
    assert_eq!(schema(&migrated).await, complete, "and twice does no harm");
}

#[tokio::test]
async fn the_platforms_tables_are_never_touched_by_migrate() {
    let database = Database::empty().await;
    migrate(&database).await;
    let tables: Vec<String> = database
        .column("SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1", &[])
        .await;
    assert!(
        tables.iter().all(|table| table.starts_with("bulk_export_")
            || table.starts_with("resource_")
            || table == "__diesel_schema_migrations"),
        "{tables:?}"
    );
    let owners = [
        "requester_id",
        "requester_role",
        "resource_types",
        "status",
        "progress",
        "total_resources",
        "output_files",
        "error",
        "expires_at",
        "created_at",
        "updated_at",
    ];
    for column in owners {
        let sql =
            "information_schema.columns WHERE table_name = 'bulk_export_jobs' AND column_name = $1";
        assert_eq!(
            database.count(sql, &[&column]).await,
            1,
            "the owner's column {column}"
        );
    }
    for (index, column) in [
        ("idx_bulk_export_requester", "requester_id"),
        ("idx_bulk_export_status", "status"),
        ("idx_bulk_export_expires", "expires_at"),
    ] {
        let definition: String = database
            .value(
                "SELECT indexdef FROM pg_indexes WHERE indexname = $1",
                &[&index],
            )
            .await;
        assert!(definition.ends_with(&format!("({column})")), "{definition}");
    }
}

#[tokio::test]
async fn the_audit_is_append_only() {
    let database = Database::migrated().await;
    database
        .run("INSERT INTO bulk_export_audit (action, outcome) VALUES ('kick_off', 'accepted')")
        .await;
    let session = database.session().await;
    for sql in [
        "UPDATE bulk_export_audit SET outcome = 'x'",
        "DELETE FROM bulk_export_audit",
        "TRUNCATE bulk_export_audit",
    ] {
        assert!(session.batch_execute(sql).await.is_err(), "{sql}");
    }
}
