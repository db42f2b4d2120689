//! A receiver of webhooks that answers as it is told.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::support::LIMIT;

/// A request as it arrived: its first line and headers, and its body.
type Arrived = (String, Value);

pub(crate) struct Receiver {
    pub(crate) url: String,
    arrived: mpsc::UnboundedReceiver<Arrived>,
    /// Of the events that were taken out, in order.
    seqs: Vec<u64>,
}

impl Receiver {
    /// Answers each request with the next status, the last one for ever.
    pub(crate) async fn answering(statuses: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, arrived) = mpsc::unbounded_channel();
        tokio::spawn(answer(listener, statuses, sender));
        Self { url, arrived, seqs: Vec::new() }
    }

    /// Takes one request and answers nothing.
    pub(crate) async fn hanging() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (sender, arrived) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = sender.send(request(&mut stream).await);
            let _ = stream.read(&mut [0]).await;
        });
        Self { url, arrived, seqs: Vec::new() }
    }

    /// Whether the sender of what hangs waits for its answer still.
    pub(crate) fn is_waited_for(&self) -> bool {
        !self.arrived.is_closed()
    }

    pub(crate) async fn next(&mut self) -> Arrived {
        let arrived = tokio::time::timeout(LIMIT, self.arrived.recv()).await.expect("it arrives");
        let arrived = arrived.expect("the receiver is well");
        self.seqs.extend(arrived.1["seq"].as_u64());
        arrived
    }

    pub(crate) fn seqs(&self) -> &[u64] {
        &self.seqs
    }

    /// The data of the next event of this kind; others before it are passed over.
    pub(crate) async fn data_of(&mut self, kind: &str) -> Value {
        let search = async {
            loop {
                let (_, mut event) = self.next().await;
                if event["event"] == kind {
                    return event["data"].take();
                }
            }
        };
        tokio::time::timeout(LIMIT, search).await.unwrap_or_else(|_| panic!("no {kind}"))
    }
}

async fn answer(listener: TcpListener, statuses: &[u16], sender: mpsc::UnboundedSender<Arrived>) {
    let mut statuses = statuses.iter().copied().peekable();
    while let Ok((mut stream, _)) = listener.accept().await {
        let request =
            tokio::time::timeout(LIMIT, request(&mut stream)).await.expect("a whole request in time");
        let status = if statuses.len() > 1 { statuses.next() } else { statuses.peek().copied() }.unwrap();
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        let _ = sender.send(request);
    }
}

async fn request(stream: &mut TcpStream) -> Arrived {
    let (mut bytes, mut chunk) = (Vec::new(), vec![0; 65536]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap();
            if body.len() >= length.parse::<usize>().unwrap() {
                return (head.to_owned(), serde_json::from_str(body).unwrap());
            }
        }
        let n = stream.read(&mut chunk).await.unwrap();
        assert!(n > 0, "a whole request");
        bytes.extend_from_slice(&chunk[..n]);
    }
}
