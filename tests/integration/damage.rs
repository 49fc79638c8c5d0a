//! A node whose copy is damaged, or that is away: never a short or changed file that looks whole.

use bulk_export_tests::{
    Stack,
    http::{Raw, raw},
    one_file::OneFile,
    poll, secs, tokens,
};

/// Reads a file as an administrator over a bare connection, as far as the server sends it.
async fn read_raw(stack: &Stack, url: &str) -> Raw {
    let path = url.strip_prefix(stack.root()).unwrap();
    let token = format!("Bearer {}", tokens::token("admin", "ADMIN"));
    raw(
        stack.address(),
        &format!("GET {path}"),
        &[("Authorization", &token)],
    )
    .await
}

async fn with_own_node() -> OneFile {
    OneFile::on(Stack::builder().workers(1).own_kubo().start().await).await
}

#[tokio::test]
async fn a_file_with_a_deleted_block_is_never_a_whole_200() {
    let file = with_own_node().await;
    std::fs::remove_file(file.stack.kubo.block(&file.bytes[4 << 20..5 << 20])).unwrap();
    let reply = read_raw(&file.stack, file.url()).await;
    assert!(
        reply.status != 200 || !reply.is_whole(),
        "{} with {} bytes",
        reply.status,
        reply.body.len()
    );
    if reply.status == 200 {
        assert_eq!(
            reply.header("content-length"),
            Some(file.bytes.len().to_string().as_str()),
            "the client sees what is missing"
        );
    }
    let range = file.ranged("bytes=0-99").await;
    assert!(
        range.status == 206 && range.body == file.bytes[..100],
        "what is there can be read"
    );
}

#[tokio::test]
async fn a_small_file_whose_only_block_is_deleted_is_an_error() {
    let stack = Stack::builder()
        .sample(3)
        .workers(1)
        .own_kubo()
        .start()
        .await;
    let admin = stack.admin();
    let item = admin.export("_type=Patient").await["output"][0].clone();
    let url = item["url"].as_str().unwrap();
    let bytes = admin.get(url).await.body;
    std::fs::remove_file(stack.kubo.block(&bytes)).unwrap();
    let reply = read_raw(&stack, url).await;
    assert!(
        reply.status >= 500 || (reply.status == 200 && !reply.is_whole()),
        "{reply:?}"
    );
}

#[tokio::test]
async fn a_file_with_a_changed_block_is_never_a_whole_200() {
    let file = with_own_node().await;
    // The last block of all: everything before it has been sent when the change is seen.
    let block = file
        .stack
        .kubo
        .block(&file.bytes[file.bytes.len() / (1 << 20) * (1 << 20)..]);
    let mut bytes = std::fs::read(&block).unwrap();
    let place = bytes
        .iter()
        .position(|byte| byte.is_ascii_hexdigit())
        .unwrap();
    bytes[place] = if bytes[place] == b'0' { b'1' } else { b'0' };
    std::fs::write(&block, bytes).unwrap();
    let reply = read_raw(&file.stack, file.url()).await;
    assert!(
        reply.status != 200 || !reply.is_whole(),
        "{} with {} bytes",
        reply.status,
        reply.body.len()
    );
    assert!(
        reply.status != 200 || reply.body.len() < file.bytes.len(),
        "the changed file was delivered whole"
    );
}

#[tokio::test]
async fn a_single_changed_byte_in_a_small_file_is_seen() {
    let stack = Stack::builder()
        .sample(3)
        .workers(1)
        .own_kubo()
        .start()
        .await;
    let admin = stack.admin();
    let item = admin.export("_type=Patient").await["output"][0].clone();
    let url = item["url"].as_str().unwrap();
    let bytes = admin.get(url).await.body;
    let mut changed = bytes.clone();
    let last = changed.len() - 3;
    changed[last] ^= 1;
    std::fs::write(stack.kubo.block(&bytes), changed).unwrap();
    let reply = read_raw(&stack, url).await;
    assert!(
        reply.status != 200 || !reply.is_whole(),
        "{} with {} bytes",
        reply.status,
        reply.body.len()
    );
}

#[tokio::test]
async fn while_the_node_is_away_a_download_is_a_transient_error_and_works_again_afterwards() {
    let mut file = with_own_node().await;
    file.stack.private_kubo.as_ref().unwrap().halt();
    let issue = {
        let reply = file.client.get(file.url()).await;
        assert!(
            matches!(reply.status.as_u16(), 502..=504),
            "{}",
            reply.status
        );
        assert!(reply.header("retry-after").is_some(), "{:?}", reply.headers);
        reply.outcome(reply.status.as_u16(), "transient")
    };
    let text = issue.to_string();
    assert!(
        !text.contains("127.0.0.1") && !text.to_lowercase().contains("kubo"),
        "no internals: {text}"
    );
    assert_eq!(
        file.client.get(&file.status_url).await.status,
        200,
        "the manifest needs no node"
    );
    file.stack.private_kubo.as_mut().unwrap().resume();
    let again = poll("the download works again", secs(30), async || {
        Some(file.client.get(file.url()).await).filter(|reply| reply.status == 200)
    })
    .await;
    assert!(again.body == file.bytes);
}
