//! The connection to the node's RPC port: one request each, every one under a deadline, every failure an [`Error`].
//! It keeps no state and tries nothing again.

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use ipfs_api_backend_hyper::{IpfsClient, TryFromUri as _};
use ipfs_api_prelude::{ApiRequest, Backend as _, BoxStream};
use percent_encoding::percent_decode_str;
use url::Url;

use crate::{
    deadline::{Deadlines, within},
    error::{BoxError, Error},
    measure::measured,
    requests::Refusal,
};

/// The body of a request as the client takes it.
pub(crate) type Upload = Box<dyn Stream<Item = Result<Bytes, BoxError>> + Send>;

/// The node's RPC.
#[derive(Clone)]
pub(crate) struct Rpc {
    client: IpfsClient,
    pub(crate) deadlines: Deadlines,
}

impl Rpc {
    /// Takes the URL of the RPC port. The name and password in it, if any, are sent as Basic authorization.
    pub(crate) fn new(url: &Url, deadlines: Deadlines) -> Result<Self, Error> {
        if url.scheme() != "http" {
            return Err(Error::Address(
                "the RPC is spoken over http; end TLS beside the node",
            ));
        }
        let mut base = url.clone();
        base.set_query(None);
        base.set_fragment(None);
        let cleared = base.set_username("").and_then(|()| base.set_password(None));
        cleared.map_err(|()| Error::Address("it has no host"))?;
        let base = format!("{}/api/v0", base.as_str().trim_end_matches('/'));
        let base = base
            .parse()
            .map_err(|_| Error::Address("it is not a URI"))?;
        let client = IpfsClient::build_with_base_uri(base);
        let client = match (
            plain(url.username())?,
            plain(url.password().unwrap_or_default())?,
        ) {
            (user, password) if user.is_empty() && password.is_empty() => client,
            (user, password) => client.with_credentials(user, password),
        };
        Ok(Self { client, deadlines })
    }

    /// Asks for an answer that comes whole.
    pub(crate) async fn call<R: ApiRequest>(
        &self,
        what: &'static str,
        limit: std::time::Duration,
        request: R,
    ) -> Result<Bytes, Error> {
        measured(operation::<R>(), self.whole(what, limit, request)).await
    }

    async fn whole(
        &self,
        what: &'static str,
        limit: std::time::Duration,
        request: impl ApiRequest,
    ) -> Result<Bytes, Error> {
        let answer = within(what, limit, self.client.request_raw(request, None)).await?;
        let (status, body) = answer.map_err(failure)?;
        if status.is_success() {
            Ok(body)
        } else {
            Err(refusal(status.as_u16(), &body))
        }
    }

    /// Asks for an answer that comes bit by bit; each bit has a deadline.
    pub(crate) async fn lines<R: ApiRequest>(
        &self,
        what: &'static str,
        limit: std::time::Duration,
        request: R,
        each: impl FnMut(&[u8]) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        measured(operation::<R>(), self.each_line(what, limit, request, each)).await
    }

    async fn each_line(
        &self,
        what: &'static str,
        limit: std::time::Duration,
        request: impl ApiRequest,
        mut each: impl FnMut(&[u8]) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        let request = self
            .client
            .build_base_request(request, None)
            .map_err(failure)?;
        let mut answer = self.client.request_stream_bytes(request);
        let mut begun = Vec::new();
        while let Some(bytes) = within(what, limit, answer.next()).await? {
            let bytes = bytes.map_err(failure)?;
            let mut lines = bytes.split(|byte| *byte == b'\n');
            let last = lines.next_back().unwrap_or_default();
            for line in lines {
                begun.extend_from_slice(line);
                each(&begun)?;
                begun.clear();
            }
            begun.extend_from_slice(last);
        }
        if begun.is_empty() {
            Ok(())
        } else {
            each(&begun)
        }
    }

    /// Starts a request with a body of ours. Nothing is sent before the answer is asked for.
    pub(crate) fn send(
        &self,
        request: impl ApiRequest,
        content_type: &str,
        body: Upload,
    ) -> Result<BoxStream<Bytes, Error>, Error> {
        let mut request = self
            .client
            .build_base_request(request, None)
            .map_err(failure)?;
        let content_type = content_type
            .parse()
            .map_err(|_| Error::Corrupt("a content type"))?;
        request.headers_mut().insert("content-type", content_type);
        *request.body_mut() = body.into();
        Ok(Box::new(
            self.client
                .request_stream_bytes(request)
                .map(|bytes| bytes.map_err(failure)),
        ))
    }
}

/// Names a request after its endpoint, such as `pin/add`.
fn operation<R: ApiRequest>() -> &'static str {
    R::PATH.trim_start_matches('/')
}

fn plain(text: &str) -> Result<String, Error> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(Into::into)
        .map_err(|_| Error::Address("its name or password is not UTF-8"))
}

/// What the client's error means to us. Its own kinds are kept as causes, or are the node's words.
fn failure(error: ipfs_api_backend_hyper::Error) -> Error {
    use ipfs_api_backend_hyper::Error as Client;
    use ipfs_api_prelude::Error as Answer;
    match error {
        Client::Api(refusal) => Error::refused(&refusal.message),
        Client::Client(cause) => Error::unreachable(cause),
        Client::IpfsClientError(Answer::UnrecognizedApiError(words)) => Error::refused(&words),
        Client::Http(_) | Client::IpfsClientError(_) => {
            Error::Corrupt("an answer that the client cannot read")
        }
    }
}

fn refusal(status: u16, body: &[u8]) -> Error {
    let words = serde_json::from_slice(body).map(|refusal: Refusal| refusal.message);
    let words =
        words.unwrap_or_else(|_| format!("status {status}: {}", String::from_utf8_lossy(body)));
    Error::refused(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Result<Rpc, Error> {
        Rpc::new(&url.parse().unwrap(), Deadlines::default())
    }

    #[test]
    fn only_plain_http_is_spoken() {
        assert!(address("http://127.0.0.1:5001").is_ok());
        assert!(address("http://user:p%40ss@node:5001/behind/a/path/").is_ok());
        assert!(matches!(
            address("https://node:5001"),
            Err(Error::Address(_))
        ));
        assert!(matches!(address("unix:/run/node"), Err(Error::Address(_))));
    }

    #[test]
    fn the_words_of_a_refusal_are_kept() {
        let Error::Refused(words) = refusal(
            500,
            br#"{"Message":"no space left on device","Code":0,"Type":"error"}"#,
        ) else {
            panic!("another error")
        };
        assert_eq!(words, "no space left on device");
        let Error::Refused(words) = refusal(403, b"403 - Forbidden\n") else {
            panic!("another error")
        };
        assert_eq!(words, "status 403: 403 - Forbidden");
    }
}
