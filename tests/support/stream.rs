//! A reader of `GET /events`.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::{Daemon, KEY, LIMIT};

pub(crate) struct Stream {
    socket: TcpStream,
    /// All that came, the head of the answer too.
    pub(crate) text: String,
}

impl Stream {
    /// Asks for it, and has at least the head of the answer.
    pub(crate) async fn of(daemon: &Daemon, key: &str, path: &str, after: Option<&str>) -> Self {
        let address = daemon.url.strip_prefix("http://").unwrap();
        let mut socket = TcpStream::connect(address).await.unwrap();
        let resume = after.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let ask = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\napikey: {key}\r\n{resume}\r\n");
        socket.write_all(ask.as_bytes()).await.unwrap();
        let mut stream = Self { socket, text: String::new() };
        stream.until("\r\n\r\n").await;
        stream
    }

    /// What is told from now on of all instances.
    pub(crate) async fn from_now(daemon: &Daemon) -> Self {
        let stream = Self::of(daemon, KEY, "/events", None).await;
        assert!(stream.text.contains(" 200 "), "{}", stream.text);
        stream
    }

    /// All that comes until the server ends it.
    pub(crate) async fn ended(mut self) -> String {
        let mut bytes = Vec::new();
        let reading = self.socket.read_to_end(&mut bytes);
        tokio::time::timeout(LIMIT, reading).await.expect("it ends").unwrap();
        self.text + &String::from_utf8(bytes).unwrap()
    }

    /// Reads on until this is among all that came.
    pub(crate) async fn until(&mut self, wanted: &str) {
        self.find(wanted, |text| text.contains(wanted).then_some(())).await;
    }

    /// Reads on until `wanted` takes an event, and returns what it made of it. What is taken stays among what came.
    pub(crate) async fn event<T>(&mut self, what: &str, wanted: impl Fn(&Value) -> Option<T>) -> T {
        // Whole lines only.
        let lines = |text: &str| text.rfind('\n').map_or(0, |end| end + 1);
        self.find(what, |text| {
            let data = text[..lines(text)].lines().filter_map(|line| line.strip_prefix("data: "));
            data.filter_map(|line| serde_json::from_str(line).ok()).find_map(|event| wanted(&event))
        })
        .await
    }

    /// What comes with the head belongs to what came, and heartbeats are no sign that more will come.
    async fn find<T>(&mut self, what: &str, wanted: impl Fn(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + LIMIT;
        let mut chunk = vec![0; 65536];
        loop {
            if let Some(found) = wanted(&self.text) {
                return found;
            }
            let read = timeout_at(deadline, self.socket.read(&mut chunk)).await;
            let n = read.unwrap_or_else(|_| panic!("never {what}: {}", self.text)).unwrap();
            assert!(n > 0, "it ended without {what}: {}", self.text);
            self.text.push_str(&String::from_utf8_lossy(&chunk[..n]));
        }
    }
}
