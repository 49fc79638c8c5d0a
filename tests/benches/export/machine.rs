//! The machine that the figures are true of.

use std::{fs, path::Path, process::Command};

use crate::system::System;

/// Describes the machine in a few lines.
pub(crate) async fn describe(system: &System) -> Vec<String> {
    let setting = async |name: &str| -> String {
        system
            .stack
            .database
            .value(&format!("SELECT current_setting('{name}')"), &[])
            .await
    };
    let postgres = setting("server_version").await;
    let postgres = postgres.split(' ').next().unwrap_or_default();
    let settings = format!(
        "shared_buffers {}, fsync {}",
        setting("shared_buffers").await,
        setting("fsync").await
    );
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = field(&cpuinfo, "model name").unwrap_or("unknown");
    let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = field(&meminfo, "MemTotal").unwrap_or("unknown");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    vec![
        format!(
            "{} cores of {model}, {} of memory, Linux {}",
            cores(),
            gibibytes(memory),
            kernel.trim()
        ),
        format!("PostgreSQL {postgres} ({settings}), on the same machine by TCP"),
        format!(
            "Kubo {}, Redis {}, curl {}, wrk",
            kubo(),
            version("redis-server", 2).trim_start_matches("v="),
            version("curl", 1)
        ),
        format!(
            "rustc {}, release build; load before the start: {}",
            version("rustc", 1),
            load.trim()
        ),
    ]
}

/// Gives the number of processors that we may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, Into::into)
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim())
}

fn gibibytes(kilobytes: &str) -> String {
    let number = kilobytes
        .split(' ')
        .next()
        .and_then(|word| word.parse::<u64>().ok());
    number.map_or_else(
        || kilobytes.to_owned(),
        |number| format!("{} GiB", number >> 20),
    )
}

/// Gives the n-th word of what a program says of its version.
fn version(program: &str, word: usize) -> String {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    text.split_whitespace()
        .nth(word)
        .unwrap_or("unknown")
        .to_owned()
}

fn kubo() -> String {
    let script = bulk_export_tests::binaries::workspace().join("deploy/dev/services");
    let path = Command::new(script).arg("ipfs").output();
    let path = path.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    path.ok()
        .filter(|path| Path::new(path).is_file())
        .map_or_else(|| "unknown".to_owned(), |path| version(&path, 2))
}
