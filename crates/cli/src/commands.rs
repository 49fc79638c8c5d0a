//! The commands, one file each. A command prints its result to the standard output and everything else to the
//! standard error output, and gives an error that says what to do.

pub mod cancel;
pub mod download;
pub mod export;
pub mod load;
pub mod migrate;
pub mod sample;
pub mod session;
pub mod status;
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
        Command::Webhooks(args) => wait_for(webhooks::run(args, variables)),
    }
}

/// Gives the exit code of an error: 130 as shells do for Ctrl-C, else 1.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> u8 {
    let cause = error
        .downcast_ref::<Stopped>()
        .map_or(error, |stopped| &stopped.error);
    if cause.downcast_ref::<Interrupted>().is_some() {
        130
    } else {
        1
    }
}

/// Runs a client's command. The operator's commands talk to the database in this thread and need no runtime.
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
