//! The binaries under test. Cargo builds those of the package under test only, so the harness has the workspace's
//! built once a run: in the profile and the target folder of the test executable itself.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// Names one of the three programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    /// The HTTP server.
    Api,
    /// The worker.
    Worker,
    /// The command line.
    Cli,
}

impl Binary {
    /// Every program.
    pub const ALL: [Self; 3] = [Self::Api, Self::Worker, Self::Cli];

    /// Gives the file's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "bulk-export-api",
            Self::Worker => "bulk-export-worker",
            Self::Cli => "bulk-export",
        }
    }

    /// Gives the built file's path.
    pub fn path(self) -> PathBuf {
        folder().join(self.name())
    }
}

/// Gives the root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests package lies in the workspace")
}

/// Gives the folder `target/PROFILE` of the running test executable (`target/PROFILE/deps/integration-…`).
pub fn profile_folder() -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    test.ancestors()
        .nth(2)
        .expect("cargo puts tests into target/PROFILE/deps")
        .to_owned()
}

/// Gives the folder of fresh binaries; `TEST_BIN_DIR` names another one, which is then not built.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| match std::env::var_os("TEST_BIN_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => build(),
    })
}

fn build() -> PathBuf {
    let folder = profile_folder();
    let profile = folder
        .file_name()
        .and_then(|name| name.to_str())
        .expect("a profile's folder has a name");
    let profile = if profile == "debug" { "dev" } else { profile };
    let target = folder
        .parent()
        .expect("a profile's folder lies in the target folder");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let build = Command::new(cargo)
        .args([
            "build",
            "--workspace",
            "--bins",
            "--profile",
            profile,
            "--target-dir",
        ])
        .arg(target)
        .current_dir(workspace())
        .output()
        .expect("cargo runs");
    assert!(
        build.status.success(),
        "the binaries do not build:\n{}",
        String::from_utf8_lossy(&build.stderr)
    );
    for binary in Binary::ALL {
        assert!(
            folder.join(binary.name()).is_file(),
            "{} was not built into {}",
            binary.name(),
            folder.display()
        );
    }
    folder
}
