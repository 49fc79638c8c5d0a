//! The servers that the service stands on, as far as this program can know of them.

use anyhow::Context;
use bulk_export_domain::config::Variables;
use bulk_export_ipfs::Node;
use bulk_export_queue::{Config, Hints};
use bulk_export_store::{
    DEAD_AFTER,
    operator::{About, Attention, Level, WorkerLine},
};
use url::Url;

/// What a server answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It answered.
    Up,
    /// It did not.
    Down,
}

impl Answer {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }

    fn of<T, E>(result: Result<T, E>) -> Self {
        result.map_or(Self::Down, |_| Self::Up)
    }
}

/// The servers.
#[derive(Debug)]
pub(super) struct Servers {
    /// PostgreSQL's version: it has answered.
    pub(super) postgresql: String,
    /// Absent where `REDIS_HOST` is not set.
    pub(super) redis: Option<Answer>,
    /// Absent where `IPFS_API_URL` is not set.
    pub(super) ipfs: Option<Answer>,
    /// Whether a worker claims: then the node was up when it last looked.
    pub(super) node_is_used: bool,
}

impl Servers {
    pub(super) async fn ask(
        postgresql: String,
        workers: &[WorkerLine],
        variables: &Variables,
    ) -> anyhow::Result<Self> {
        let (redis, ipfs) = tokio::join!(redis(variables), ipfs(variables));
        Ok(Self {
            postgresql,
            redis: redis?,
            ipfs: ipfs?,
            node_is_used: workers
                .iter()
                .any(|worker| worker.claiming && worker.silent < DEAD_AFTER),
        })
    }

    pub(super) fn attention(&self) -> Vec<Attention> {
        let mut found = Vec::new();
        if self.ipfs == Some(Answer::Down) {
            found.push(Attention {
                level: Level::Bad,
                about: About::Node,
                text:
                    "The IPFS node of IPFS_API_URL does not answer here: no part can be finished."
                        .to_owned(),
            });
        }
        if self.redis == Some(Answer::Down) {
            found.push(Attention {
                level: Level::Look,
                about: About::Workers,
                text: "Redis of REDIS_HOST does not answer here: exports start at the next reconciliation only.".to_owned(),
            });
        }
        found
    }
}

async fn redis(variables: &Variables) -> anyhow::Result<Option<Answer>> {
    if variables.raw("REDIS_HOST").is_none() {
        return Ok(None);
    }
    let names = ["REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD", "REDIS_DB"];
    let given = names.map(|name| {
        (
            name.to_owned(),
            variables.raw(name).unwrap_or_default().to_owned(),
        )
    });
    let mut ours = Variables::new(given);
    let config = Config::read(&mut ours);
    ours.finish()?;
    let hints = Hints::new(&config).context("Redis cannot be asked")?;
    Ok(Some(Answer::of(hints.ready().await)))
}

async fn ipfs(variables: &Variables) -> anyhow::Result<Option<Answer>> {
    let Some(url) = variables.raw("IPFS_API_URL") else {
        return Ok(None);
    };
    let unusable = "IPFS_API_URL: cannot be read: a URL such as http://127.0.0.1:5001 is expected";
    let url: Url = url.parse().ok().context(unusable)?;
    let node = Node::new(&url).context(unusable)?;
    Ok(Some(Answer::of(node.ready().await)))
}
