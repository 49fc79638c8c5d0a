//! A load that is broken off: by Ctrl-C, by SIGKILL, by the database. Run again, it loads the rest.

use std::{
    io::{Read, Write},
    process::Child,
};

use bulk_export_tests::{poll, secs};
use rustix::process::{Pid, Signal, kill_process};

use super::world::{Ended, World, observations};

/// Starts a load, gives it more than a batch, and waits until a batch is in the store.
async fn under_way(world: &World) -> Child {
    let mut child = world.start(&["-"]);
    let mut stdin = child.stdin.take().unwrap();
    let lines = observations("o", 7_000);
    let written =
        tokio::task::spawn_blocking(move || stdin.write_all(lines.as_bytes()).map(|()| stdin));
    // Still open: the command waits for more.
    child.stdin = Some(written.await.unwrap().unwrap());
    poll("a batch is in the store", secs(30), async || {
        (world.versions().await > 0).then_some(())
    })
    .await;
    child
}

fn signal(child: &Child, signal: Signal) {
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    kill_process(id.unwrap(), signal).unwrap();
}

/// Waits for the end of a command whose standard input stays open.
async fn end(mut child: Child) -> Ended {
    let status = poll("the load ends", secs(30), async || {
        child.try_wait().unwrap()
    })
    .await;
    let mut ended = Ended {
        code: status.code(),
        stdout: String::new(),
        stderr: String::new(),
    };
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut ended.stdout)
        .unwrap();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut ended.stderr)
        .unwrap();
    ended
}

/// Loads the whole, and checks that all is there once.
async fn again(world: &World, before: i64) {
    let figures = world
        .load_from(&["-"], observations("o", 7_000).into())
        .await
        .with(0)
        .figures("-");
    let before = u64::try_from(before).unwrap();
    assert_eq!(figures, [7_000 - before, 0, before, 0]);
    assert_eq!(world.versions().await, 7_000);
}

#[tokio::test]
async fn ctrl_c_ends_after_the_batch_and_says_how_to_go_on() {
    let world = World::new().await;
    let child = under_way(&world).await;
    signal(&child, Signal::INT);
    let ended = end(child).await.with(130);
    assert!(
        ended.stderr.contains("interrupted; what was loaded stays"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("go on with the same command"),
        "{}",
        ended.stderr
    );
    let before = world.versions().await;
    assert_eq!(
        ended.figures("-"),
        [u64::try_from(before).unwrap(), 0, 0, 0]
    );
    again(&world, before).await;
}

#[tokio::test]
async fn a_killed_load_leaves_whole_batches_and_goes_on_when_run_again() {
    let world = World::new().await;
    let child = under_way(&world).await;
    signal(&child, Signal::KILL);
    assert_eq!(end(child).await.code, None);
    // What the server was still doing for it ends by itself.
    let others = "pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    poll("its session ends", secs(30), async || {
        (world.database.count(others, &[]).await == 0).then_some(())
    })
    .await;
    let before = world.versions().await;
    assert!(before == 5_000, "one batch of 5,000 lines, not {before}");
    again(&world, before).await;
}

#[tokio::test]
async fn a_lost_connection_is_told_and_the_load_goes_on_when_run_again() {
    let world = World::new().await;
    let mut child = under_way(&world).await;
    let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    assert_eq!(world.database.value::<i64>(kill, &[]).await, 1);
    // The end of the input makes it send what is left.
    drop(child.stdin.take());
    let ended = end(child).await.with(1);
    let place = "- is not loaded from line 5001 on: ";
    assert!(ended.stderr.contains(place), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("go on with the same command"),
        "{}",
        ended.stderr
    );
    again(&world, world.versions().await).await;
}
