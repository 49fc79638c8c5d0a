//! What cannot be loaded: kept with its place and reason, while everything else is loaded.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use super::world::{World, observation, observations};

/// A text that nobody may see outside of the reject file.
const CANARY: &str = "canary-name";

#[tokio::test]
async fn bad_lines_go_to_the_reject_file_with_file_and_line_number() {
    let world = World::new().await;
    let bad = [
        format!(r#"{{"resourceType":"Patient","id":"x","name":"{CANARY}""#),
        format!(r#"{{"resourceType":"{CANARY}","id":"x"}}"#),
        format!(r#"{{"resourceType":"Patient","id":"{CANARY}_"}}"#),
        format!(r#"{{"resourceType":"Patient","name":"{CANARY}"}}"#),
        format!("[\"{CANARY}\"]"),
    ];
    let lines = format!(
        "{}\n{}\n\n{}\n{}\n{}\n",
        observation("a", "1"),
        bad[0],
        bad[1..4].join("\n"),
        observation("b", "1"),
        bad[4]
    );
    let one = world.file("one.ndjson", observations("c", 2) + &bad[3]);
    let two = world.file("two.ndjson", lines);
    let ended = world.load(&[&one, &two]).await.with(1);
    assert_eq!(ended.figures("one.ndjson"), [2, 0, 0, 1]);
    assert_eq!(ended.figures("two.ndjson"), [2, 0, 0, 5]);
    assert_eq!(ended.figures("total"), [4, 0, 0, 6]);
    assert!(
        ended
            .stderr
            .contains("6 resources were rejected: rejects.ndjson"),
        "{}",
        ended.stderr
    );
    assert!(!format!("{ended:?}").contains(CANARY), "{ended:?}");

    let rejects = world.rejects("rejects.ndjson");
    let places: Vec<_> = rejects
        .iter()
        .map(|r| (r["file"].clone(), r["line"].clone()))
        .collect();
    let place = |file: &str, line: u64| (json!(file), json!(line));
    let two = |line| place("two.ndjson", line);
    assert_eq!(
        places,
        [
            place("one.ndjson", 3),
            two(2),
            two(4),
            two(5),
            two(6),
            two(8)
        ]
    );
    let texts: Vec<_> = rejects[1..]
        .iter()
        .map(|r| r["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, bad);
    let mode = std::fs::metadata(world.path("rejects.ndjson"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn what_the_database_refuses_is_found_in_the_middle_of_a_batch() {
    let world = World::new().await;
    let mut lines: Vec<_> = (0..4_000)
        .map(|n| observation(&format!("o{n}"), "1"))
        .collect();
    let bad = [
        (17, observation("z0", "1").replace("\"x\"", "\"\\u0000\"")),
        (1_999, observation("z1", "1e999999")),
        (
            2_000,
            observation("z2", "1").replace("\"x\"", "\"\\ud800\""),
        ),
        (
            3_999,
            observation("z3", "1").replace("\"x\"", &("[".repeat(50_000) + &"]".repeat(50_000))),
        ),
    ];
    for (place, line) in &bad {
        lines[*place] = line.clone();
    }
    let file = world.file("a.ndjson", lines.join("\n"));
    let ended = world.load(&[&file]).await.with(1);
    assert_eq!(ended.figures("a.ndjson"), [3_996, 0, 0, 4]);
    let rejects = world.rejects("rejects.ndjson");
    assert_eq!(rejects.len(), 4);
    for (reject, (place, line)) in rejects.iter().zip(&bad) {
        assert_eq!(reject["line"], *place + 1);
        assert_eq!(reject["text"], line.as_str());
        let reason = reject["reason"].as_str().unwrap();
        assert!(reason.starts_with("refused by the database: "), "{reason}");
    }
    let known: Vec<String> = world
        .database
        .column("SELECT id FROM resource_version WHERE id LIKE 'z%'", &[])
        .await;
    assert_eq!(known, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_mended_in_the_reject_file_can_be_loaded() {
    let world = World::new().await;
    let lines = [observation("a", "01"), observation("b", "1")];
    let file = world.file("a.ndjson", lines.join("\n"));
    world.load(&[&file]).await.with(1);
    let texts: Vec<_> = world
        .rejects("rejects.ndjson")
        .iter()
        .map(|reject| reject["text"].as_str().unwrap().replace(":01", ":1"))
        .collect();
    let input = texts.join("\n").into_bytes();
    let ended = world
        .load_from(&["-", "--rejects", "again.ndjson"], input)
        .await
        .with(0);
    assert_eq!(ended.figures("-"), [1, 0, 0, 0]);
    assert_eq!(
        world.current().await,
        ["Observation/a/1", "Observation/b/1"]
    );
}

#[tokio::test]
async fn no_file_is_overwritten_by_rejects() {
    let world = World::new().await;
    let file = world.file("a.ndjson", "x\n");
    world.file("rejects.ndjson", "mine");
    let ended = world.load(&[&file]).await.with(1);
    assert!(
        ended.stderr.contains("rejects.ndjson is there already"),
        "{}",
        ended.stderr
    );
    assert_eq!(
        std::fs::read_to_string(world.path("rejects.ndjson")).unwrap(),
        "mine"
    );
    let ended = world.load(&[&file, "--rejects", "other"]).await.with(1);
    assert_eq!(ended.figures("total"), [0, 0, 0, 1]);
    assert_eq!(world.rejects("other").len(), 1);
}

#[tokio::test]
async fn a_line_that_is_too_long_or_no_utf8_is_rejected_alone() {
    let world = World::new().await;
    let long = observation("long", "1").replace("\"x\"", &format!("\"{}\"", "y".repeat(17 << 20)));
    let mut content = format!("{}\n{long}\n", observation("a", "1")).into_bytes();
    content.extend(b"{\"resourceType\":\"Patient\",\"id\":\"l1\",\"x\":\"M\xfcller\"}\n");
    content.extend(observation("b", "1").as_bytes());
    let ended = world
        .load(&[&world.file("a.ndjson", content)])
        .await
        .with(1);
    assert_eq!(ended.figures("total"), [2, 0, 0, 2]);
    let rejects = world.rejects("rejects.ndjson");
    assert_eq!(
        (&rejects[0]["line"], &rejects[0]["text"]),
        (&json!(2), &Value::Null)
    );
    assert!(
        rejects[0]["reason"]
            .as_str()
            .unwrap()
            .starts_with("longer than 16777216 bytes")
    );
    assert_eq!(rejects[1]["line"], 3);
    assert!(
        rejects[1]["text"]
            .as_str()
            .unwrap()
            .contains("M\u{fffd}ller")
    );
}

#[tokio::test]
async fn a_pretty_printed_file_is_rejected_as_a_whole() {
    let world = World::new().await;
    let pretty =
        serde_json::to_string_pretty(&json!({"resourceType": "Patient", "id": "p"})).unwrap();
    let ended = world.load(&[&world.file("a.json", pretty)]).await.with(1);
    assert_eq!(ended.figures("a.json"), [0, 0, 0, 1]);
    let rejects = world.rejects("rejects.ndjson");
    assert!(rejects[0]["reason"].as_str().unwrap().contains("--bundle"));
    // One after a good line is rejected line by line.
    let lines = format!(
        "{}\n{{\n\"resourceType\":\"Patient\"\n}}\n",
        observation("a", "1")
    );
    let ended = world
        .load(&[&world.file("b.ndjson", lines), "--rejects", "b"])
        .await;
    assert_eq!(ended.with(1).figures("total"), [1, 0, 0, 3]);
}

#[tokio::test]
async fn a_row_that_a_rule_of_the_databases_own_refuses_is_found_too() {
    let world = World::new().await;
    let rule = "ALTER TABLE resource_version ADD CONSTRAINT own_rule CHECK (id NOT LIKE 'bad%')";
    world.database.run(rule).await;
    let mut lines: Vec<_> = (0..1_000)
        .map(|n| observation(&format!("o{n}"), "1"))
        .collect();
    for (place, id) in [(0, "bad0"), (500, "bad1"), (501, "bad2"), (999, "bad3")] {
        lines[place] = observation(id, "1");
    }
    let ended = world
        .load(&[&world.file("a.ndjson", lines.join("\n"))])
        .await;
    assert_eq!(ended.with(1).figures("total"), [996, 0, 0, 4]);
    let rejects = world.rejects("rejects.ndjson");
    let places: Vec<_> = rejects
        .iter()
        .map(|r| r["line"].as_u64().unwrap())
        .collect();
    assert_eq!(places, [1, 501, 502, 1_000]);
    assert!(
        rejects
            .iter()
            .all(|r| r["reason"].as_str().unwrap().contains("own_rule"))
    );
}

#[tokio::test]
async fn a_database_that_cannot_go_on_rejects_nothing() {
    let world = World::new().await;
    world
        .database
        .run("CREATE FUNCTION no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE '53100' USING MESSAGE = 'no space left'; END $$;
              CREATE TRIGGER no_space BEFORE INSERT ON resource_compartment EXECUTE FUNCTION no_space()")
        .await;
    let file = world.file("a.ndjson", observations("o", 3));
    let ended = world.load(&[&file]).await.with(1);
    assert!(ended.stderr.contains("no space left"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("go on with the same command"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.figures("total"), [0, 0, 0, 0]);
    assert!(!world.path("rejects.ndjson").exists());
}
