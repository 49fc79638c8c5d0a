//! A loopback HTTP server that answers as a function says. One request a connection.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use url::Url;

/// An answer.
#[derive(Clone)]
pub(super) struct Answer {
    status: u16,
    headers: String,
    body: Vec<u8>,
    length: Option<usize>,
}

impl Answer {
    pub(super) fn new(status: u16) -> Self {
        let (headers, body) = (String::new(), Vec::new());
        Self {
            status,
            headers,
            body,
            length: None,
        }
    }

    /// No answer at all: the connection closes.
    pub(super) fn broken() -> Self {
        Self::new(0)
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        write!(self.headers, "{name}: {value}\r\n").unwrap();
        self
    }

    pub(super) fn body(self, body: &str) -> Self {
        self.bytes(body.as_bytes())
    }

    pub(super) fn bytes(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// Promises more bytes than come.
    pub(super) fn promising(mut self, length: usize) -> Self {
        self.length = Some(length);
        self
    }

    async fn send(self, mut stream: TcpStream) -> std::io::Result<()> {
        if self.status == 0 {
            return Ok(());
        }
        let length = self.length.unwrap_or(self.body.len());
        let head = format!(
            "HTTP/1.1 {} X\r\nContent-Length: {length}\r\nConnection: close\r\n{}\r\n",
            self.status, self.headers
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&self.body).await?;
        stream.shutdown().await
    }
}

/// A request that came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    headers: BTreeMap<String, String>,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut lines = BufReader::new(stream).lines();
        let first = lines.next_line().await.ok()??;
        let mut words = first.split(' ').map(str::to_owned);
        let (method, path) = (words.next()?, words.next()?);
        let mut headers = BTreeMap::new();
        while let Some(line) = lines
            .next_line()
            .await
            .ok()?
            .filter(|line| !line.is_empty())
        {
            let (name, value) = line.split_once(':')?;
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        Some(Self {
            method,
            path,
            headers,
        })
    }
}

/// The server. It ends when it is dropped.
pub(super) struct Double {
    base: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Double {
    /// Starts a server. The function gets its base, the request, and how many requests came before.
    pub(super) async fn start(
        answer: impl Fn(&Url, &Seen, usize) -> Answer + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base: Url = format!("http://{}/fhir/r4", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, home) = (seen.clone(), base.clone());
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(request) = Seen::read(&mut stream).await else {
                    continue;
                };
                let before = {
                    let mut log = log.lock().unwrap();
                    log.push(request.clone());
                    log.len() - 1
                };
                // A client that has gone away is none of the server's business.
                let _ = answer(&home, &request, before).send(stream).await;
            }
        });
        Self { base, seen, task }
    }

    pub(super) fn base(&self) -> Url {
        self.base.clone()
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.task.abort();
    }
}
