//! HTTP/1.1 written by hand, for requests and answers that a client library would put right.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// An answer as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// The status code.
    pub status: u16,
    /// The header lines, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes after the head, as far as the server sent them.
    pub body: Vec<u8>,
}

impl Raw {
    /// Gives the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Says whether the body is as long as its head promised. A chunked body must have its end mark.
    pub fn is_whole(&self) -> bool {
        match self.header("content-length") {
            Some(length) => length.parse() == Ok(self.body.len()),
            None => self.body.ends_with(b"0\r\n\r\n"),
        }
    }
}

/// Sends a request line with header lines and reads until the server closes. `Host` and `Connection: close` are added.
///
/// # Panics
/// When the server does not answer within 30 seconds.
pub async fn raw(address: &str, request: &str, headers: &[(&str, &str)]) -> Raw {
    let mut stream = open(address, request, headers).await;
    let mut bytes = vec![];
    // A connection that breaks off is an answer too: what came before it is what the client has.
    let _ = timeout(Duration::from_secs(30), stream.read_to_end(&mut bytes))
        .await
        .expect("the server answers in time");
    parse(&bytes)
}

/// Sends a request and leaves the answer unread.
pub async fn open(address: &str, request: &str, headers: &[(&str, &str)]) -> TcpStream {
    let mut stream = TcpStream::connect(address)
        .await
        .expect("the server listens");
    let mut text = format!("{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    stream
        .write_all(text.as_bytes())
        .await
        .expect("the request can be sent");
    stream
}

/// Takes an answer apart. A connection that broke before the head was sent gives the status 0.
///
/// # Panics
/// When the head is none.
pub fn parse(bytes: &[u8]) -> Raw {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        let (headers, body) = (vec![], bytes.to_vec());
        return Raw {
            status: 0,
            headers,
            body,
        };
    };
    let head = std::str::from_utf8(&bytes[..end]).expect("a head is text");
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|code| code.parse().ok());
    let headers = lines.filter_map(|line| line.split_once(':'));
    Raw {
        status: status.expect("an answer has a status"),
        headers: headers
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect(),
        body: bytes[end + 4..].to_vec(),
    }
}
