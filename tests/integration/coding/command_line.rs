//! `bulk-export export`, `download` and `verify` with compressed files.

use std::{fs, path::Path};

use bulk_export_domain::file::Coding;
use bulk_export_tests::{
    Stack,
    binaries::Binary,
    process::{Ended, Environment, run},
    secs, tokens,
};

use super::{CODED, Coded};

async fn bulk_export(stack: &Stack, arguments: &[&str]) -> Ended {
    let environment = Environment::from([
        ("BULK_EXPORT_URL".to_owned(), stack.base.clone()),
        (
            "BULK_EXPORT_TOKEN".to_owned(),
            tokens::token("admin", "ADMIN"),
        ),
        (
            "IPFS_GATEWAY_URL".to_owned(),
            stack.kubo.gateway_url.clone(),
        ),
    ]);
    run(Binary::Cli, arguments, &environment, secs(60)).await
}

/// Runs a command that must end well, and gives what it printed.
async fn done(stack: &Stack, arguments: &[&str]) -> String {
    let ended = bulk_export(stack, arguments).await;
    assert!(ended.status.success(), "{arguments:?}: {}", ended.stderr);
    ended.stdout
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn an_export_is_kept_as_it_is_stored_or_decoded_and_verified_in_both_forms() {
    for coding in CODED {
        let file = Coded::of(coding, Stack::builder()).await;
        let (kept, plain) = (
            file.stack.folder.path().join("kept"),
            file.stack.folder.path().join("plain"),
        );
        let (out, decoded) = (kept.to_str().unwrap(), plain.to_str().unwrap());
        let types = "DocumentReference";
        done(&file.stack, &["export", "--type", types, "--out", out]).await;
        let name = format!("DocumentReference.1.ndjson{}", coding.suffix());
        assert_eq!(names(&kept), [name.as_str(), "manifest.json"]);
        assert!(fs::read(kept.join(&name)).unwrap() == file.stored);
        let said = done(&file.stack, &["verify", out]).await;
        assert!(
            said.starts_with(&format!("ok    {name}: 600 resources, ")),
            "{said}"
        );

        let arguments = ["export", "--type", types, "--decode", "--out", decoded];
        done(&file.stack, &arguments).await;
        let name = "DocumentReference.1.ndjson";
        assert_eq!(names(&plain), [name, "manifest.json"]);
        assert!(fs::read(plain.join(name)).unwrap() == file.plain);
        let said = done(&file.stack, &["verify", decoded]).await;
        assert!(
            said.starts_with(&format!("ok    {name}: 600 resources, ")),
            "{said}"
        );

        let text = fs::read_to_string(plain.join(name)).unwrap();
        let last = text.trim_end().rfind('\n').unwrap() + 1;
        fs::write(plain.join(name), &text[..last]).unwrap();
        let ended = bulk_export(&file.stack, &["verify", decoded]).await;
        assert_eq!(ended.status.code(), Some(1));
        assert!(
            ended
                .stdout
                .contains("its count of resources is 599, not 600"),
            "{}",
            ended.stdout
        );
    }
}

#[tokio::test]
async fn files_at_ipfs_urls_come_from_the_gateway_as_they_are_stored() {
    let stack = Stack::builder()
        .sample(5)
        .workers(1)
        .worker("EXPORT_COMPRESSION", Coding::Zstd.as_str())
        .api("EXPORT_FILE_URLS", "ipfs")
        .start()
        .await;
    for (form, name) in [
        (None, "Patient.1.ndjson.zst"),
        (Some("--decode"), "Patient.1.ndjson"),
    ] {
        let folder = stack.folder.path().join(name);
        let out = folder.to_str().unwrap();
        let mut arguments = vec!["export", "--type", "Patient", "--out", out];
        arguments.extend(form);
        done(&stack, &arguments).await;
        assert_eq!(names(&folder), [name, "manifest.json"]);
        done(&stack, &["verify", out]).await;
    }
}
