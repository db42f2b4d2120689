//! Everything that leaves tetherd, kept as bytes: answers with their heads, streams, webhooks.

use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::support::{KEY, LIMIT};

/// What was asked for, and what came.
type Kept = Vec<(String, String)>;

#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<watch::Sender<Kept>>);

impl Seen {
    fn keep(&self, what: &str, bytes: &[u8]) -> String {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.0.send_modify(|all| all.push((what.to_owned(), text.clone())));
        text
    }

    /// One request; the whole answer, and its status.
    pub(crate) async fn ask(
        &self,
        url: &str,
        line: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> (u16, String) {
        let mut stream = asked(url, line, headers, body).await;
        let mut bytes = Vec::new();
        tokio::time::timeout(LIMIT, stream.read_to_end(&mut bytes)).await.expect("it ends").unwrap();
        let text = self.keep(line, &bytes);
        let status = text.split(' ').nth(1).and_then(|word| word.parse().ok());
        (status.unwrap_or_else(|| panic!("{line}: {text}")), text)
    }

    /// Asks the API with the global key.
    pub(crate) async fn api(&self, url: &str, line: &str, body: Option<Value>) -> (u16, Value) {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let headers = [("apikey", KEY), ("content-type", "application/json")];
        let (status, text) = self.ask(url, line, &headers, &body).await;
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
        (status, body.and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default())
    }

    /// Reads a stream until it holds this; all of it.
    pub(crate) async fn follow(
        &self,
        url: &str,
        line: &str,
        headers: &[(&str, &str)],
        until: &str,
    ) -> String {
        let mut stream = asked(url, line, headers, "").await;
        let (mut bytes, mut chunk) = (Vec::new(), vec![0; 65536]);
        // Whole lines only.
        let holds = |bytes: &[u8]| bytes.ends_with(b"\n") && String::from_utf8_lossy(bytes).contains(until);
        let reading = async {
            while !holds(&bytes) {
                let n = stream.read(&mut chunk).await.unwrap();
                assert!(n > 0, "{line} ends without {until}: {}", String::from_utf8_lossy(&bytes));
                bytes.extend_from_slice(&chunk[..n]);
            }
        };
        tokio::time::timeout(LIMIT, reading).await.unwrap_or_else(|_| panic!("{line}: never {until}"));
        self.keep(line, &bytes)
    }

    /// A receiver of webhooks that takes everything.
    pub(crate) async fn receiver(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let seen = self.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (mut bytes, mut chunk) = (Vec::new(), vec![0; 65536]);
                while !is_whole(&bytes) {
                    match stream.read(&mut chunk).await {
                        Ok(n) if n > 0 => bytes.extend_from_slice(&chunk[..n]),
                        // Cut off by a kill: it comes again.
                        _ => break,
                    }
                }
                seen.keep(DELIVERY, &bytes);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(answer).await;
            }
        });
        url
    }

    /// Waits until a webhook holds this.
    pub(crate) async fn delivered(&self, text: &str) {
        let mut kept = self.0.subscribe();
        let there = |all: &Kept| all.iter().any(|(place, seen)| place == DELIVERY && seen.contains(text));
        let delivered = tokio::time::timeout(LIMIT, kept.wait_for(there)).await;
        assert!(delivered.is_ok(), "never delivered: {text}");
    }

    /// Where this text was seen.
    pub(crate) fn places_of(&self, text: &str) -> Vec<String> {
        let all = self.0.borrow();
        all.iter().filter(|(_, seen)| seen.contains(text)).map(|(place, _)| place.clone()).collect()
    }
}

pub(crate) const DELIVERY: &str = "a webhook";

async fn asked(url: &str, line: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "{line} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n{}content-length: {}\r\n\r\n{body}",
        headers.concat(),
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0)
    })
}
