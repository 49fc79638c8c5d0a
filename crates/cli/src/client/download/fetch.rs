//! One file's bytes: asked for from where the last answer ended, and from the beginning where that cannot be.

use bulk_export_domain::file::{Cid, Coding};
use bytes::Bytes;
use futures::{Stream, TryStreamExt, pin_mut};
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_RANGE, ETAG, IF_RANGE, RANGE},
};
use tokio::{sync::mpsc, task::spawn_blocking};
use url::Url;

use super::{folder::disk, partial::Partial};
use crate::client::{
    Client,
    error::{Action, Error},
    manifest::{Manifest, ManifestFile},
    wire::refusal,
};

/// How the URL of a file begins that is read from a node.
const IPFS: &str = "ipfs://";

/// Chunks that wait for the disk. The network's are at most some 100 KiB.
const WAITING_CHUNKS: usize = 8;

/// What an answer continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Continues {
    /// Nothing: it is the whole file.
    Nothing,
    /// What came before.
    Partial,
    /// Neither: what came before is of no use.
    Neither,
}

impl Client {
    /// Fetches what is missing of a file. `lost` is told how many bytes are given up, where the server does not go on with
    /// them; `count` how many come. Gives the file back as far as it has come, whatever happens.
    pub(super) async fn fetch(
        &self,
        manifest: &Manifest,
        file: &ManifestFile,
        gateway: Option<&Url>,
        mut partial: Partial,
        told: (impl Fn(u64), impl FnMut(u64)),
    ) -> Result<(Partial, Result<(), Error>), Error> {
        let (lost, mut count) = told;
        let asked = partial.tag().map(|tag| (partial.length(), tag.to_owned()));
        let response = match self.ask(manifest, file, gateway, asked.as_ref()).await {
            Ok(response) => response,
            Err(failure) => return Ok((partial, Err(failure))),
        };
        let tag = response
            .headers()
            .get(ETAG)
            .and_then(|tag| tag.to_str().ok());
        let continues = continues(&response, asked.as_ref());
        if continues != Continues::Partial && partial.length() > 0 {
            lost(partial.length());
            partial.restart().map_err(|source| trouble(file, source))?;
        }
        if continues == Continues::Neither {
            return Ok((partial, self.refused_range(response, asked.is_some()).await));
        }
        if response.status() != StatusCode::PARTIAL_CONTENT && response.status() != StatusCode::OK {
            let answer = self.wire.whole(Action::Download, response).await;
            return Ok((
                partial,
                answer.and_then(|answer| Err(refusal(Action::Download, &answer))),
            ));
        }
        if let Err(failure) = see_coding(&response, file) {
            return Ok((partial, Err(failure)));
        }
        partial.begin(tag).map_err(|source| trouble(file, source))?;
        let wire = self.wire.clone();
        let bytes = response.bytes_stream();
        let bytes = bytes.map_err(move |source| wire.no_answer(Action::Download, source));
        store(file, partial, bytes, &mut count).await
    }

    /// Says why a range was not given; after that, the whole is asked for.
    async fn refused_range(&self, response: Response, asked: bool) -> Result<(), Error> {
        let status = response.status();
        let answer = self.wire.whole(Action::Download, response).await?;
        if asked {
            return Err(Error::NoRange(status));
        }
        Err(refusal(Action::Download, &answer))
    }

    async fn ask(
        &self,
        manifest: &Manifest,
        file: &ManifestFile,
        gateway: Option<&Url>,
        from: Option<&(u64, String)>,
    ) -> Result<Response, Error> {
        let (url, token) = locate(manifest, file, gateway)?;
        let request = self.wire.request(Method::GET, url, token);
        let mut request = request.header(ACCEPT, "application/fhir+ndjson, */*;q=0.1");
        if let Some(coding) = asked_coding(file) {
            request = request.header(ACCEPT_ENCODING, coding);
        }
        if let Some((length, tag)) = from {
            request = request
                .header(RANGE, format!("bytes={length}-"))
                .header(IF_RANGE, tag);
        }
        let response = request.send().await;
        response.map_err(|source| self.wire.no_answer(Action::Download, source))
    }
}

