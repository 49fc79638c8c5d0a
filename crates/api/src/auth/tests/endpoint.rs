//! A key endpoint on loopback that answers as it is told and counts what it is asked.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
    time::timeout,
};

/// Nothing in these tests takes this long unless it hangs.
pub(super) const SOON: Duration = Duration::from_secs(20);

/// How the endpoint answers.
#[derive(Clone)]
pub(super) enum Answer {
    /// These octets, then the end.
    Octets(Vec<u8>),
    /// Spaces without end.
    Endless,
    /// Nothing, ever.
    Silence,
    /// Nothing until a permit is there, then the octets.
    After(Arc<Semaphore>, Vec<u8>),
}

impl Answer {
    /// A full HTTP response.
    pub(super) fn response(status: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Octets(
            format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
                .into_bytes(),
        )
    }

    /// A key set that is fresh for some seconds.
    pub(super) fn keys(keys: &Value, max_age: u64) -> Self {
        let headers =
            format!("Content-Type: application/json\r\nCache-Control: max-age={max_age}\r\n");
        Self::response("200 OK", &headers, &keys.to_string())
    }

    /// The same answer, held back.
    pub(super) fn after(self, gate: &Arc<Semaphore>) -> Self {
        match self {
            Self::Octets(octets) => Self::After(gate.clone(), octets),
            other => other,
        }
    }
}

struct Shared {
    answer: Mutex<Answer>,
    requests: Mutex<Vec<String>>,
    arrived: AtomicUsize,
}

/// The endpoint. It ends with the test.
pub(super) struct Endpoint {
    pub(super) url: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Endpoint {
    pub(super) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            answer: Mutex::new(answer),
            requests: Mutex::default(),
            arrived: AtomicUsize::new(0),
        });
        let for_task = shared.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, for_task.clone()));
            }
        });
        Self { url, shared, task }
    }

    pub(super) fn answer(&self, answer: Answer) {
        *self.shared.answer.lock().unwrap() = answer;
    }

    /// Counts the requests so far.
    pub(super) fn count(&self) -> usize {
        self.shared.arrived.load(Ordering::SeqCst)
    }

    /// Gives the heads of the requests so far.
    pub(super) fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Waits until so many requests have arrived.
    pub(super) async fn arrived(&self, count: usize) {
        let reached = async {
            while self.count() < count {
                tokio::task::yield_now().await;
            }
        };
        timeout(SOON, reached).await.expect("the request arrives");
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    shared
        .requests
        .lock()
        .unwrap()
        .push(String::from_utf8(head).unwrap());
    let answer = shared.answer.lock().unwrap().clone();
    shared.arrived.fetch_add(1, Ordering::SeqCst);
    let octets = match answer {
        Answer::Octets(octets) => octets,
        Answer::After(gate, octets) => {
            gate.acquire().await.unwrap().forget();
            octets
        }
        Answer::Silence => return std::future::pending().await,
        Answer::Endless => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\n\r\n{\"keys\":[")
                .await
                .ok();
            while stream.write_all(&[b' '; 4096]).await.is_ok() {}
            return;
        }
    };
    // The client may have given up.
    stream.write_all(&octets).await.ok();
    stream.shutdown().await.ok();
}
