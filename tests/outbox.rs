//! `kill -9` at random instants of starting, linking, unlinking and receiving messages: every event arrives,
//! in order per instance, none missing; what comes twice comes with the same `webhook-id` and the same words.
//!
//! `TETHERD_KILLS` and `TETHERD_MESSAGES` say how many; `tests/outbox/run` does it at length.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod support;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use support::Daemon;
use tetherd_sandbox::{Options, Sandbox};
use tokio::net::TcpListener;

/// Instances that stay linked and get the messages.
const STEADY: usize = 3;
/// Instances that are linked and unlinked all the time.
const COMING_AND_GOING: usize = 3;
/// For the last events to arrive.
const LIMIT: Duration = Duration::from_mins(1);

/// The instants differ, and are the same at every run.
struct Chance(AtomicU64);

impl Chance {
    fn below(&self, most: u64) -> u64 {
        let next = |n: u64| n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let n = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| Some(next(n))).unwrap();
        (n >> 33) % most
    }
}

/// One request as it arrived.
struct Arrived {
    id: String,
    body: Bytes,
}

/// Remembers every request; some are cut off after they were read, as a receiver that is killed would.
struct Receiver {
    port: u16,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Receiver {
    async fn start(chance: Arc<Chance>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&arrived);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, chance) = (Arc::clone(&kept), Arc::clone(&chance));
                let service =
                    service_fn(move |request| receive(request, Arc::clone(&kept), Arc::clone(&chance)));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { port, arrived }
    }

    fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }

    /// The texts that never came.
    fn lacks<'a>(&self, sent: &'a [String]) -> Vec<&'a String> {
        let arrived = self.arrived.lock().unwrap();
        let bodies: Vec<_> = arrived.iter().map(|a| String::from_utf8_lossy(&a.body)).collect();
        let lacking = |text: &&String| !bodies.iter().any(|body| body.contains(&format!("\"{text}\"")));
        sent.iter().filter(lacking).collect()
    }

    /// Whether so many different messages are there.
    fn has(&self, messages: usize) -> bool {
        let arrived = self.arrived.lock().unwrap();
        let texts = arrived.iter().filter(|a| a.body.starts_with(b"{\"event\":\"MESSAGES_UPSERT\""));
        texts.map(|a| &a.id).collect::<HashSet<_>>().len() >= messages
    }
}

async fn receive(
    request: Request<Incoming>,
    kept: Arc<Mutex<Vec<Arrived>>>,
    chance: Arc<Chance>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let id = request.headers()["webhook-id"].to_str().unwrap().to_owned();
    let Ok(body) = request.into_body().collect().await else {
        return Err(std::io::Error::other("the sender was killed"));
    };
    kept.lock().unwrap().push(Arrived { id, body: body.to_bytes() });
    if chance.below(200) == 0 {
        return Err(std::io::Error::other("the receiver is killed"));
    }
    Ok::<_, Infallible>(Response::new(Full::new(Bytes::new()))).map_err(|never| match never {})
}

/// Wherever it listens: what an event says of us does not change from process to process.
async fn start(folder: &Path, sandbox: &Sandbox) -> Daemon {
    Daemon::start_with(folder, sandbox, &[("TETHERD_HTTP_PUBLIC_URL", "http://tetherd.test")]).await
}

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
}

