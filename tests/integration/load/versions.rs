//! Loading again: what is the same makes no version, what has changed makes one.

use super::world::{World, observation, observations};

#[tokio::test]
async fn loading_the_same_again_changes_nothing() {
    let world = World::new().await;
    let file = world.file("a.ndjson", observations("o", 6_000));
    assert_eq!(
        world.load(&[&file]).await.with(0).figures("total"),
        [6_000, 0, 0, 0]
    );
    let times = "SELECT md5(string_agg(resource_version::text, '' ORDER BY resource_type, id, version)) FROM resource_version";
    let before: String = world.database.value(times, &[]).await;
    assert_eq!(
        world.load(&[&file]).await.with(0).figures("total"),
        [0, 0, 6_000, 0]
    );
    assert_eq!(world.database.value::<String>(times, &[]).await, before);
}

#[tokio::test]
async fn what_has_changed_becomes_a_new_version() {
    let world = World::new().await;
    let file = world.file("a.ndjson", observations("o", 3));
    world.load(&[&file]).await.with(0);
    let changed = [
        observation("o0", "1.50"),
        observation("o1", "1.5"),
        observation("n", "2"),
    ];
    let file = world.file("b.ndjson", changed.join("\n"));
    assert_eq!(
        world.load(&[&file]).await.with(0).figures("b.ndjson"),
        [1, 1, 1, 0]
    );
    let expected = [
        "Observation/n/1",
        "Observation/o0/1",
        "Observation/o1/2",
        "Observation/o2/1",
    ];
    assert_eq!(world.current().await, expected);
    assert_eq!(world.versions().await, 5);
}

#[tokio::test]
async fn the_last_of_several_lines_of_a_resource_is_the_current_one() {
    let world = World::new().await;
    let lines = ["1", "2", "2", "3"].map(|value| observation("o", value));
    let file = world.file("a.ndjson", lines.join("\n"));
    let ended = world.load(&[&file]).await.with(0);
    assert_eq!(ended.figures("a.ndjson"), [1, 0, 0, 0]);
    assert!(
        ended.stderr.contains("3 resources are not counted"),
        "{}",
        ended.stderr
    );
    let body = world.body("Observation", "o").await;
    assert_eq!(body["valueQuantity"]["value"], 3);
    // Far apart, they are in different batches.
    let lines = format!(
        "{}\n{}{}",
        observation("o", "4"),
        observations("x", 6_000),
        observation("o", "5")
    );
    let file = world.file("b.ndjson", lines);
    world.load(&[&file]).await.with(0);
    let body = world.body("Observation", "o").await;
    assert_eq!(body["valueQuantity"]["value"], 5);
}

#[tokio::test]
async fn two_loads_at_once_of_the_same_resources_both_end_well() {
    let world = World::new().await;
    let mut lines: Vec<_> = (0..8_000)
        .map(|n| observation(&format!("o{n}"), "1"))
        .collect();
    let one = world.file("one.ndjson", lines.join("\n"));
    lines.reverse();
    let other = world.file(
        "other.ndjson",
        lines.join("\n").replace("\"value\":1", "\"value\":2"),
    );
    let (first, second) = ([one.as_str()], [other.as_str(), "--rejects", "r"]);
    let (first, second) = tokio::join!(world.load(&first), world.load(&second));
    let sum = |figures: [u64; 4]| figures.iter().sum::<u64>();
    assert_eq!(sum(first.with(0).figures("total")), 8_000);
    assert_eq!(sum(second.with(0).figures("total")), 8_000);
    assert_eq!(world.current().await.len(), 8_000);
}
