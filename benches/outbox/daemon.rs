//! The real program, and what it costs.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Request;
use serde_json::{Value, json};
use sha2::Sha256;
use tetherd::model::SystemClock;
use tetherd::net::{FetchOptions, Net, NetConfig};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const SECRET: &str = "the-app-secret-of-the-benchmark";
pub(crate) const NUMBER: &str = "106540352242922";

pub(crate) struct Daemon {
    child: Child,
    url: String,
    net: Net,
    said: AtomicUsize,
}

impl Daemon {
    pub(crate) async fn start(folder: &std::path::Path) -> Self {
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

    pub(crate) async fn ask(&self, method: &str, path: &str, body: String, signed: bool) -> (u16, Value) {
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

    /// An instance of this number.
    pub(crate) async fn create(&self, name: &str, number: &str, webhook: Option<Value>) {
        let mut body = json!({"instanceName": name, "integration": "WHATSAPP-BUSINESS", "number": number,
            "token": "EAAbench", "businessId": "102290129340398"});
        if let Some(webhook) = webhook {
            body["webhook"] = webhook;
        }
        let (status, answer) = self.ask("POST", "/instance/create", body.to_string(), false).await;
        assert_eq!(status, 201, "{answer}");
    }

    /// As many messages to this number as that in one body, as Meta sends them.
    pub(crate) async fn messages(&self, number: &str, count: usize) {
        let messages: Vec<_> = (0..count)
            .map(|_| {
                let n = self.said.fetch_add(1, Ordering::Relaxed);
                json!({"from": "5521988887777", "id": format!("wamid.HBgNNTUyMTk4ODg4Nzc3NxUCABIYFjNFQjBD{n:08}"),
                    "timestamp": "1795000000", "type": "text",
                    "text": {"body": format!("Message {n}: could you tell me whether the shop is open on Saturday?")}})
            })
            .collect();
        let value = json!({"messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "16315555555", "phone_number_id": number},
            "contacts": [{"profile": {"name": "Maria"}, "wa_id": "5521988887777"}], "messages": messages});
        let body = json!({"object": "whatsapp_business_account",
            "entry": [{"id": "102290129340398", "changes": [{"field": "messages", "value": value}]}]});
        let (status, answer) = self.ask("POST", "/webhook/meta", body.to_string(), true).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// So many events, told by so many at once, so many in each request.
    pub(crate) async fn told(self: &Arc<Self>, events: usize, at_once: usize, each: usize) {
        let left = Arc::new(AtomicUsize::new(events / each));
        let tellers: Vec<_> = (0..at_once)
            .map(|_| {
                let (daemon, left) = (Arc::clone(self), Arc::clone(&left));
                tokio::spawn(async move {
                    while left
                        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
                        .is_ok()
                    {
                        daemon.messages(NUMBER, each).await;
                    }
                })
            })
            .collect();
        for teller in tellers {
            teller.await.unwrap();
        }
    }

    pub(crate) async fn webhook(&self, body: Value) {
        let (status, answer) = self.ask("POST", "/webhook/set/shop", body.to_string(), false).await;
        assert_eq!(status, 201, "{answer}");
    }

    fn proc(&self, file: &str, name: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id().unwrap())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("a line of the kernel's");
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// What it has cost so far.
    pub(crate) fn spent(&self) -> Spent {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id().unwrap())).unwrap();
        // Behind the name, which may hold spaces: user and kernel time, in hundredths of a second.
        let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum();
        Spent { began: Instant::now(), cpu: ticks * 10_000, written: self.proc("io", "write_bytes:") }
    }

    pub(crate) fn memory(&self) -> f64 {
        self.proc("status", "VmRSS:") as f64 / 1024.0
    }
}

pub(crate) struct Spent {
    pub(crate) began: Instant,
    /// Microseconds.
    pub(crate) cpu: u64,
    pub(crate) written: u64,
}
