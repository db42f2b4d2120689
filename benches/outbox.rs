//! What the outbox does: events stored a second, stored and delivered a second, bytes written for each,
//! processor time and memory while many wait. The real program, asked over HTTP as Meta would, a receiver that answers at once.
//!
//! `cargo bench --features demo --bench outbox`; with numbers for a smaller one: `-- 500 2000`. `TETHERD_BIN` is
//! another program to measure, such as the one of the package.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark"
)]

use std::convert::Infallible;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::Sha256;
use tetherd::model::SystemClock;
use tetherd::net::{FetchOptions, Net, NetConfig};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::{TcpListener, TcpSocket};
use tokio::process::{Child, Command};
use tokio::sync::watch;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const SECRET: &str = "the-app-secret-of-the-benchmark";
const NUMBER: &str = "106540352242922";

struct Daemon {
    child: Child,
    url: String,
    net: Net,
    said: AtomicUsize,
}

impl Daemon {
    async fn start(folder: &std::path::Path) -> Self {
        let program =
            std::env::var("TETHERD_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_tetherd").to_owned());
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("TETHERD_DATA_DIR", folder)
            .env("TETHERD_API_KEY", KEY)
            .env("TETHERD_LOG", "info")
            .env("TETHERD_CLOUD_APP_SECRET", SECRET)
            .env("TETHERD_CLOUD_GRAPH_URL", "http://127.0.0.1:1")
            .env("TETHERD_EVENTS_SIZE", "1000")
            .env("TETHERD_WEBHOOKS_DRAIN_RATE", "10000")
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = loop {
            let line = lines.next_line().await.unwrap().expect("it listens");
            if let Some((_, address)) = line.split_once("listening on ") {
                break address.trim().trim_end_matches("\u{1b}[0m").to_owned();
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let net = Net::new(&NetConfig::default(), Arc::new(SystemClock)).unwrap();
        Self { child, url, net, said: AtomicUsize::new(0) }
    }

    async fn ask(&self, method: &str, path: &str, body: String, signed: bool) -> (u16, Value) {
        let mut request =
            Request::builder().method(method).uri(format!("{}{path}", self.url)).header("apikey", KEY);
        if signed {
            let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
            mac.update(body.as_bytes());
            let signature = hex::encode(mac.finalize().into_bytes());
            request = request.header("x-hub-signature-256", format!("sha256={signature}"));
        }
        let request = request.header("content-type", "application/json").body(Bytes::from(body)).unwrap();
        let options = FetchOptions { whole: Duration::from_mins(2), ..FetchOptions::default() };
        let answer = self.net.fetch(request, &options).await.unwrap();
        (answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    /// As many messages as that in one body, as Meta sends them.
    async fn messages(&self, count: usize) {
        let messages: Vec<_> = (0..count)
            .map(|_| {
                let n = self.said.fetch_add(1, Ordering::Relaxed);
                json!({"from": "5521988887777", "id": format!("wamid.HBgNNTUyMTk4ODg4Nzc3NxUCABIYFjNFQjBD{n:08}"),
                    "timestamp": "1795000000", "type": "text",
                    "text": {"body": format!("Message {n}: could you tell me whether the shop is open on Saturday?")}})
            })
            .collect();
        let value = json!({"messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "16315555555", "phone_number_id": NUMBER},
            "contacts": [{"profile": {"name": "Maria"}, "wa_id": "5521988887777"}], "messages": messages});
        let body = json!({"object": "whatsapp_business_account",
            "entry": [{"id": "102290129340398", "changes": [{"field": "messages", "value": value}]}]});
        let (status, answer) = self.ask("POST", "/webhook/meta", body.to_string(), true).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// So many events, told by so many at once, so many in each request.
    async fn told(self: &Arc<Self>, events: usize, at_once: usize, each: usize) {
        let left = Arc::new(AtomicUsize::new(events / each));
        let tellers: Vec<_> = (0..at_once)
            .map(|_| {
                let (daemon, left) = (Arc::clone(self), Arc::clone(&left));
                tokio::spawn(async move {
                    while left
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
                        .is_ok()
                    {
                        daemon.messages(each).await;
                    }
                })
            })
            .collect();
        for teller in tellers {
            teller.await.unwrap();
        }
    }

    async fn webhook(&self, body: Value) {
        let (status, answer) = self.ask("POST", "/webhook/set/shop", body.to_string(), false).await;
        assert_eq!(status, 201, "{answer}");
    }

    fn proc(&self, file: &str, name: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id().unwrap())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("a line of the kernel's");
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// What it has cost so far.
    fn spent(&self) -> Spent {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id().unwrap())).unwrap();
        // Behind the name, which may hold spaces: user and kernel time, in hundredths of a second.
        let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
        Spent { began: Instant::now(), cpu: ticks * 10_000, written: self.proc("io", "write_bytes:") }
    }

    fn memory(&self) -> f64 {
        self.proc("status", "VmRSS:") as f64 / 1024.0
    }
}

struct Spent {
    began: Instant,
    /// Microseconds.
    cpu: u64,
    written: u64,
}

/// Counts what it gets.
struct Receiver {
    socket: Option<TcpSocket>,
    url: String,
    count: watch::Sender<usize>,
}

impl Receiver {
    fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}/hook", socket.local_addr().unwrap());
        Self { socket: Some(socket), url, count: watch::channel(0).0 }
    }

