//! HTTP as bytes, for requests that no client would make.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::LIMIT;

pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The one shape that every failure has.
    pub(crate) fn is_error(&self, status: u16, what: &str) {
        assert_eq!(self.status, status, "{what}: {}", self.body);
        let is = &self.body;
        assert_eq!(
            (is["error"].as_bool(), is["status"].as_u64()),
            (Some(true), Some(status.into())),
            "{what}: {is}"
        );
        assert!(is["code"].as_str().is_some_and(|code| !code.is_empty()), "{what}: {is}");
        let messages = is["response"]["message"].as_array().unwrap_or_else(|| panic!("{what}: {is}"));
        assert!(!messages.is_empty() && messages.iter().all(Value::is_string), "{what}: {is}");
        assert!(
            is["message"].as_str().is_some_and(|text| text.contains(messages[0].as_str().unwrap())),
            "{what}: {is}"
        );
        assert_eq!(self.header("content-type"), Some("application/json; charset=utf-8"), "{what}");
    }
}

pub(crate) async fn open(url: &str) -> TcpStream {
    TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap()
}

/// A whole request, after which the server closes.
pub(crate) fn request(line: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{line} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    if !body.is_empty() {
        bytes.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

pub(crate) async fn send(url: &str, bytes: &[u8]) -> Answer {
    let mut stream = open(url).await;
    stream.write_all(bytes).await.unwrap();
    answer(&mut stream).await
}

/// Reads to the end.
pub(crate) async fn answer(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Answer {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 65536];
    let reading = async {
        while let Ok(n) = stream.read(&mut chunk).await {
            if n == 0 {
                return;
            }
            bytes.extend_from_slice(&chunk[..n]);
        }
    };
    tokio::time::timeout(LIMIT, reading).await.expect("the answer ends");
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
    Answer { status, head: head.to_owned(), body: serde_json::from_str(body).unwrap_or_default() }
}
