//! Servers that do what a real node cannot be made to do: accept and say nothing, or lie.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;

/// Starts a server that accepts connections, reads nothing and says nothing.
pub async fn silent() -> Url {
    let (listener, url) = listen().await;
    tokio::spawn(async move {
        let mut held = vec![];
        while let Ok((connection, _)) = listener.accept().await {
            held.push(connection);
        }
    });
    url
}

/// Starts a server that takes each request whole, answers with the same bytes, and then either ends the connection or
/// says nothing more.
pub async fn answering(answer: impl Into<String>, then: Then) -> Url {
    let (listener, url) = listen().await;
    let answer = answer.into();
    tokio::spawn(async move {
        let mut held = vec![];
        while let Ok((mut connection, _)) = listener.accept().await {
            take_request(&mut connection).await;
            let _ = connection.write_all(answer.as_bytes()).await;
            if then == Then::SayNothing {
                held.push(connection);
            }
        }
    });
    url
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    End,
    SayNothing,
}

/// An answer of the RPC with this status and body.
pub fn rpc(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

async fn listen() -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url.parse().unwrap())
}

/// Reads a request to the end of its head, or of its chunked body.
async fn take_request(connection: &mut TcpStream) {
    let mut request = vec![];
    let mut buffer = vec![0; 65536];
    loop {
        let read = connection.read(&mut buffer).await.unwrap_or(0);
        request.extend_from_slice(&buffer[..read]);
        let chunked = String::from_utf8_lossy(&request).contains("transfer-encoding: chunked");
        let end: &[u8] = if chunked {
            b"\r\n0\r\n\r\n"
        } else {
            b"\r\n\r\n"
        };
        if read == 0 || request.ends_with(end) {
            return;
        }
    }
}
