//! The node's gateway: reads files, and can do nothing else. It answers four times faster than the RPC's `cat`, and
//! breaks the connection where `cat` would end a short file as if it were whole.
//! It does not say whether the bytes are right: [`verified`](crate::verified()) does.

use std::fmt;

use bulk_export_domain::{file::Cid, range::ByteRange};
use bytes::Bytes;
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use reqwest::{
    Client, Response, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_RANGE, RANGE},
    redirect::Policy,
};
use url::Url;

use crate::{
    deadline::{Deadlines, within},
    error::Error,
    measure::measured,
};

/// The bytes of a download.
pub type Chunks = BoxStream<'static, Result<Bytes, Error>>;

/// A download that has begun.
pub struct Body {
    /// How many bytes will come: of the file, or of the range that was asked for.
    pub len: u64,
    /// The bytes. A connection that breaks before `len` is an error in the stream; one that goes on is cut.
    pub stream: Chunks,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// The place where the files of a node are read. Clones share their connections.
#[derive(Clone)]
pub struct Gateway {
    client: Client,
    base: Url,
    deadlines: Deadlines,
}

impl fmt::Debug for Gateway {
    /// The address may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("deadlines", &self.deadlines)
            .finish_non_exhaustive()
    }
}

/// The empty file: its content is in its name, so every gateway has it.
const EMPTY: &str = "bafkqaaa";

impl Gateway {
    /// Takes the URL of the gateway, such as `http://127.0.0.1:8080`. Connects to nothing.
    pub fn new(url: &Url) -> Result<Self, Error> {
        if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
            return Err(Error::Address(
                "the gateway is spoken to over http or https",
            ));
        }
        // A redirect or a proxy would tell a CID to somebody else.
        let builder = Client::builder().redirect(Policy::none()).no_proxy();
        // Without TLS the system's certificates are not needed, and need not be there.
        let builder = if url.scheme() == "http" {
            builder.tls_certs_only([])
        } else {
            builder
        };
        let client = builder
            .build()
            .map_err(|_| Error::Address("there are no certificates for TLS"))?;
        Ok(Self {
            client,
            base: url.clone(),
            deadlines: Deadlines::default(),
        })
    }

    /// Changes the deadlines.
    #[must_use]
    pub const fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// Begins to read a file or a range of it. The range must lie within the file.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] if the node does not have the file; [`Error::Corrupt`] if its answer does not fit the range.
    pub async fn open(&self, cid: &Cid, range: Option<ByteRange>) -> Result<Body, Error> {
        let response = measured("gateway", self.get(cid.as_str(), range)).await?;
        let len = length(&response, range)?;
        Ok(Body {
            len,
            stream: chunks(response, self.deadlines),
        })
    }

    /// Asks for the empty file, to see whether the gateway answers.
    pub async fn ready(&self) -> Result<(), Error> {
        measured("gateway/ready", self.get(EMPTY, None))
            .await
            .map(drop)
    }

    async fn get(&self, name: &str, range: Option<ByteRange>) -> Result<Response, Error> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Error::Address("it has no path"))?
            .pop_if_empty()
            .extend(["ipfs", name]);
        let mut request = self.client.get(url);
        if let Some(ByteRange { first, last }) = range {
            request = request.header(RANGE, format!("bytes={first}-{last}"));
        }
        let response = within(
            "the headers of a download",
            self.deadlines.call,
            request.send(),
        )
        .await?
        .map_err(failure)?;
        match response.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(response),
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(Error::NotFound),
            status if status.is_redirection() => Err(Error::Refused(format!(
                "status {status}, and redirects are not followed (is it named localhost? then say 127.0.0.1)"
            ))),
            status => Err(Error::Refused(format!("status {status}"))),
        }
    }
}

/// An error without the URL, which holds the CID.
fn failure(error: reqwest::Error) -> Error {
    Error::unreachable(error.without_url())
}

/// Gives the length that the answer announces, if it fits what was asked for.
fn length(response: &Response, range: Option<ByteRange>) -> Result<u64, Error> {
    let headers = response.headers();
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(Error::Corrupt("an encoded answer"));
    }
    let len = response
        .content_length()
        .ok_or(Error::Corrupt("an answer of unknown length"))?;
    match range {
        None if response.status() == StatusCode::OK => Ok(len),
        Some(range) if response.status() == StatusCode::PARTIAL_CONTENT => {
            let given = headers
                .get(CONTENT_RANGE)
                .and_then(|value| value.to_str().ok())
                .and_then(content_range);
            if given == Some(range) && len == range.bytes() {
                Ok(len)
            } else {
                Err(Error::Corrupt("another range"))
            }
        }
        _ => Err(Error::Corrupt(
            "a whole file for a range, or a range for a whole file",
        )),
    }
}

/// Reads `bytes first-last/size`, size known.
fn content_range(text: &str) -> Option<ByteRange> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last, size): (u64, u64, u64) =
        (first.parse().ok()?, last.parse().ok()?, size.parse().ok()?);
    (first <= last && last < size).then_some(ByteRange { first, last })
}

/// Reads the body; each chunk has a deadline, which does not run while nobody asks for it.
fn chunks(response: Response, deadlines: Deadlines) -> Chunks {
    let next = move |response: Option<Response>| async move {
        let mut response = response?;
        match within(
            "the next bytes of a download",
            deadlines.progress,
            response.chunk(),
        )
        .await
        {
            Ok(Ok(Some(chunk))) => Some((Ok(chunk), Some(response))),
            Ok(Ok(None)) => None,
            Ok(Err(error)) => Some((Err(failure(error)), None)),
            Err(error) => Some((Err(error), None)),
        }
    };
    stream::unfold(Some(response), next).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_range_is_read_or_refused() {
        assert_eq!(
            content_range("bytes 0-9/10"),
            Some(ByteRange { first: 0, last: 9 })
        );
        for wrong in [
            "",
            "bytes */10",
            "bytes 0-9/*",
            "bytes 0-10/10",
            "bytes 9-0/10",
            "bytes=0-9/10",
            "bytes 0-9",
        ] {
            assert_eq!(content_range(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn neither_address_nor_password_is_shown() {
        let gateway = Gateway::new(&"http://user:geheim@node:8080/".parse().unwrap()).unwrap();
        let shown = format!("{gateway:?}");
        assert!(
            !shown.contains("geheim") && !shown.contains("node"),
            "{shown}"
        );
        assert!(matches!(
            Gateway::new(&"ftp://node/".parse().unwrap()),
            Err(Error::Address(_))
        ));
    }
}
