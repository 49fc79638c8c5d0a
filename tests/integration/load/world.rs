//! A database with an empty resource store, a folder with files, and the command.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use bulk_export_tests::{Database, TestDir, binaries::Binary};
use serde_json::Value;

/// A test's world.
pub(super) struct World {
    pub(super) database: Database,
    pub(super) folder: TestDir,
}

/// What a run left.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl World {
    pub(super) async fn new() -> Self {
        Self {
            database: Database::migrated().await,
            folder: TestDir::new(),
        }
    }

    /// Writes a file and gives its name.
    pub(super) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), content).unwrap();
        name.to_owned()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `load` in the folder to its end.
    pub(super) async fn load(&self, arguments: &[&str]) -> Ended {
        self.load_from(arguments, Vec::new()).await
    }

    /// The same with something on the standard input.
    pub(super) async fn load_from(&self, arguments: &[&str], input: Vec<u8>) -> Ended {
        let mut child = self.start(arguments);
        let wait = move || {
            let mut stdin = child.stdin.take().unwrap();
            // The command may end without reading it all.
            let _ = stdin.write_all(&input);
            drop(stdin);
            Ended::from(child.wait_with_output().unwrap())
        };
        tokio::task::spawn_blocking(wait).await.unwrap()
    }

    /// Starts `load` in the folder; whoever starts it writes its standard input.
    pub(super) fn start(&self, arguments: &[&str]) -> Child {
        Command::new(Binary::Cli.path())
            .arg("load")
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("DATABASE_URL", &self.database.url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Gives the lines of a reject file.
    pub(super) fn rejects(&self, name: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.path(name)).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Gives the current resources as `Type/id/version`, in that order.
    pub(super) async fn current(&self) -> Vec<String> {
        let sql = "SELECT format('%s/%s/%s', resource_type, id, version) FROM resource_version
                   WHERE valid_to IS NULL AND NOT deleted ORDER BY resource_type COLLATE \"C\", id COLLATE \"C\"";
        self.database.column(sql, &[]).await
    }

    /// Gives the current body of a resource, without the meta that the store adds.
    pub(super) async fn body(&self, kind: &str, id: &str) -> Value {
        let sql = "SELECT body FROM resource_version WHERE resource_type = $1 AND id = $2 AND valid_to IS NULL";
        let body: String = self.database.value(sql, &[&kind, &id]).await;
        let mut body: Value = serde_json::from_str(&body).unwrap();
        body.as_object_mut().unwrap().remove("meta");
        body
    }

    pub(super) async fn versions(&self) -> i64 {
        self.database.count("resource_version", &[]).await
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Ended {
    /// Asserts the exit code.
    pub(super) fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        self
    }

    /// Gives the figures of a line of the summary: loaded, updated, unchanged, rejected.
    pub(super) fn figures(&self, file: &str) -> [u64; 4] {
        let line = self
            .stdout
            .lines()
            .find(|line| line.split_whitespace().next() == Some(file));
        let line = line.unwrap_or_else(|| panic!("no line {file} in {}", self.stdout));
        let figure = |text: &str| text.replace(',', "").parse().unwrap();
        let figures: Vec<u64> = line.split_whitespace().skip(1).map(figure).collect();
        figures.try_into().unwrap()
    }
}

/// An observation of the only patient `p`.
pub(super) fn observation(id: &str, value: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"{id}","status":"final","code":{{"text":"x"}},"subject":{{"reference":"Patient/p"}},"valueQuantity":{{"value":{value}}}}}"#
    )
}

/// Lines with so many observations, whose ids begin so.
pub(super) fn observations(prefix: &str, count: usize) -> String {
    let lines: Vec<_> = (0..count)
        .map(|number| observation(&format!("{prefix}{number}"), "1.50"))
        .collect();
    lines.join("\n") + "\n"
}

/// Packs with gzip, as the program of that name does.
pub(super) fn gzip(folder: &Path, content: &[u8]) -> Vec<u8> {
    let plain = folder.join("to-pack");
    std::fs::write(&plain, content).unwrap();
    let packed = Command::new("gzip").arg("-c").arg(plain).output().unwrap();
    assert!(packed.status.success());
    packed.stdout
}
