//! Where webhooks do not go: to this machine and its like, unencrypted, or to somebody with another's certificate.

use bulk_export_tests::{Stack, TestDir, receiver::Receiver};
use serde_json::{Value, json};

use super::world::{add, near, run, tried};

#[tokio::test]
async fn a_private_or_unencrypted_receiver_is_not_registered() {
    let stack = Stack::builder().start().await;
    for (url, word) in [
        ("http://hooks.example.org/", "https"),
        ("https://127.0.0.1/", "private"),
        ("https://10.1.2.3:8443/hook", "private"),
        ("https://169.254.169.254/latest/meta-data/", "private"),
        ("https://[::1]/", "private"),
        ("https://[::ffff:192.168.0.1]/", "private"),
        ("https://[fd00::1]/", "private"),
        ("https://0x7f000001/", "private"),
        // A name that leads there.
        ("https://localhost/", "private"),
        ("https://no-such-name.invalid/", "resolved"),
    ] {
        let ended = run(&stack, &["add", "--client", "admin", "--url", url]).await;
        assert_eq!(ended.status.code(), Some(1), "{url}");
        assert!(ended.stderr.contains(word), "{url}: {}", ended.stderr);
        assert!(ended.stderr.contains("--url"), "{url}: {}", ended.stderr);
        assert_eq!(ended.stdout, "");
    }
    for url in [
        "hooks.example.org",
        "https://a:b@hooks.example.org/",
        "https://h.example.org/#x",
    ] {
        let ended = run(&stack, &["add", "--client", "admin", "--url", url]).await;
        assert_eq!(ended.status.code(), Some(2), "{url}");
    }
    assert_eq!(stack.database.count("bulk_export_webhooks", &[]).await, 0);
}

/// Tells one thing to a receiver whose row was written past the command's checks, and gives what became of it.
async fn sent(stack: &mut Stack, url: &str, more: &[(&str, &str)]) -> Value {
    let id = uuid::Uuid::new_v4();
    let secret = "whsec_MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA=";
    let row = "INSERT INTO bulk_export_webhooks (id, requester_id, url, events, secrets) VALUES ($1, 'admin', $2, ARRAY['cancelled'], ARRAY[$3::text])";
    stack.database.execute(row, &[&id, &url, &secret]).await;
    let admin = stack.admin();
    let job = admin.start("_type=Patient").await;
    assert_eq!(admin.delete(&job).await.status, 202);
    let worker = stack.start_worker(more).await;
    let delivery = tried(stack, 1).await;
    stack.workers[worker]
        .terminate(bulk_export_tests::secs(20))
        .await;
    stack
        .database
        .run("TRUNCATE bulk_export_webhooks CASCADE")
        .await;
    delivery
}

#[tokio::test]
async fn nothing_is_sent_to_a_private_address_nor_to_a_name_that_leads_to_one() {
    let folder = TestDir::new();
    let (tls, plain) = (
        Receiver::with_tls(folder.path()).await,
        Receiver::plain().await,
    );
    let authority = tls.authority.as_ref().unwrap().to_str().unwrap().to_owned();
    let trusting = [("WEBHOOK_CA_FILE", authority.as_str())];
    let mut stack = Stack::builder().start().await;
    let by_address = tls.url.replace("localhost", "127.0.0.1");
    let mapped = tls.url.replace("localhost", "[::ffff:127.0.0.1]");
    let unencrypted = plain.url.replace("localhost", "127.0.0.1");
    for url in [&tls.url, &by_address, &mapped, &plain.url, &unencrypted] {
        let delivery = sent(&mut stack, url, &trusting).await;
        assert_eq!(
            (&delivery["state"], &delivery["lastStatus"]),
            (&json!("due"), &Value::Null),
            "{url}"
        );
        assert!(
            tls.received().is_empty() && plain.received().is_empty(),
            "{url}"
        );
    }
    let delivery = sent(&mut stack, &tls.url, &trusting).await;
    assert_eq!(
        delivery["lastError"],
        "its address is private, local or reserved"
    );
    // The same receiver, where it may be reached: nothing else was in the way.
    let allowed = [trusting[0], super::world::ALLOW];
    assert_eq!(
        sent(&mut stack, &tls.url, &allowed).await["state"],
        "delivered"
    );
    assert_eq!(tls.received().len(), 1);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_accepted() {
    let folder = TestDir::new();
    let receiver = Receiver::with_tls(folder.path()).await;
    let mut stack = near().start().await;
    add(&stack, &receiver.url, &["--event", "cancelled"]).await;
    let admin = stack.admin();
    let job = admin.start("_type=Patient").await;
    assert_eq!(admin.delete(&job).await.status, 202);
    stack.start_worker(&[]).await;
    let delivery = tried(&stack, 1).await;
    assert_eq!(delivery["lastError"], "its certificate is not accepted");
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_parked_and_delays_nobody() {
    let mut stack = near().start().await;
    let receiver = Receiver::plain().await;
    add(&stack, &receiver.url, &["--event", "cancelled"]).await;
    let row = "INSERT INTO bulk_export_webhooks (id, requester_id, url, events, secrets)
               VALUES (gen_random_uuid(), 'admin', 'http://localhost/', ARRAY['cancelled'], ARRAY['hunter2'])";
    stack.database.run(row).await;
    let admin = stack.admin();
    let job = admin.start("_type=Patient").await;
    assert_eq!(admin.delete(&job).await.status, 202);
    stack.start_worker(&[]).await;
    receiver.received_at_least(1).await;
    let parked = super::world::settled(&stack, "parked", 1).await;
    assert_eq!(
        parked[0]["lastError"],
        "the receiver's URL or secret cannot be read"
    );
}
