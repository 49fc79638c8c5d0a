//! Files of every form that is read: plain, packed, several, and the standard input.

use serde_json::json;

use super::world::{World, gzip, observation, observations};

#[tokio::test]
async fn a_plain_file_of_several_types_is_loaded_as_it_is() {
    let world = World::new().await;
    let patient =
        r#"{"resourceType":"Patient","id":"p","name":[{"family":"Ünal \"x\" \\ \u00e9 \/"}]}"#;
    let device = r#"{ "id" : "d.1", "resourceType" : "Device", "extension":[{"url":"http://x","valueDecimal":0.010}] }"#;
    let lines = format!(
        "\u{feff}{patient}\r\n\r\n{device}\n{}",
        observation("o", "1.1000")
    );
    let ended = world.load(&[&world.file("a.ndjson", lines)]).await.with(0);
    assert_eq!(ended.figures("a.ndjson"), [3, 0, 0, 0]);
    assert_eq!(ended.figures("total"), [3, 0, 0, 0]);
    assert_eq!(
        world.current().await,
        ["Device/d.1/1", "Observation/o/1", "Patient/p/1"]
    );
    assert_eq!(
        world.body("Patient", "p").await["name"],
        json!([{"family": "Ünal \"x\" \\ é /"}])
    );
    let sql = "SELECT body FROM resource_version WHERE resource_type = $1";
    let stored: String = world.database.value(sql, &[&"Observation"]).await;
    assert!(stored.contains(r#"{"value":1.1000}"#), "{stored}");
    let stored: String = world.database.value(sql, &[&"Device"]).await;
    assert!(stored.contains(r#""valueDecimal":0.010}] }"#), "{stored}");
    let stored: String = world.database.value(sql, &[&"Patient"]).await;
    assert!(stored.contains(r#"\"x\" \\ \u00e9 \/"#), "{stored}");
    let member: bool = world
        .database
        .value("SELECT bool_and(in_patient_compartment) FROM resource_version WHERE resource_type <> 'Device'", &[])
        .await;
    assert!(member);
    assert!(!world.path("rejects.ndjson").exists());
}

#[tokio::test]
async fn gzip_is_recognised_by_its_content_also_with_several_members() {
    let world = World::new().await;
    let folder = world.folder.path();
    let members = [
        gzip(folder, observations("a", 3).as_bytes()),
        gzip(folder, observations("b", 2).as_bytes()),
    ];
    let packed = world.file("packed.ndjson", members.concat());
    let plain = world.file("plain.gz", observations("c", 1));
    let ended = world.load(&[&packed, &plain]).await.with(0);
    assert_eq!(ended.figures("packed.ndjson"), [5, 0, 0, 0]);
    assert_eq!(ended.figures("plain.gz"), [1, 0, 0, 0]);
    assert_eq!(ended.figures("total"), [6, 0, 0, 0]);
}

#[tokio::test]
async fn the_standard_input_is_read_like_a_file() {
    let world = World::new().await;
    let ended = world.load_from(&["-"], observations("a", 3).into()).await;
    assert_eq!(ended.with(0).figures("-"), [3, 0, 0, 0]);
    let packed = gzip(world.folder.path(), observations("b", 4).as_bytes());
    let file = world.file("a.ndjson", observations("c", 1));
    let ended = world.load_from(&[&file, "-"], packed).await.with(0);
    assert_eq!(ended.figures("total"), [5, 0, 0, 0]);
}

#[tokio::test]
async fn files_larger_than_a_batch_are_loaded_whole() {
    let world = World::new().await;
    let many = world.file("many.ndjson", observations("m", 12_345));
    // A few that fill batches by their bytes.
    let wide: Vec<_> = (0..5)
        .map(|number| {
            let data = "x".repeat(5 << 20);
            format!(r#"{{"resourceType":"Binary","id":"b{number}","contentType":"text/plain","data":"{data}"}}"#)
        })
        .collect();
    let wide = world.file("wide.ndjson", wide.join("\n"));
    let empty = world.file("empty.ndjson", "");
    let ended = world.load(&[&many, &empty, &wide]).await.with(0);
    assert_eq!(ended.figures("many.ndjson"), [12_345, 0, 0, 0]);
    assert_eq!(ended.figures("empty.ndjson"), [0, 0, 0, 0]);
    assert_eq!(ended.figures("wide.ndjson"), [5, 0, 0, 0]);
    assert_eq!(world.versions().await, 12_350);
    let analysed =
        "pg_class WHERE relname LIKE 'resource_version%' AND relkind = 'r' AND reltuples > 0";
    assert!(
        world.database.count(analysed, &[]).await > 0,
        "the tables are analysed"
    );
}

#[tokio::test]
async fn a_file_that_breaks_off_is_told_and_the_others_are_loaded() {
    let world = World::new().await;
    let mut packed = gzip(world.folder.path(), observations("a", 20_000).as_bytes());
    packed.truncate(packed.len() / 2);
    let broken = world.file("broken.ndjson.gz", packed);
    let whole = world.file("whole.ndjson", observations("b", 2));
    let ended = world.load(&[&broken, &whole]).await.with(1);
    assert!(
        ended
            .stderr
            .contains("broken.ndjson.gz cannot be read beyond line"),
        "{}",
        ended.stderr
    );
    let [loaded, _, _, rejected] = ended.figures("broken.ndjson.gz");
    assert!(loaded > 1_000 && rejected == 0, "{}", ended.stdout);
    assert_eq!(ended.figures("whole.ndjson"), [2, 0, 0, 0]);
}
