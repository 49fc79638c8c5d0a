//! A client that reads server-sent events as a browser's `EventSource` does.

use futures::{StreamExt, stream::BoxStream};
use reqwest::{Method, Response};
use serde_json::Value;
use tokio::time::timeout;

use crate::{Client, secs};

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its `id`.
    pub id: String,
    /// Its `event`.
    pub name: String,
    /// Its `data`.
    pub data: Value,
}

/// An open stream of events.
pub struct Events {
    chunks: BoxStream<'static, Vec<u8>>,
    text: String,
    /// The comments so far.
    pub comments: Vec<String>,
    /// The last `retry`, in milliseconds.
    pub retry: Option<u64>,
}

impl Events {
    /// Asks a status URL for events and gives the answer, whatever it is.
    pub async fn ask(client: &Client, url: &str, last: Option<&str>) -> Response {
        let request = client
            .request(Method::GET, url)
            .header("Accept", "text/event-stream")
            .header("Cache-Control", "no-cache");
        let request = match last {
            Some(id) => request.header("Last-Event-ID", id),
            None => request,
        };
        request.send().await.expect("the server answers")
    }

    /// Opens a stream.
    ///
    /// # Panics
    /// When the answer is none.
    pub async fn open(client: &Client, url: &str) -> Self {
        Self::of(Self::ask(client, url, None).await)
    }

    /// Takes an answer for a stream.
    ///
    /// # Panics
    /// When it is none.
    pub fn of(answer: Response) -> Self {
        assert_eq!(answer.status(), 200);
        let header = |name: &str| {
            answer.headers()[name]
                .to_str()
                .expect("a header is text")
                .to_owned()
        };
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("x-accel-buffering"), "no");
        let chunks = answer
            .bytes_stream()
            .map(|chunk| chunk.expect("the stream does not break").to_vec());
        Self {
            chunks: chunks.boxed(),
            text: String::new(),
            comments: vec![],
            retry: None,
        }
    }

    /// Gives the next event; `None` when the stream has ended.
    ///
    /// # Panics
    /// When neither comes within 30 seconds, or it is not as it must be.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                if let Some(event) = self.read(&block) {
                    return Some(event);
                }
            }
            let chunk = timeout(secs(30), self.chunks.next())
                .await
                .expect("an event or the end comes in time");
            let Some(chunk) = chunk else {
                assert_eq!(self.text, "", "the stream ends between events");
                return None;
            };
            self.text
                .push_str(std::str::from_utf8(&chunk).expect("events are text"));
        }
    }

    /// Gives all events up to the end.
    pub async fn rest(&mut self) -> Vec<Event> {
        let mut events = vec![];
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }

    fn read(&mut self, block: &str) -> Option<Event> {
        let (mut id, mut name, mut data) = (None, None, None);
        for line in block.lines() {
            match line.split_once(':').expect("a line has a field") {
                ("", comment) => self.comments.push(comment.trim().to_owned()),
                ("id", value) => id = Some(value.trim().to_owned()),
                ("event", value) => name = Some(value.trim().to_owned()),
                ("data", value) => data = serde_json::from_str(value).ok(),
                ("retry", value) => self.retry = value.trim().parse().ok(),
                (field, _) => panic!("an unknown field: {field}"),
            }
        }
        Some(Event {
            id: id?,
            name: name?,
            data: data?,
        })
    }
}