    fn listen(&mut self) {
        let listener = self.socket.take().unwrap().listen(64).unwrap();
        tokio::spawn(accept(listener, self.count.clone()));
    }

    async fn has(&self, count: usize) {
        self.count.subscribe().wait_for(|n| *n >= count).await.unwrap();
    }
}

async fn accept(listener: TcpListener, count: watch::Sender<usize>) {
    while let Ok((stream, _)) = listener.accept().await {
        let count = count.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let count = count.clone();
            async move {
                request.into_body().collect().await.unwrap();
                count.send_modify(|n| *n += 1);
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

fn row(what: &str, events: usize, before: &Spent, after: &Spent) {
    let (took, each) = ((after.began - before.began).as_secs_f64(), events as u64);
    println!(
        "{what:<40} {events:>7} {:>9.0} /s {:>8} µs {:>8} B",
        events as f64 / took,
        (after.cpu - before.cpu) / each,
        (after.written - before.written) / each
    );
}

#[tokio::main]
async fn main() {
    // What cargo adds for benchmarks is no number.
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|n| n.parse().ok()).collect();
    let (rounds, pending) =
        (numbers.first().copied().unwrap_or(10_000), numbers.get(1).copied().unwrap_or(100_000));
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let daemon = Arc::new(Daemon::start(folder.path()).await);
    let body = json!({"instanceName": "shop", "integration": "WHATSAPP-BUSINESS", "number": NUMBER,
        "token": "EAAbench", "businessId": "102290129340398"});
    assert_eq!(daemon.ask("POST", "/instance/create", body.to_string(), false).await.0, 201);
    daemon.told(200, 8, 1).await;

    println!("{:<40} {:>7} {:>12} {:>11} {:>10}", "", "events", "", "processor", "written");
    for at_once in [1, 16, 64] {
        let before = daemon.spent();
        daemon.told(rounds, at_once, 1).await;
        row(&format!("stored, {at_once} at once"), rounds, &before, &daemon.spent());
    }

    let mut receiver = Receiver::new();
    receiver.listen();
    daemon.webhook(json!({"url": receiver.url, "secret": "generate"})).await;
    for at_once in [1, 16, 64] {
        let (had, before) = (*receiver.count.borrow(), daemon.spent());
        daemon.told(rounds, at_once, 1).await;
        receiver.has(had + rounds).await;
        row(&format!("stored and delivered, {at_once} at once"), rounds, &before, &daemon.spent());
    }

    let mut away = Receiver::new();
    daemon.webhook(json!({"url": away.url})).await;
    println!("\n{:<40} {:>7}", "memory (resident)", "MB");
    println!("{:<40} {:>7.1}", "nothing pending", daemon.memory());
    for quarter in 1..=4 {
        daemon.told(pending / 4, 4, 50).await;
        println!("{:<40} {:>7.1}", format!("{} pending", pending / 4 * quarter), daemon.memory());
    }
    away.listen();
    let before = daemon.spent();
    daemon.webhook(json!({"url": away.url})).await;
    away.has(pending / 4 * 4 / 50 * 50).await;
    println!("{:<40} {:>7.1}\n", "all delivered", daemon.memory());
    row("delivered, from the backlog", pending, &before, &daemon.spent());
}
