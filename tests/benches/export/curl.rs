//! `curl`: what any client costs at the least.

use std::{
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

const ALWAYS: [&str; 8] = [
    "--silent",
    "--no-progress-meter",
    "--show-error",
    "--fail",
    "--noproxy",
    "*",
    "--config",
    "-",
];

/// Downloads files into nothing, so many at once, and gives their bytes as they came over the wire.
///
/// # Panics
/// When one is not there, or not whole.
pub(crate) async fn download(urls: &[&str], token: &str, coding: &str, at_once: usize) -> u64 {
    let coding = if coding == "none" { "identity" } else { coding };
    let mut settings = format!(
        "parallel\nparallel-immediate\nparallel-max = {at_once}\n\
         header = \"Authorization: Bearer {token}\"\nheader = \"Accept-Encoding: {coding}\"\n"
    );
    for url in urls {
        settings += &into_nothing(url);
    }
    sizes(&run(settings).await)
}

/// Downloads one file that needs no token.
pub(crate) async fn fetch(url: &str) -> u64 {
    sizes(&run(into_nothing(url)).await)
}

/// Gives a file to the node, unpinned, and gives its CID.
pub(crate) async fn add(node: &str, path: &Path) -> String {
    let path = path.display();
    let answer = run(format!(
        "url = \"{node}/api/v0/add?pin=false\"\nform = \"file=@{path}\"\n"
    ))
    .await;
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("the node answers JSON");
    answer["Hash"]
        .as_str()
        .expect("the node names the file")
        .to_owned()
}

fn into_nothing(url: &str) -> String {
    format!("url = \"{url}\"\noutput = \"/dev/null\"\nwrite-out = \"%{{size_download}}\\n\"\n")
}

fn sizes(text: &str) -> u64 {
    text.lines()
        .map(|line| line.parse::<u64>().expect("curl tells the bytes"))
        .sum()
}

/// The settings come by standard input, so that no token stands in a list of processes.
async fn run(settings: String) -> String {
    let ended = tokio::task::spawn_blocking(move || {
        let mut curl = Command::new("curl");
        curl.args(ALWAYS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = curl.spawn().expect("curl starts");
        let mut input = child.stdin.take().expect("its input is piped");
        input
            .write_all(settings.as_bytes())
            .expect("curl takes its settings");
        drop(input);
        child.wait_with_output().expect("curl ends")
    });
    let output = ended.await.expect("the wait does not panic");
    assert!(output.status.success(), "curl failed: {}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}
