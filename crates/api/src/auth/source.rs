//! Where a key set is read from: a URL or a file. Both are bounded in size, the URL in time as well; it is asked
//! directly, without proxy, redirect or cookie, so that what is configured is what answers.

use std::{
    error::Error,
    fmt, fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use jsonwebtoken::Algorithm;
use reqwest::{
    Client, Response, StatusCode,
    header::{ACCEPT, AGE, CACHE_CONTROL, HeaderMap},
    redirect,
};
use url::Url;

use super::keys::{InvalidKeySet, KeySet};

/// A larger body is refused as a whole.
const MOST_BYTES: u64 = 64 * 1024;

/// How long a fetched set is fresh, where the answer does not say, and between which bounds it may.
const FRESH: Duration = Duration::from_mins(5);
const LEAST_FRESH: Duration = Duration::from_secs(30);
const MOST_FRESH: Duration = Duration::from_hours(1);

/// How often a file is looked at.
pub(super) const CHECK_FILE: Duration = Duration::from_secs(30);

/// A key set that was read.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) keys: Arc<KeySet>,
    pub(super) fresh_for: Duration,
    /// Which state of the file it is.
    pub(super) stamp: Option<Stamp>,
}

/// A state of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    modified: SystemTime,
    bytes: u64,
}

/// Why a key set cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error("the request failed: {}", chain(.0))]
    Request(#[source] reqwest::Error),
    #[error("the answer has status {}", .0.as_u16())]
    Status(StatusCode),
    #[error("it is larger than {MOST_BYTES} bytes")]
    TooLarge,
    #[error("the file cannot be read: {0}")]
    File(#[from] std::io::Error),
    #[error(transparent)]
    Invalid(#[from] InvalidKeySet),
}

/// How long a fetch may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    pub(super) connect: Duration,
    pub(super) total: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            total: Duration::from_secs(5),
        }
    }
}

/// A place that key sets are read from.
pub(super) struct Source {
    place: Place,
    algorithms: Vec<Algorithm>,
}

enum Place {
    Url(Client, Url),
    File(PathBuf),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source([redacted])")
    }
}

impl Source {
    /// Reads from a URL.
    pub(super) fn url(
        url: Url,
        algorithms: &[Algorithm],
        deadlines: Deadlines,
    ) -> reqwest::Result<Self> {
        let client = Client::builder()
            .connect_timeout(deadlines.connect)
            .timeout(deadlines.total)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .https_only(url.scheme() == "https")
            // Fetches are minutes apart and may come from different runtimes: no connection is worth keeping.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("fhir-bulk-export/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            place: Place::Url(client, url),
            algorithms: algorithms.to_vec(),
        })
    }

    /// Reads from a file.
    pub(super) fn file(path: PathBuf, algorithms: &[Algorithm]) -> Self {
        Self {
            place: Place::File(path),
            algorithms: algorithms.to_vec(),
        }
    }

    /// Reads the set; `None` when it is a file that is still in the known state.
    pub(super) async fn load(&self, known: Option<Stamp>) -> Result<Option<Loaded>, LoadError> {
        match &self.place {
            Place::Url(client, url) => fetch(client, url, &self.algorithms).await.map(Some),
            Place::File(path) => {
                let (path, algorithms) = (path.clone(), self.algorithms.clone());
                let read =
                    tokio::task::spawn_blocking(move || read_file(&path, known, &algorithms));
                read.await.map_err(std::io::Error::other)?
            }
        }
    }
}

/// Reads a file, unless it is in the known state.
pub(super) fn read_file(
    path: &Path,
    known: Option<Stamp>,
    algorithms: &[Algorithm],
) -> Result<Option<Loaded>, LoadError> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is not a regular file").into());
    }
    let stamp = Stamp {
        modified: metadata.modified()?,
        bytes: metadata.len(),
    };
    if known == Some(stamp) {
        return Ok(None);
    }
    let mut text = Vec::new();
    fs::File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_end(&mut text)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(LoadError::TooLarge);
    }
    let keys = Arc::new(KeySet::parse(&text, algorithms)?);
    Ok(Some(Loaded {
        keys,
        fresh_for: CHECK_FILE,
        stamp: Some(stamp),
    }))
}

async fn fetch(client: &Client, url: &Url, algorithms: &[Algorithm]) -> Result<Loaded, LoadError> {
    let request = client
        .get(url.clone())
        .header(ACCEPT, "application/jwk-set+json, application/json");
    let response = request.send().await.map_err(LoadError::Request)?;
    if response.status() != StatusCode::OK {
        return Err(LoadError::Status(response.status()));
    }
    let fresh_for = fresh_for(response.headers());
    let keys = Arc::new(KeySet::parse(&body(response).await?, algorithms)?);
    Ok(Loaded {
        keys,
        fresh_for,
        stamp: None,
    })
}

async fn body(mut response: Response) -> Result<Vec<u8>, LoadError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(LoadError::Request)? {
        if (body.len() + chunk.len()) as u64 > MOST_BYTES {
            return Err(LoadError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads how long an answer is fresh (RFC 9111, sections 4.2 and 5.2.2), within our bounds.
fn fresh_for(headers: &HeaderMap) -> Duration {
    let values = headers
        .get_all(CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut fresh = None;
    for directive in values.flat_map(|value| value.split(',')) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        let seconds = match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => 0,
            "max-age" => value.trim().trim_matches('"').parse().unwrap_or(0),
            _ => continue,
        };
        fresh = Some(fresh.map_or(seconds, |least: u64| least.min(seconds)));
    }
    let age = headers
        .get(AGE)
        .and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok())
        .unwrap_or(0);
    let fresh = fresh.map_or(FRESH, |seconds| {
        Duration::from_secs(seconds.saturating_sub(age))
    });
    fresh.clamp(LEAST_FRESH, MOST_FRESH)
}

/// Tells an error with its causes: the outer one alone never says what is wrong. The URL is the operator's own.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderName;

    use super::*;

    #[test]
    fn freshness_is_what_the_answer_says_within_bounds() {
        let cases: &[(&[(HeaderName, &str)], u64)] = &[
            (&[], 300),
            (&[(CACHE_CONTROL, "public")], 300),
            (&[(CACHE_CONTROL, "public, max-age=600")], 600),
            (&[(CACHE_CONTROL, "Max-Age=\"600\"")], 600),
            (&[(CACHE_CONTROL, "max-age=600"), (AGE, "500")], 100),
            (&[(CACHE_CONTROL, "max-age=600"), (AGE, "900")], 30),
            (
                &[
                    (CACHE_CONTROL, "max-age=600"),
                    (CACHE_CONTROL, "max-age=60"),
                ],
                60,
            ),
            (&[(CACHE_CONTROL, "max-age=1")], 30),
            (&[(CACHE_CONTROL, "max-age=86400")], 3600),
            (&[(CACHE_CONTROL, "max-age=99999999999999999999")], 30),
            (&[(CACHE_CONTROL, "max-age=-1")], 30),
            (&[(CACHE_CONTROL, "no-store")], 30),
            (&[(CACHE_CONTROL, "max-age=600, no-cache")], 30),
        ];
        for (headers, expected) in cases {
            let mut map = HeaderMap::new();
            for (name, value) in *headers {
                map.append(name.clone(), value.parse().unwrap());
            }
            assert_eq!(
                fresh_for(&map),
                Duration::from_secs(*expected),
                "{headers:?}"
            );
        }
    }
}
