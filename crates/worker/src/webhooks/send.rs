//! One request to a receiver: signed, to an address that was looked at, without redirect or proxy, and over with the head of
//! the answer. What the receiver says beside its status is never read.

use std::{error::Error, fmt, io, sync::Arc, time::Duration};

use bulk_export_domain::webhook::Reach;
use bulk_export_store::webhooks::Outgoing;
use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{CONTENT_TYPE, HeaderValue},
    redirect,
};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook,
};

use crate::config::Webhooks;

/// Sends deliveries.
pub(super) struct Sender {
    client: Client,
    reach: Reach,
}

/// Why an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Failure {
    /// The status, where there was an answer.
    pub(super) status: Option<u16>,
    /// What happened, in words of ours.
    pub(super) why: &'static str,
}

impl Failure {
    const fn without_answer(why: &'static str) -> Self {
        Self { status: None, why }
    }
}

const OUT_OF_REACH: &str = "its address is private, local or reserved";
const UNSIGNED: &str = "its secret cannot sign";

impl Sender {
    /// Makes the client; connects to nothing yet.
    pub(super) fn new(config: &Webhooks, deadline: Duration) -> reqwest::Result<Self> {
        let client = Client::builder()
            .timeout(deadline)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .https_only(config.reach == Reach::Public)
            .dns_resolver(Arc::new(Checked(config.reach)))
            .tls_certs_merge(config.authorities.clone())
            // A kept connection would skip the look at the address.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("fhir-bulk-export/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            client,
            reach: config.reach,
        })
    }

    /// Makes one attempt and gives the status, which is one of success.
    pub(super) async fn send(&self, outgoing: &Outgoing) -> Result<u16, Failure> {
        // An address in the URL is asked of no resolver.
        if outgoing.endpoint.check(self.reach).is_err() {
            return Err(Failure::without_answer(OUT_OF_REACH));
        }
        let timestamp = outgoing.at.timestamp();
        let signatures =
            signatures(outgoing, timestamp).ok_or(Failure::without_answer(UNSIGNED))?;
        let request = self
            .client
            .post(outgoing.endpoint.reveal().clone())
            .header(CONTENT_TYPE, "application/json")
            .header(HEADER_WEBHOOK_ID, outgoing.attempt.delivery.to_string())
            .header(HEADER_WEBHOOK_TIMESTAMP, timestamp)
            .header(HEADER_WEBHOOK_SIGNATURE, signatures)
            .body(outgoing.payload.clone());
        let answer = request
            .send()
            .await
            .map_err(|error| Failure::without_answer(why(&error)))?;
        let status = answer.status();
        if status.is_success() {
            Ok(status.as_u16())
        } else {
            Err(Failure {
                status: Some(status.as_u16()),
                why: "it answered with a status that is none of success",
            })
        }
    }
}

/// Signs with every secret: while one is replaced, the receiver knows one of two.
fn signatures(outgoing: &Outgoing, timestamp: i64) -> Option<HeaderValue> {
    let id = outgoing.attempt.delivery.to_string();
    let sign = |secret: &str| {
        let signer = Webhook::new(secret).ok()?;
        signer
            .sign(&id, timestamp, outgoing.payload.as_bytes())
            .ok()
    };
    let signatures: Option<Vec<String>> = outgoing
        .secrets
        .iter()
        .map(|secret| sign(secret.reveal()))
        .collect();
    let mut value = HeaderValue::from_str(&signatures?.join(" ")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Says what went wrong, and nothing of the URL: it may hold a secret.
fn why(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        return "it did not answer in time";
    }
    for cause in std::iter::successors(error.source(), |cause| (**cause).source()) {
        if cause.is::<OutOfReach>() {
            return OUT_OF_REACH;
        }
        if cause.is::<Unknown>() {
            return "its name cannot be resolved";
        }
        if cause.to_string().contains("certificate") {
            return "its certificate is not accepted";
        }
        let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        if kind == Some(io::ErrorKind::ConnectionRefused) {
            return "it refused the connection";
        }
    }
    if error.is_connect() {
        "it cannot be reached"
    } else {
        "the connection broke"
    }
}

/// Resolves a name, looks at all its addresses, and gives the client those and no others to connect to: a name that leads
/// elsewhere a moment later leads nowhere.
struct Checked(Reach);

/// One of the name's addresses is out of reach.
#[derive(Debug)]
struct OutOfReach;

/// The name has no address.
#[derive(Debug)]
struct Unknown;

impl fmt::Display for OutOfReach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address is out of reach")
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no address")
    }
}

impl Error for OutOfReach {}
impl Error for Unknown {}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            // The port is the URL's: the client puts it in.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found: Vec<_> = found.map_err(|_| Unknown)?.collect();
            if found.is_empty() {
                return Err(Unknown.into());
            }
            if !found.iter().all(|address| reach.admits(address.ip())) {
                return Err(OutOfReach.into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}
