//! A running program under test: its log, its memory, its signals. Dropped, it is killed.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{binaries::Binary, poll::poll};

/// The environment of a program: nothing of the tester's own reaches it.
pub type Environment = BTreeMap<String, String>;

/// A running program.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
    address: PathBuf,
    private: PathBuf,
}

/// What a program that ended by itself left behind.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Process {
    /// Starts a program; both its outputs go to `NAME.log` in the folder.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(binary: Binary, environment: &Environment, folder: &Path, name: &str) -> Self {
        let log = folder.join(format!("{name}.log"));
        let address = folder.join(format!("{name}.address"));
        let private = folder.join(format!("{name}.private-address"));
        for file in [&address, &private] {
            let _ = fs::remove_file(file);
        }
        let output = File::options()
            .append(true)
            .create(true)
            .open(&log)
            .expect("a log can be written");
        let child = command(binary, environment)
            .env("LISTEN_ADDR_FILE", &address)
            .env("PRIVATE_LISTEN_ADDR_FILE", &private)
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a log can be shared"))
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", binary.name()));
        Self {
            child,
            log,
            address,
            private,
        }
    }

    /// Gives the address that the program says it listens on, once it does.
    pub async fn address(&mut self) -> String {
        self.told(self.address.clone()).await
    }

    /// Gives the address of the API's private port, once it listens. A worker has no other port than its one.
    pub async fn private_address(&mut self) -> String {
        self.told(self.private.clone()).await
    }

    async fn told(&mut self, file: PathBuf) -> String {
        let log = self.log.clone();
        let child = &mut self.child;
        poll("the program listens", Duration::from_secs(30), async || {
            if let Some(status) = child.try_wait().expect("a child can be waited for") {
                panic!("ended at once ({status}):\n{}", tail(&log, 40));
            }
            fs::read_to_string(&file)
                .ok()
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty())
        })
        .await
    }

    /// Says how the program ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Gives the process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Panics
    /// When it does not end within the time.
    pub async fn terminate(&mut self, within: Duration) -> ExitStatus {
        self.signal(Signal::TERM);
        self.end(within).await
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When it does not end within the time.
    pub async fn end(&mut self, within: Duration) -> ExitStatus {
        let log = self.log.clone();
        let child = &mut self.child;
        let start = Instant::now();
        poll("the program ends", within, async || {
            let ended = child.try_wait().expect("a child can be waited for");
            if ended.is_none() && start.elapsed() + Duration::from_millis(100) > within {
                eprintln!("{}", tail(&log, 20));
            }
            ended
        })
        .await
    }

    /// Ends the program at once, as a crash does (SIGKILL).
    pub fn crash(&mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a killed child ends");
    }

    /// Freezes the program (SIGSTOP).
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets a frozen program go on (SIGCONT).
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Sends SIGTERM without waiting.
    pub fn ask_to_end(&self) {
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id())
            .ok()
            .and_then(Pid::from_raw)
            .expect("a child has an id");
        kill_process(id, signal).expect("a child can be signalled");
    }

    /// Gives the most memory that the program ever held, in bytes (`VmHWM`).
    pub fn peak_memory(&self) -> u64 {
        self.memory_line("VmHWM:")
    }

    /// Gives the memory that the program holds, in bytes (`VmRSS`).
    pub fn memory(&self) -> u64 {
        self.memory_line("VmRSS:")
    }

    fn memory_line(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .expect("the program runs");
        let line = status
            .lines()
            .find(|line| line.starts_with(name))
            .expect("Linux tells it");
        let kilobytes = line
            .split_whitespace()
            .nth(1)
            .and_then(|word| word.parse::<u64>().ok());
        kilobytes.expect("memory is a number") * 1024
    }

    /// Gives all that the program has written so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!(
                "--- the end of {}\n{}",
                self.log.display(),
                tail(&self.log, 40)
            );
        }
    }
}

/// Runs a program to its end.
///
/// # Panics
/// When it does not end within the time.
pub async fn run(
    binary: Binary,
    arguments: &[&str],
    environment: &Environment,
    within: Duration,
) -> Ended {
    let mut command = command(binary, environment);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{} does not start: {error}", binary.name()));
    let id = i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .expect("a child has an id");
    let waiting = tokio::task::spawn_blocking(move || child.wait_with_output());
    let Ok(output) = tokio::time::timeout(within, waiting).await else {
        let _ = kill_process(id, Signal::KILL);
        panic!(
            "{} {arguments:?} did not end within {within:?}",
            binary.name()
        );
    };
    let output = output
        .expect("the wait does not panic")
        .expect("a child can be waited for");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ended {
        status: output.status,
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

fn command(binary: Binary, environment: &Environment) -> Command {
    let mut command = Command::new(binary.path());
    command.env_clear().envs(environment);
    // A coverage build writes where it is told to.
    if let Some(profile) = std::env::var_os("LLVM_PROFILE_FILE") {
        command.env("LLVM_PROFILE_FILE", profile);
    }
    command
}

fn tail(log: &Path, lines: usize) -> String {
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
