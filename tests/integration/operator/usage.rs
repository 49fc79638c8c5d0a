//! The operator's commands without a service, and what shells and manuals know of them.

use bulk_export_tests::{
    Stack,
    binaries::Binary,
    process::{Environment, run},
    secs,
};

use super::commands::{code, done};

#[tokio::test]
async fn without_a_database_every_command_says_so_and_check_is_unhealthy() {
    let environment = Environment::from([(
        "DATABASE_URL".to_owned(),
        "postgres://u@127.0.0.1:1/d".to_owned(),
    )]);
    for (arguments, expected) in [
        (vec!["status", "--check"], 3),
        (vec!["status"], 1),
        (vec!["jobs"], 1),
        (vec!["pins"], 1),
        (vec!["pause"], 1),
    ] {
        let ended = run(Binary::Cli, &arguments, &environment, secs(60)).await;
        assert_eq!(code(&ended), expected, "{arguments:?}: {}", ended.stderr);
        assert!(
            ended.stderr.contains("no connection to PostgreSQL"),
            "{}",
            ended.stderr
        );
        assert!(ended.stdout.is_empty(), "{}", ended.stdout);
    }
    let unset = run(Binary::Cli, &["jobs"], &Environment::new(), secs(60)).await;
    assert!(
        unset.stderr.contains("DATABASE_URL is not set"),
        "{}",
        unset.stderr
    );
}

#[tokio::test]
async fn completions_and_manual_pages_know_every_command() {
    let stack = Stack::builder().start().await;
    for shell in ["bash", "zsh", "fish"] {
        let script = done(&stack, &["completions", shell]).await;
        assert!(
            script.contains("retry") && script.contains("--reason") | script.contains("reason"),
            "{shell}"
        );
    }
    let bash = done(&stack, &["completions", "bash"]).await;
    let file = stack.folder.path().join("complete.bash");
    std::fs::write(&file, bash).unwrap();
    let ask = format!(
        "source {}; COMP_WORDS=(bulk-export st) COMP_CWORD=1; _bulk__export bulk-export st bulk-export; echo ${{COMPREPLY[@]}}",
        file.display()
    );
    let said = std::process::Command::new("bash")
        .arg("-c")
        .arg(ask)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "status");

    let folder = stack.folder.path().join("man");
    done(&stack, &["man", "--out", folder.to_str().unwrap()]).await;
    for page in [
        "bulk-export.1",
        "bulk-export-retry.1",
        "bulk-export-webhooks-add.1",
    ] {
        let text = std::fs::read_to_string(folder.join(page)).unwrap();
        assert!(
            text.starts_with(".ie") && text.contains(".SH NAME"),
            "{page}: {text}"
        );
    }
    assert!(done(&stack, &["man"]).await.contains("bulk\\-export"));
}
