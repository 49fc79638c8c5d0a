//! The commands, one file each. A command prints its result to the standard output and everything else to the
//! standard error output, and gives an error that says what to do.

pub mod audit;
pub mod cancel;
pub mod clients;
pub mod download;
pub mod export;
pub mod job;
pub mod jobs;
pub mod load;
pub mod migrate;
pub mod pages;
pub mod pause;
pub mod pins;
pub mod retry;
pub mod sample;
pub mod session;
pub mod status;
pub mod sweep;
pub mod token;
pub mod verify;
pub mod webhooks;

use std::{
    future::Future,
    io::{self, Write},
};

use anyhow::Context;
use bulk_export_domain::config::Variables;

use crate::args::Command;

/// Ctrl-C, and what it left.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; {0}")]
pub struct Interrupted(&'static str);

/// An error after which something can still be done, with the commands that do it.
#[derive(Debug, thiserror::Error)]
#[error("{error:#}\n{advice}")]
pub struct Stopped {
    error: anyhow::Error,
    advice: String,
}

/// An error with an exit code of its own.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Exit {
    code: u8,
    text: String,
}

impl Exit {
    /// Makes it.
    pub fn new(code: u8, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}

/// Runs a command.
///
/// # Errors
/// What went wrong, for people.
pub fn run(command: Command, variables: &Variables) -> anyhow::Result<()> {
    match command {
        Command::Migrate(_) => migrate::run(variables),
        Command::Load(args) => load::run(&args, variables),
        Command::Sample(args) => sample::run(&args),
        Command::Token(args) => token::run(&args, variables),
        Command::Export(args) => wait_for(export::run(&args, variables)),
        Command::Status(args) => wait_for(status::run(&args, variables)),
        Command::Cancel(args) => wait_for(cancel::run(&args, variables)),
        Command::Download(args) => wait_for(download::run(&args, variables)),
        Command::Verify(args) => verify::run(&args),
        Command::Jobs(args) => wait_for(jobs::run(args, variables)),
        Command::Audit(args) => wait_for(audit::run(args, variables)),
        Command::Job(args) => wait_for(job::run(args, variables)),
        Command::Retry(args) => wait_for(retry::run(args, variables)),
        Command::Pause(args) => wait_for(pause::pause(args, variables)),
        Command::Resume(_) => wait_for(pause::resume(variables)),
        Command::Sweep(args) => wait_for(sweep::run(args, variables)),
        Command::Clients(args) => wait_for(clients::run(args, variables)),
        Command::Pins(args) => wait_for(pins::run(args, variables)),
        Command::Webhooks(args) => wait_for(webhooks::run(args, variables)),
        Command::Completions(args) => pages::completions(&args),
        Command::Man(args) => pages::man(&args),
    }
}

/// Gives the exit code of an error: its own, 130 as shells do for Ctrl-C, else 1.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> u8 {
    let cause = error
        .downcast_ref::<Stopped>()
        .map_or(error, |stopped| &stopped.error);
    if let Some(exit) = cause.downcast_ref::<Exit>() {
        exit.code
    } else if cause.downcast_ref::<Interrupted>().is_some() {
        130
    } else {
        1
    }
}

/// Runs a command that waits for others.
fn wait_for(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    runtime
        .context("the runtime cannot be started")?
        .block_on(command)
}

/// Writes a result to the standard output.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush());
    match written {
        // Whoever reads has read enough (`bulk-export … | head`).
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("the result cannot be written to the standard output"),
    }
}
