//! The life of a server's process: its configuration whole or not at all, and one end for every signal.

use std::{future::Future, process::ExitCode, time::Duration};

use bulk_export_domain::config::{Logging, Problems, Variables};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::{Traces, logging, metrics::Metrics};

/// Which of our servers this process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// The HTTP server.
    Api,
    /// The worker.
    Worker,
}

impl Program {
    /// Gives the program's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "bulk-export-api",
            Self::Worker => "bulk-export-worker",
        }
    }
}

/// What a server's configuration says of how it is seen.
#[derive(Debug)]
pub struct Seen<'a> {
    /// How logs are written.
    pub logging: &'a Logging,
    /// Where traces go.
    pub traces: Option<&'a Traces>,
}

/// Runs a server: `read` its configuration, start its logs, and `serve` until SIGTERM or SIGINT cancels the token.
/// Whatever is wrong goes to the standard error output.
pub fn main<C, F>(
    program: Program,
    read: impl FnOnce(Variables) -> Result<C, Problems>,
    seen: impl FnOnce(&C) -> Seen<'_>,
    serve: impl FnOnce(C, Metrics, CancellationToken) -> F,
) -> ExitCode
where
    F: Future<Output = anyhow::Result<()>>,
{
    let config = match Variables::from_process().and_then(read) {
        Ok(config) => config,
        Err(problems) => {
            eprintln!("error: {problems}");
            return ExitCode::FAILURE;
        }
    };
    let Seen { logging, traces } = seen(&config);
    // Before the runtime and until after it: what sends has threads of its own, which may block.
    let started = logging::init(program, logging, traces);
    match started.and_then(|sending| {
        let ended = run(program, config, serve);
        drop(sending);
        ended
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until it is told to stop. A thread that hangs in a server that does not answer holds the end up no longer than
/// this: dropping the runtime would wait for it for ever.
fn run<C, F>(
    program: Program,
    config: C,
    serve: impl FnOnce(C, Metrics, CancellationToken) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(async {
        let metrics = Metrics::install(program)?;
        serve(config, metrics, told_to_stop()?).await
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

/// Gives a token that SIGTERM and SIGINT cancel.
fn told_to_stop() -> std::io::Result<CancellationToken> {
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.cancel();
    });
    Ok(stop)
}
