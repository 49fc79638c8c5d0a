//! A receiver of webhooks on loopback: real TLS under an authority of its own, or plain HTTP. It answers as it is told, keeps what
//! it was sent, and checks signatures with the specification's own crate.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use standardwebhooks::Webhook;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::watch,
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use crate::{poll, secs};

/// How a receiver answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// With this status, and a body that tells a secret.
    Status(u16),
    /// With a redirect to where it stands itself, below `/elsewhere`.
    Redirect,
    /// Not at all, while the connection stays open.
    Silence,
    /// With 200, but not before it is told another answer.
    Later,
    /// With 200 and a body without an end.
    Endless,
    /// With 200 and headers without an end.
    EndlessHead,
}

/// What a receiver says in its answers: it must appear nowhere.
pub const SECRET_ANSWER: &str = "a-secret-of-the-receivers-own";

/// A delivery as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// The path.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Received {
    /// Gives the `webhook-id`.
    pub fn id(&self) -> String {
        self.headers["webhook-id"]
            .to_str()
            .expect("an id is text")
            .to_owned()
    }

    /// Gives the payload.
    pub fn payload(&self) -> Value {
        serde_json::from_slice(&self.body).expect("a payload is JSON")
    }

    /// Says whether this secret signed it, and lately.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let webhook = Webhook::new(secret).expect("a secret can be read");
        webhook.verify(&self.body, &self.headers).is_ok()
    }
}

#[derive(Debug)]
struct Shared {
    answer: watch::Sender<Answer>,
    received: Mutex<Vec<Received>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A receiver. Dropped, it is gone.
#[derive(Debug)]
pub struct Receiver {
    /// Its URL.
    pub url: String,
    /// Its authority's certificate, where it speaks TLS.
    pub authority: Option<PathBuf>,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// Starts one that speaks HTTP.
    pub async fn plain() -> Self {
        Self::start(None).await
    }

    /// Starts one that speaks HTTPS, and writes its authority's certificate into the folder.
    pub async fn with_tls(folder: &Path) -> Self {
        Self::start(Some(folder)).await
    }

    async fn start(folder: Option<&Path>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let shared = Arc::new(Shared {
            answer: watch::Sender::new(Answer::Status(200)),
            received: Mutex::default(),
        });
        let tls = folder.map(certificate);
        let (scheme, authority) = match &tls {
            Some((_, file)) => ("https", Some(file.clone())),
            None => ("http", None),
        };
        let serving = shared.clone();
        let task = tokio::spawn(async move {
            let acceptor = tls.map(|(acceptor, _)| acceptor);
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, acceptor) = (serving.clone(), acceptor.clone());
                tokio::spawn(async move {
                    match acceptor {
                        // A client that does not trust us goes away here.
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                answer(&shared, stream).await;
                            }
                        }
                        None => answer(&shared, stream).await,
                    }
                });
            }
        });
        Self {
            url: format!("{scheme}://localhost:{port}/hook"),
            authority,
            shared,
            task,
        }
    }

    /// Tells it how to answer from now on.
    pub fn answers(&self, answer: Answer) {
        self.shared.answer.send_replace(answer);
    }

    /// Gives what it was sent so far.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// Waits until it was sent so many, and gives them.
    pub async fn received_at_least(&self, number: usize) -> Vec<Received> {
        poll(
            &format!("{number} deliveries arrive"),
            secs(40),
            async || Some(self.received()).filter(|received| received.len() >= number),
        )
        .await
    }
}

/// Makes an authority and a certificate of `localhost`.
fn certificate(folder: &Path) -> (TlsAcceptor, PathBuf) {
    let key = || KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![]).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, key()).expect("an authority");
    let file = folder.join(format!("authority-{}.pem", uuid::Uuid::new_v4()));
    fs::write(&file, authority.pem()).expect("the folder can be written");
    let own = key();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .and_then(|params| params.signed_by(&own, &authority))
        .expect("a certificate");
    let own = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], own)
        .expect("a server's configuration");
    (TlsAcceptor::from(Arc::new(config)), file)
}

async fn answer(shared: &Shared, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let Some(received) = read(&mut stream).await else {
        return;
    };
    lock(&shared.received).push(received);
    let answer = *shared.answer.borrow();
    let (status, header) = match answer {
        Answer::Status(status) => (status, ""),
        Answer::Redirect => (307, "Location: /elsewhere\r\n"),
        Answer::Silence => {
            // Until the client has had enough.
            let _ = stream.read_u8().await;
            return;
        }
        Answer::Later => {
            let mut told = shared.answer.subscribe();
            let _ = told.wait_for(|answer| *answer != Answer::Later).await;
            (200, "")
        }
        Answer::Endless => return flood(&mut stream, "\r\n").await,
        Answer::EndlessHead => return flood(&mut stream, "").await,
    };
    let text = format!(
        "HTTP/1.1 {status} X\r\n{header}Content-Length: {}\r\n\r\n{SECRET_ANSWER}",
        SECRET_ANSWER.len()
    );
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Reads one request.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Received> {
    let mut bytes = vec![];
    let head = loop {
        bytes.push(stream.read_u8().await.ok()?);
        if bytes.ends_with(b"\r\n\r\n") {
            break String::from_utf8(bytes).ok()?;
        }
    };
    let (path, headers) = parse(&head)?;
    let length = headers.get("content-length")?.to_str().ok()?.parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Received {
        path,
        headers,
        body,
    })
}

/// Writes on and on after the beginning of an answer, until the client is gone.
async fn flood(stream: &mut (impl AsyncWrite + Unpin), more: &str) {
    let begin = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{more}");
    let mut written = stream.write_all(begin.as_bytes()).await;
    while written.is_ok() {
        written = stream
            .write_all(&b"x-long: abcdefghijklmnopqrstuvwxyz\r\n".repeat(1000))
            .await;
    }
}

/// Takes a request's head apart.
fn parse(head: &str) -> Option<(String, HeaderMap)> {
    let mut lines = head.trim_end().split("\r\n");
    let request = lines.next()?;
    assert!(request.starts_with("POST "), "{request}");
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_str(value.trim()).ok()?);
    }
    Some((request.split(' ').nth(1)?.to_owned(), headers))
}
