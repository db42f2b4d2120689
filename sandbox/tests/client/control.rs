//! The control API over HTTP, as a stranger asks it.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// Sends a request; what is read is the whole answer, from its status line on. `head` is method and path, and further
/// headers behind a line end, each with its own.
pub(crate) async fn asked(url: &str, head: &str, body: &Value) -> BufReader<TcpStream> {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (first, rest) = head.split_once('\n').unwrap_or((head, ""));
    let lines =
        format!("host: {address}\r\nconnection: close\r\ncontent-length: {}\r\n{rest}\r\n", body.len());
    stream.write_all(format!("{first} HTTP/1.1\r\n{lines}{body}").as_bytes()).await.unwrap();
    BufReader::new(stream)
}

/// The answer's status, and its body when that is JSON.
pub(crate) async fn ask(url: &str, head: &str, body: &Value) -> (u16, Value) {
    let mut answer = String::new();
    asked(url, head, body).await.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap_or_default())
}

/// The phone of this number scans; the device's JID.
pub(crate) async fn scan(url: &str, phone: &str, qr: &str) -> String {
    let (status, answer) = ask(url, "POST /scan", &json!({"phone": phone, "qr": qr})).await;
    assert_eq!(status, 200, "{answer}");
    answer.get("jid").and_then(Value::as_str).unwrap().to_owned()
}
