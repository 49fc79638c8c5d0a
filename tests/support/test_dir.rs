//! A folder of its own for each test.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use crate::binaries;

/// A folder for a test's logs. Kept when the test fails.
#[derive(Debug)]
pub struct TestDir(PathBuf);

impl TestDir {
    /// Makes a folder named after the running test.
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("test").replace("::", ".");
        let name = format!(
            "{test}-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        let path = binaries::profile_folder()
            .with_file_name("test-logs")
            .join(name);
        fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }

    /// Gives the path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Default for TestDir {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TestDir {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the logs are kept in {}", self.0.display());
        } else {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}
