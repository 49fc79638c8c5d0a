//! A bulk client: kick-off, polling, manifest, files. It speaks HTTP as any standard client does.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    data::{Ids, exported},
    poll, secs,
};

/// The key of the extension that every item of a manifest carries.
pub const FILE_EXTENSION: &str = "https://fhir-bulk-export.org/extension/file";

/// A client with a token, or without.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Gives the body as JSON.
    ///
    /// # Panics
    /// When it is not.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}: not JSON: {}", self.status, self.text()))
    }

    /// Gives the body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Gives a header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Checks that this is an error told as FHIR tells it, and gives the first issue.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn outcome(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        let kind = self.header("content-type").unwrap_or_default();
        assert!(
            kind.starts_with("application/fhir+json"),
            "{status} with Content-Type {kind}"
        );
        let body = self.json();
        assert_eq!(body["resourceType"], "OperationOutcome", "{body}");
        let issue = body["issue"][0].clone();
        assert_eq!(
            (&issue["severity"], &issue["code"]),
            (&"error".into(), &code.into()),
            "{body}"
        );
        assert!(
            issue["details"]["text"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{body}"
        );
        issue
    }
}

impl Client {
    /// Makes a client for the server at this base (`…/fhir/r4`).
    pub fn new(base: &str, token: Option<String>) -> Self {
        let builder = reqwest::Client::builder()
            .no_proxy()
            .timeout(secs(120))
            .redirect(reqwest::redirect::Policy::none());
        Self {
            http: builder.build().expect("a client can be made"),
            base: base.to_owned(),
            token,
        }
    }

    /// Starts a request; a path is taken from the base, a full URL as it is.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}/{path}", self.base)
        };
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request and reads the answer to its end.
    ///
    /// # Panics
    /// When the connection breaks.
    pub async fn send(request: RequestBuilder) -> Reply {
        let reply = request.send().await.expect("the server answers");
        let (status, headers) = (reply.status(), reply.headers().clone());
        let body = reply.bytes().await.expect("the answer is whole").to_vec();
        Reply {
            status,
            headers,
            body,
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        Self::send(self.request(Method::GET, path)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        Self::send(self.request(Method::DELETE, path)).await
    }

    /// Sends a kick-off with the two headers that it needs.
    pub async fn kick_off(&self, query: &str) -> Reply {
        self.kick_off_preferring(query, "respond-async").await
    }

    /// Sends a kick-off with this `Prefer`.
    pub async fn kick_off_preferring(&self, query: &str, prefer: &str) -> Reply {
        let mark = if query.is_empty() { "" } else { "?" };
        let request = self.request(Method::GET, &format!("Patient/$export{mark}{query}"));
        Self::send(
            request
                .header("Accept", "application/fhir+json")
                .header("Prefer", prefer),
        )
        .await
    }

    /// Kicks an export off and gives its status URL.
    ///
    /// # Panics
    /// When it is not accepted.
    pub async fn start(&self, query: &str) -> String {
        accepted(&self.kick_off(query).await)
    }

    /// Polls a status URL until the export is completed, and gives the manifest.
    ///
    /// # Panics
    /// When it is not completed within 60 seconds.
    pub async fn completed(&self, url: &str) -> Value {
        self.completed_within(url, secs(60)).await
    }

    /// Polls a status URL until the export is completed, for so long.
    pub async fn completed_within(&self, url: &str, within: Duration) -> Value {
        poll("the export is completed", within, async || {
            let reply = self.get(url).await;
            assert!(
                matches!(reply.status.as_u16(), 200 | 202),
                "{}: {}",
                reply.status,
                reply.text()
            );
            (reply.status == 200).then(|| reply.json())
        })
        .await
    }

    /// Kicks an export off and waits for its manifest.
    pub async fn export(&self, query: &str) -> Value {
        self.completed(&self.start(query).await).await
    }

    /// Polls a status URL until it answers with this status.
    pub async fn answers(&self, url: &str, status: u16) -> Reply {
        poll(&format!("{url} answers {status}"), secs(60), async || {
            Some(self.get(url).await).filter(|reply| reply.status == status)
        })
        .await
    }

    /// Downloads a file of a manifest, checks it against the manifest's facts, and gives its lines.
    ///
    /// # Panics
    /// When the file is not what the manifest says.
    pub async fn lines(&self, item: &Value) -> Vec<Value> {
        let reply = self
            .get(item["url"].as_str().expect("an item has a url"))
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(
            reply.header("content-type"),
            Some("application/fhir+ndjson")
        );
        // We accept no coding, so a compressed file comes decoded; its sum is that of the stored bytes.
        let facts = &item["extension"][FILE_EXTENSION];
        assert_eq!(facts["decodedSize"], reply.body.len(), "{item}");
        if facts["coding"] == "identity" {
            assert_eq!(facts["size"], reply.body.len(), "{item}");
            assert_eq!(facts["sha256"], sha256(&reply.body), "{item}");
        }
        assert_eq!(reply.body.last(), Some(&b'\n'), "every line has its end");
        let text = reply.text();
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line is JSON"))
            .collect();
        assert_eq!(item["count"], lines.len(), "{item}");
        lines
    }

    /// Downloads every output file of a manifest: type and lines.
    pub async fn output(&self, manifest: &Value) -> Vec<(String, Vec<Value>)> {
        let mut files = vec![];
        for item in manifest["output"].as_array().expect("output is an array") {
            files.push((
                item["type"]
                    .as_str()
                    .expect("an item has a type")
                    .to_owned(),
                self.lines(item).await,
            ));
        }
        files
    }

    /// Downloads every output file of a manifest and gives the ids.
    pub async fn ids(&self, manifest: &Value) -> Ids {
        exported(&self.output(manifest).await)
    }

    /// Downloads the error file of a manifest and gives its outcomes.
    ///
    /// # Panics
    /// When there is not exactly one.
    pub async fn outcomes(&self, manifest: &Value) -> Vec<Value> {
        let files = manifest["error"].as_array().expect("error is an array");
        assert_eq!(files.len(), 1, "{manifest}");
        assert_eq!(files[0]["type"], "OperationOutcome");
        self.lines(&files[0]).await
    }
}

/// Gives the status URL of an accepted kick-off.
///
/// # Panics
/// When it was not accepted.
#[track_caller]
pub fn accepted(reply: &Reply) -> String {
    assert_eq!(reply.status, 202, "{}", reply.text());
    reply
        .header("content-location")
        .expect("an accepted kick-off tells the status URL")
        .to_owned()
}

/// Gives the job's id, the last segment of its status URL.
pub fn job_id(status_url: &str) -> uuid::Uuid {
    let last = status_url.rsplit('/').next().expect("a URL has segments");
    last.parse()
        .unwrap_or_else(|_| panic!("{status_url} does not end in a UUID"))
}

/// Gives a SHA-256 in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
