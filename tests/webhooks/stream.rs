//! `GET /events`.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::created;
use crate::support::{Daemon, KEY, LIMIT};

/// A reader of the stream, and all that came to it.
struct Stream {
    socket: TcpStream,
    text: String,
}

impl Stream {
    /// Asks for it, and has at least the head of the answer.
    async fn of(daemon: &Daemon, key: &str, path: &str, after: Option<&str>) -> Self {
        let address = daemon.url.strip_prefix("http://").unwrap();
        let mut socket = TcpStream::connect(address).await.unwrap();
        let resume = after.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let ask = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\napikey: {key}\r\n{resume}\r\n");
        socket.write_all(ask.as_bytes()).await.unwrap();
        let mut stream = Self { socket, text: String::new() };
        stream.until("\r\n\r\n").await;
        stream
    }

    /// Reads on until this is among all that came: what comes with the head belongs to it, and heartbeats are no
    /// sign that it will.
    async fn until(&mut self, wanted: &str) {
        let deadline = Instant::now() + LIMIT;
        let mut chunk = vec![0; 65536];
        while !self.text.contains(wanted) {
            let read = timeout_at(deadline, self.socket.read(&mut chunk)).await;
            let n = read.unwrap_or_else(|_| panic!("never {wanted:?}: {}", self.text)).unwrap();
            assert!(n > 0, "it ended without {wanted:?}: {}", self.text);
            self.text.push_str(&String::from_utf8_lossy(&chunk[..n]));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_resumes_from_the_store_and_reaches_no_further_than_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, _sandbox, token) = created(folder.path(), &[]).await;
    let other = json!({"instanceName": "other", "integration": "WHATSAPP-BAILEYS"});
    daemon.ask("POST", "/instance/create", Some(other)).await;
    let mut all = Stream::of(&daemon, KEY, "/events?event=INSTANCE_CREATE", Some("evt_0")).await;
    let head = all.text.to_lowercase();
    assert!(head.contains("200 ok") && head.contains("content-type: text/event-stream"), "{head}");
    all.until("id: evt_2\n").await;
    assert!(all.text.contains("event: INSTANCE_CREATE\ndata: {"), "{}", all.text);
    let mut own = Stream::of(&daemon, &token, "/events", Some("evt_0")).await;
    daemon.ask("GET", "/instance/connect/other?wait=0", None).await;
    daemon.ask("GET", "/instance/connect/shop?wait=0", None).await;
    own.until("CONNECTION_UPDATE").await;
    let text = &own.text;
    assert!(text.contains("\"instance\":\"shop\"") && !text.contains("\"instance\":\"other\""), "{text}");
    for (key, path, after, status) in [
        (token.as_str(), "/events?instance=other", None, " 401 "),
        (KEY, "/events?instance=absent", None, " 404 "),
        (KEY, "/events?event=NOPE", None, " 400 "),
        (KEY, "/events", Some("seven"), " 400 "),
    ] {
        let refused = Stream::of(&daemon, key, path, after).await.text;
        assert!(refused.contains(status), "{path}: {refused}");
    }
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reader_too_many_is_refused_until_another_one_goes() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, _sandbox, _) = created(folder.path(), &[]).await;
    let mut readers = Vec::new();
    let refused = loop {
        let reader = Stream::of(&daemon, KEY, "/events", None).await;
        if !reader.text.contains(" 200 ") {
            break reader.text;
        }
        readers.push(reader);
    };
    assert_eq!(readers.len(), 64);
    assert!(refused.contains(" 503 ") && refused.to_lowercase().contains("retry-after: "), "{refused}");
    drop(readers);
    let deadline = Instant::now() + LIMIT;
    while !Stream::of(&daemon, KEY, "/events", None).await.text.contains(" 200 ") {
        assert!(Instant::now() < deadline, "there is room again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    daemon.terminate().await;
}
