//! The gate: while the node is away, or is not as it must be, no part is claimed.

use std::time::Duration;

use bulk_export_ipfs::{Finding, Kind};
use tokio::sync::watch;

use crate::{Context, config::ACCEPT_PUBLIC};

/// How often a node that is away is asked again.
const PROBE: Duration = Duration::from_secs(2);

/// Whether parts may be claimed.
#[derive(Debug, Clone)]
pub(crate) struct Gate(watch::Sender<bool>);

impl Default for Gate {
    fn default() -> Self {
        Self(watch::Sender::new(false))
    }
}

impl Gate {
    pub(crate) fn is_open(&self) -> bool {
        *self.0.borrow()
    }

    /// Says why the gate is shut, in words for people.
    pub(crate) fn note(&self) -> Option<&'static str> {
        (!self.is_open()).then_some("the IPFS node is away, or has not been checked yet")
    }

    /// Tells each time the gate moves.
    pub(crate) fn changes(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }

    /// Shuts the gate: the node is away. [`keep`] opens it again.
    pub(crate) fn shut(&self) {
        self.0.send_replace(false);
    }
}

/// A node that must not be given files.
#[derive(Debug, thiserror::Error)]
#[error("the IPFS node is refused:{}{}", crate::run::listed(.0), way_out(.0))]
pub struct NodeRefused(pub Vec<Finding>);

/// Says how the operator may accept what was found, where that is possible.
fn way_out(findings: &[Finding]) -> String {
    if findings.iter().all(Finding::privacy) {
        format!("\nif anyone may read the files, set IPFS_ALLOW_PUBLIC_NODE to '{ACCEPT_PUBLIC}'")
    } else {
        String::new()
    }
}

/// Opens the gate when the node is there and as it must be; opens it again after each outage.
///
/// # Errors
/// The node is there and must not be used.
pub(crate) async fn keep(context: &Context) -> Result<(), NodeRefused> {
    let mut shut = context.gate.0.subscribe();
    loop {
        admit(context).await?;
        context.gate.0.send_replace(true);
        context.wake();
        if shut.wait_for(|open| !open).await.is_err() {
            return Ok(());
        }
    }
}

/// Waits for the node and checks it.
async fn admit(context: &Context) -> Result<(), NodeRefused> {
    for attempt in 0_u64.. {
        match context.node.check().await {
            Ok(findings) => return judge(findings, context.config.accept_public_node),
            Err(error) if attempt % 15 == 0 => {
                tracing::warn!(%error, "waiting for the IPFS node; no part is claimed meanwhile");
            }
            Err(_) => {}
        }
        tokio::time::sleep(PROBE).await;
    }
    Ok(())
}

fn judge(findings: Vec<Finding>, accept_public: bool) -> Result<(), NodeRefused> {
    let (refused, accepted): (Vec<_>, Vec<_>) =
        findings
            .into_iter()
            .partition(|finding| match finding.kind {
                Kind::Import => true,
                Kind::Privacy => !accept_public,
                Kind::Version => false,
            });
    for finding in accepted {
        tracing::warn!(%finding, "the IPFS node is accepted nevertheless");
    }
    if refused.is_empty() {
        Ok(())
    } else {
        Err(NodeRefused(refused))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(kind: Kind) -> Finding {
        let text = |text: &str| text.to_owned();
        Finding {
            kind,
            setting: "Routing.Type",
            found: text("auto"),
            expected: text("none"),
            fix: text("set it"),
        }
    }

    #[test]
    fn privacy_can_be_waived_and_the_import_profile_cannot() {
        assert!(judge(vec![], false).is_ok());
        assert!(judge(vec![finding(Kind::Version)], false).is_ok());
        let refused =
            judge(vec![finding(Kind::Privacy), finding(Kind::Import)], false).unwrap_err();
        assert_eq!(refused.0.len(), 2);
        assert!(
            refused.to_string().contains("\n  Routing.Type is auto"),
            "{refused}"
        );
        assert!(judge(vec![finding(Kind::Privacy)], true).is_ok());
        assert!(judge(vec![finding(Kind::Import)], true).is_err());
    }
}
