//! `kill -9` at random instants while Meta goes on telling: what was answered with 200 is there exactly once.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tetherd_sandbox::graph::{Delivery, send};
use tokio::sync::watch;

use super::{events, payload, with_receiver};
use crate::support::{APP_SECRET, Daemon, LIMIT};
use crate::{create, start, tell};

const KILLS: usize = 50;
const WEBHOOKS: usize = 500;
/// Each sends one after another.
const SENDERS: usize = 4;
/// After as many were confirmed as are due between two kills; a webhook takes a few milliseconds.
const ALIVE: Duration = Duration::from_millis(30);
/// Comes last, to know that all others were seen.
const END: usize = 1_000_000;

/// Random instants, which `TETHERD_SEED` brings back.
struct Chance(u64);

impl Chance {
    #[allow(clippy::print_stdout, reason = "shown when the test fails")]
    fn new() -> Self {
        let told = std::env::var("TETHERD_SEED").ok().map(|text| text.parse().expect("a number"));
        let seed = told.unwrap_or_else(|| getrandom::u64().unwrap());
        println!("TETHERD_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, most: Duration) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        most.mul_f64(f64::from(u32::try_from(self.0 >> 32).unwrap()) / f64::from(u32::MAX))
    }
}

/// What Meta knows.
#[derive(Default)]
struct Told {
    /// Numbers of messages whose webhook was answered with 200.
    confirmed: watch::Sender<Vec<usize>>,
    /// Webhooks that reached a process and got no answer of it.
    cut_off: AtomicUsize,
    enough: AtomicBool,
}

/// Tells one message after another, each again until it is confirmed: all of its share, and on until it is enough.
async fn meta(mut address: watch::Receiver<String>, share: Range<usize>, told: Arc<Told>) {
    for number in share.start.. {
        if number >= share.end && told.enough.load(Ordering::SeqCst) {
            return;
        }
        loop {
            let url = address.borrow().clone();
            let delivery =
                Delivery { url: url.clone(), secret: APP_SECRET.into(), payload: payload(1, 1, 1, number) };
            match send(&delivery).await {
                Ok(status) => {
                    assert_eq!(status, 200, "message {number}");
                    break told.confirmed.send_modify(|numbers| numbers.push(number));
                }
                Err(refused) => {
                    told.cut_off.fetch_add(usize::from(!refused.0.contains("refused")), Ordering::SeqCst);
                }
            }
            let another = address.wait_for(|now| *now != url);
            tokio::time::timeout(LIMIT, another).await.expect("it is there again").unwrap();
        }
    }
}

/// How often each message is in the outbox.
async fn kept(daemon: &Daemon) -> BTreeMap<usize, usize> {
    assert_eq!(tell(daemon, APP_SECRET, &payload(1, 1, 1, END)).await, Ok(200));
    let told = events(daemon, &format!("message {END}")).await;
    let texts = told.iter().map(|event| event["data"]["message"]["conversation"].as_str().unwrap());
    let mut times = BTreeMap::new();
    for text in texts {
        *times.entry(text.strip_prefix("message ").unwrap().parse().unwrap()).or_default() += 1;
    }
    times
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stdout, reason = "what it met")]
async fn kills_during_webhooks_lose_none_and_double_none() {
    let mut chance = Chance::new();
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, mut daemon) = start(folder.path()).await;
    create(&daemon).await;
    with_receiver(&daemon).await;

    let told = Arc::new(Told::default());
    let (address, follow) = watch::channel(format!("{}/webhook/meta", daemon.url));
    let share = WEBHOOKS / SENDERS;
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            // Numbers of its own, however many it needs beyond its share.
            let first = sender * END / SENDERS;
            tokio::spawn(meta(follow.clone(), first..first + share, Arc::clone(&told)))
        })
        .collect();
    let mut met = 0;
    for kill in 0..KILLS {
        let mut confirmed = told.confirmed.subscribe();
        let due = confirmed.wait_for(|numbers| numbers.len() >= kill * WEBHOOKS / KILLS);
        tokio::time::timeout(LIMIT, due).await.expect("they are confirmed").unwrap();
        tokio::time::sleep(chance.below(ALIVE)).await;
        let before = told.cut_off.load(Ordering::SeqCst);
        daemon.kill().await;
        daemon = Daemon::start(folder.path(), &sandbox).await;
        met += usize::from(told.cut_off.load(Ordering::SeqCst) > before);
        address.send_replace(format!("{}/webhook/meta", daemon.url));
    }
    told.enough.store(true, Ordering::SeqCst);
    for sender in senders {
        tokio::time::timeout(LIMIT, sender).await.expect("all told").unwrap();
    }
    let confirmed = told.confirmed.borrow().clone();
    let cut_off = told.cut_off.load(Ordering::SeqCst);
    println!("{met} of {KILLS} kills cut off {cut_off} webhooks, {} were confirmed", confirmed.len());
    assert!(met >= KILLS / 5, "too few to mean anything");
    assert!(confirmed.len() >= WEBHOOKS);
    let kept = kept(&daemon).await;
    let lost: Vec<_> = confirmed.iter().filter(|number| !kept.contains_key(number)).collect();
    let doubled: Vec<_> = kept.iter().filter(|&(_, times)| *times != 1).collect();
    assert_eq!((lost, doubled), (vec![], vec![]), "what was answered with 200 is there, once");
    assert_eq!(kept.len(), confirmed.len() + 1, "and nothing else");
    daemon.terminate().await;
}