/// What may be cut off by a kill at any moment.
async fn live(url: String, sandbox: Arc<Sandbox>, name: String, phone: String) {
    let daemon = support::Client::new(url);
    loop {
        let Ok((200, answer)) =
            daemon.try_ask("GET", &format!("/instance/connect/{name}?wait=5"), None).await
        else {
            return;
        };
        if let Some(code) = answer["code"].as_str() {
            let _ = sandbox.scan(&phone, code).await;
        } else if answer["instance"]["state"] == "open" {
            // By the phone or by us.
            if phone.ends_with('1') {
                let _ = sandbox.unlink(&phone).await;
            } else if daemon.try_ask("DELETE", &format!("/instance/logout/{name}"), None).await.is_err() {
                return;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_lost_by_kills() {
    let (kills, messages) = (number("TETHERD_KILLS", 12), number("TETHERD_MESSAGES", 120));
    let began = Instant::now();
    let chance = Arc::new(Chance(AtomicU64::new(20_261_125)));
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Arc::new(Sandbox::start(Options::default()).await.unwrap());
    let receiver = Receiver::start(Arc::clone(&chance)).await;
    let steady: Vec<_> = (0..STEADY).map(|n| (format!("s{n}"), format!("1555000{n:04}"))).collect();
    let restless: Vec<_> =
        (0..COMING_AND_GOING).map(|n| (format!("r{n}"), format!("1555111{n:04}"))).collect();

    let daemon = start(folder.path(), &sandbox).await;
    for (name, _) in steady.iter().chain(&restless) {
        let webhook = json!({"url": receiver.url(name), "secret": "generate"});
        let body = json!({"instanceName": name, "integration": "WHATSAPP-BAILEYS", "webhook": webhook});
        daemon.create_as(body).await;
    }
    for (name, phone) in &steady {
        daemon.link(&sandbox, name, phone).await;
    }
    daemon.kill().await;

    let mut sent = Vec::new();
    for kill in 0..kills {
        let daemon = start(folder.path(), &sandbox).await;
        let lives: Vec<_> = restless
            .iter()
            .map(|(name, phone)| {
                tokio::spawn(live(daemon.url.clone(), Arc::clone(&sandbox), name.clone(), phone.clone()))
            })
            .collect();
        let instant = Duration::from_millis(chance.below(700));
        let pieces = messages * (kill + 1) / kills - messages * kill / kills;
        for _ in 0..pieces {
            let (_, phone) = &steady[sent.len() % STEADY];
            let text = format!("message {}", sent.len());
            sandbox.send_text("15552223333", phone, &text).unwrap();
            sent.push(text);
            // The instant of the kill is what is tried out.
            tokio::time::sleep(instant / u32::try_from(pieces.max(1)).unwrap()).await;
        }
        if pieces == 0 {
            tokio::time::sleep(instant).await;
        }
        daemon.kill().await;
        for life in lives {
            life.abort();
        }
    }

    let daemon = start(folder.path(), &sandbox).await;
    let waiting = Instant::now();
    let mut pending = usize::MAX;
    while !receiver.has(sent.len()) || pending > 0 {
        assert!(
            waiting.elapsed() < LIMIT,
            "{pending} deliveries wait; not there: {:?}",
            receiver.lacks(&sent)
        );
        // That a delivery is noted on disk is told to nobody.
        tokio::time::sleep(Duration::from_millis(200)).await;
        pending = 0;
        for (name, _) in steady.iter().chain(&restless) {
            let path = format!("/webhook/deliveries/{name}?status=pending&limit=500");
            pending += daemon.ask("GET", &path, None).await.1["deliveries"].as_array().unwrap().len();
        }
    }
    let mut newest = BTreeMap::new();
    for (name, _) in steady.iter().chain(&restless) {
        let (_, listed) = daemon.ask("GET", &format!("/webhook/deliveries/{name}?limit=1"), None).await;
        newest.insert(name.clone(), listed["deliveries"][0]["seq"].as_u64().unwrap());
        let (_, dead) = daemon.ask("GET", &format!("/webhook/deliveries/{name}?status=dead"), None).await;
        assert_eq!(dead["deliveries"], json!([]), "{name}");
    }
    daemon.terminate().await;
    let told = checked(&receiver.arrived.lock().unwrap(), &newest);
    let texts: Vec<_> =
        told.iter().filter_map(|event| event["data"]["message"]["conversation"].as_str()).collect();
    let distinct: HashSet<_> = texts.iter().collect();
    assert_eq!((texts.len(), distinct.len()), (sent.len(), sent.len()), "each message is one event");
    assert!(sent.iter().all(|text| distinct.contains(&text.as_str())));
    let requests = receiver.arrived.lock().unwrap().len();
    let kinds = told.iter().fold(BTreeMap::new(), |mut kinds: BTreeMap<_, usize>, event| {
        *kinds.entry(event["event"].as_str().unwrap().to_owned()).or_default() += 1;
        kinds
    });
    println!("{kills} kills in {:.0?}, {} messages sent", began.elapsed(), sent.len());
    println!("{} events of {} instances arrived, in order, none missing", told.len(), newest.len());
    println!(
        "{} requests; {} repeated an event, with its webhook-id and its words",
        requests,
        requests - told.len()
    );
    for (kind, count) in kinds {
        println!("  {kind:<20} {count:>6}");
    }
}

/// What arrived, each event once, after everything was checked that holds for all of them.
fn checked(arrived: &[Arrived], newest: &BTreeMap<String, u64>) -> Vec<Value> {
    let mut words: HashMap<&str, &Bytes> = HashMap::new();
    let mut next: BTreeMap<String, u64> = BTreeMap::new();
    let mut told = Vec::new();
    for Arrived { id, body } in arrived {
        if let Some(before) = words.insert(id, body) {
            assert_eq!(before, body, "{id} came twice, in other words");
            continue;
        }
        let event: Value = serde_json::from_slice(body).unwrap();
        assert_eq!(event["id"].as_str(), Some(id.as_str()));
        let name = event["instance"].as_str().unwrap().to_owned();
        let expected = next.entry(name.clone()).or_insert(1);
        assert_eq!(event["seq"].as_u64(), Some(*expected), "{name}: in order, none missing");
        *expected += 1;
        told.push(event);
    }
    for (name, newest) in newest {
        assert_eq!(next.get(name), Some(&(newest + 1)), "{name}: to the last one");
    }
    told
}
