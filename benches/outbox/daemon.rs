//! The real program as Meta's webhook drives it, and what it costs.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::program::Program;

const SECRET: &str = "the-app-secret-of-the-benchmark";
pub(crate) const NUMBER: &str = "106540352242922";

pub(crate) struct Daemon {
    program: Program,
    said: AtomicUsize,
}

impl Daemon {
    pub(crate) async fn start(folder: &Path) -> Self {
        let env = [
            ("TETHERD_CLOUD_APP_SECRET", SECRET),
            ("TETHERD_CLOUD_GRAPH_URL", "http://127.0.0.1:1"),
            ("TETHERD_EVENTS_SIZE", "1000"),
            ("TETHERD_WEBHOOKS_DRAIN_RATE", "10000"),
        ];
        Self { program: Program::start(folder, &env).await, said: AtomicUsize::new(0) }
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: String, signed: bool) -> (u16, Value) {
        let signature = signed.then(|| {
            let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
            mac.update(body.as_bytes());
            format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
        });
        let header = signature.as_deref().map(|signature| ("x-hub-signature-256", signature));
        let answer = self.program.ask(method, path, header, body).await;
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
        let text = std::fs::read_to_string(self.program.kernel().join(file)).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("a line of the kernel's");
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// What it has cost so far.
    pub(crate) fn spent(&self) -> Spent {
        let stat = std::fs::read_to_string(self.program.kernel().join("stat")).unwrap();
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