/// Lets a thread write what comes.
async fn store(
    file: &ManifestFile,
    mut partial: Partial,
    bytes: impl Stream<Item = Result<Bytes, Error>>,
    count: &mut impl FnMut(u64),
) -> Result<(Partial, Result<(), Error>), Error> {
    let (sender, mut chunks) = mpsc::channel::<Bytes>(WAITING_CHUNKS);
    let writer = spawn_blocking(move || {
        while let Some(chunk) = chunks.blocking_recv() {
            partial.write(&chunk)?;
        }
        Ok(partial)
    });
    pin_mut!(bytes);
    let result = loop {
        match bytes.try_next().await {
            Ok(Some(chunk)) => {
                count(chunk.len() as u64);
                if sender.send(chunk).await.is_err() {
                    break Ok(()); // The writer has failed and says why.
                }
            }
            Ok(None) => break Ok(()),
            Err(failure) => break Err(failure),
        }
    };
    drop(sender);
    let written = writer
        .await
        .map_err(std::io::Error::other)
        .and_then(|result| result);
    Ok((written.map_err(|source| trouble(file, source))?, result))
}

fn trouble(file: &ManifestFile, source: std::io::Error) -> Error {
    disk(file.name.as_ref(), source)
}

/// Sees what an answer continues. One to a range must say that it begins where it was asked to, and be of the same file.
fn continues(response: &Response, asked: Option<&(u64, String)>) -> Continues {
    let text = |name| response.headers().get(name)?.to_str().ok();
    match (response.status(), asked) {
        (StatusCode::PARTIAL_CONTENT, Some((from, tag))) => {
            let begins = text(CONTENT_RANGE).and_then(first_byte) == Some(*from);
            let same = text(ETAG).is_none_or(|other| other == tag);
            if begins && same {
                Continues::Partial
            } else {
                Continues::Neither
            }
        }
        (StatusCode::PARTIAL_CONTENT, None) | (StatusCode::RANGE_NOT_SATISFIABLE, _) => {
            Continues::Neither
        }
        (StatusCode::OK, _) => Continues::Nothing,
        // Whatever it says of this request, it says nothing of the bytes that are here.
        _ => Continues::Partial,
    }
}

/// Reads the first byte of `Content-Range: bytes FIRST-LAST/SIZE`.
fn first_byte(value: &str) -> Option<u64> {
    let range = value.trim().strip_prefix("bytes ")?;
    range.split_once('-')?.0.trim().parse().ok()
}

/// A gateway gives a CID's bytes, which are the stored ones; a server is asked for what is stored.
fn asked_coding(file: &ManifestFile) -> Option<&'static str> {
    file.coding()
        .content_encoding()
        .filter(|_| !file.url.starts_with(IPFS))
}

/// Sees that an answer holds the stored bytes. A proxy between may have decoded them, and what it made is not proved.
fn see_coding(response: &Response, file: &ManifestFile) -> Result<(), Error> {
    if file.coding() == Coding::Identity {
        return Ok(());
    }
    let given = response.headers().get(CONTENT_ENCODING);
    if given.map(reqwest::header::HeaderValue::as_bytes) == asked_coding(file).map(str::as_bytes) {
        return Ok(());
    }
    Err(Error::Unusable {
        action: Action::Download,
        problem: "its Content-Encoding is not the coding that the manifest tells, as if a proxy had changed it".to_owned(),
    })
}

/// Finds out where a file is read and whether the token may be needed there.
fn locate(
    manifest: &Manifest,
    file: &ManifestFile,
    gateway: Option<&Url>,
) -> Result<(Url, bool), Error> {
    let unusable = || Error::Unusable {
        action: Action::Download,
        problem: format!(
            "the manifest's URL of {} is none that can be fetched",
            file.name
        ),
    };
    if let Some(cid) = file.url.strip_prefix(IPFS) {
        let cid: Cid = cid.parse().map_err(|_| unusable())?;
        let gateway = gateway.ok_or_else(|| Error::OnIpfs {
            file: file.name.clone(),
        })?;
        let mut url = gateway.clone();
        url.set_path(&format!(
            "{}/ipfs/{cid}",
            gateway.path().trim_end_matches('/')
        ));
        return Ok((url, false));
    }
    let url: Url = file.url.parse().map_err(|_| unusable())?;
    match url.scheme() {
        "http" | "https" => Ok((url, manifest.requires_access_token)),
        _ => Err(unusable()),
    }
}

#[cfg(test)]
mod tests {
    use super::first_byte;

    #[test]
    fn the_first_byte_of_a_range_is_read() {
        assert_eq!(first_byte("bytes 7-9/10"), Some(7));
        assert_eq!(first_byte("bytes 0-9/*"), Some(0));
        for wrong in ["", "bytes */10", "7-9/10", "items 7-9/10"] {
            assert_eq!(first_byte(wrong), None, "{wrong}");
        }
    }
}
