//! The gate: while the node is away, or is not as it must be, no part is claimed.

use std::time::Duration;

use bulk_export_ipfs::{Finding, Kind};
use tokio::sync::watch;

use crate::{Context, config::ACCEPT_PUBLIC};

/// How often a node that is away is asked again.
const PROBE: Duration = Duration::from_secs(2);

/// What is known of the node.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct State {
    /// It is there and as it must be.
    fit: bool,
    /// It has no room for more files.
    full: bool,
}

/// Whether parts may be claimed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(watch::Sender<State>);

impl Gate {
    /// Says whether the node is there and as it must be: what makes room on it may go on while it is full.
    pub(crate) fn is_open(&self) -> bool {
        self.0.borrow().fit
    }

    /// Says whether parts may be claimed: the node is there, and has room.
    pub(crate) fn admits(&self) -> bool {
        self.note().is_none()
    }

    /// Says why no part is claimed, in words for people.
    pub(crate) fn note(&self) -> Option<&'static str> {
        let State { fit, full } = *self.0.borrow();
        if !fit {
            Some("the IPFS node is away, or has not been checked yet")
        } else if full {
            Some("the IPFS node is nearly full; a sweep makes room")
        } else {
            None
        }
    }

    /// Tells each time the gate moves.
    pub(crate) fn changes(&self) -> watch::Receiver<impl Sized + use<>> {
        self.0.subscribe()
    }

    /// Shuts the gate: the node is away. [`keep`] opens it again.
    pub(crate) fn shut(&self) {
        self.set(|state| state.fit = false);
    }

    /// Says whether the node is known to have no room.
    pub(crate) fn is_full(&self) -> bool {
        self.0.borrow().full
    }

    /// Notes whether the node has room; says whether that is news.
    pub(crate) fn fill(&self, full: bool) -> bool {
        self.set(|state| state.full = full)
    }

    fn set(&self, change: impl FnOnce(&mut State)) -> bool {
        self.0.send_if_modified(|state| {
            let before = *state;
            change(state);
            *state != before
        })
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
        context.gate.set(|state| state.fit = true);
        context.wake();
        if shut.wait_for(|state| !state.fit).await.is_err() {
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
