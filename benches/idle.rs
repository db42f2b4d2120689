//! What a box that is left alone costs: commits and bytes an hour, wakeups and processor time a second, and what
//! one inbound message adds. The real program, accounts linked to the sandbox, counted by the kernel and `/metrics`.
//!
//! `cargo bench --features demo --bench idle`; other numbers of instances and seconds: `-- 10 300`.
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

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};
use tetherd::model::SystemClock;
use tetherd::net::{FetchOptions, Net, NetConfig};
use tetherd_sandbox::{Options, Sandbox};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const FRIEND: &str = "4915112345678";
const MESSAGES: u32 = 200;

struct Daemon {
    child: Child,
    url: String,
    net: Net,
}

/// Counters at one moment.
#[derive(Clone, Copy)]
struct Counted {
    at: Instant,
    commits: f64,
    /// Given to the kernel by the writer of the store.
    written: f64,
    /// Times that a thread was woken.
    wakeups: u64,
    /// Nanoseconds on a processor.
    processor: u64,
}

impl Daemon {
    async fn start(folder: &Path, sandbox: &Sandbox) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tetherd"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("TETHERD_DATA_DIR", folder)
            .env("TETHERD_API_KEY", KEY)
            .env("TETHERD_WHATSAPP_URL", sandbox.ws_url())
            .env("TETHERD_LOG", "info")
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = loop {
            let line = lines.next_line().await.unwrap().expect("it listens");
            if let Some((_, address)) = line.split_once("listening on ") {
                break address.trim().to_owned();
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let net = Net::new(&NetConfig::default(), Arc::new(SystemClock)).unwrap();
        Self { child, url, net }
    }

    async fn text(&self, method: &str, path: &str, body: String) -> String {
        let request = http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        let request = request.header("apikey", KEY).header("content-type", "application/json");
        let request = request.body(Bytes::from(body)).unwrap();
        let options = FetchOptions { whole: Duration::from_mins(1), ..FetchOptions::default() };
        let answer = self.net.fetch(request, &options).await.unwrap();
        String::from_utf8(answer.body.to_vec()).unwrap()
    }

    async fn ask(&self, method: &str, path: &str, body: String) -> Value {
        serde_json::from_str(&self.text(method, path, body).await).unwrap()
    }

    async fn link(&self, sandbox: &Sandbox, n: usize) {
        let body = json!({"instanceName": format!("i{n}"), "integration": "WHATSAPP-BAILEYS"});
        self.ask("POST", "/instance/create", body.to_string()).await;
        let answer = self.ask("GET", &format!("/instance/connect/i{n}"), String::new()).await;
        sandbox.scan(&phone(n), answer["code"].as_str().expect("a code")).await.unwrap();
        while self.ask("GET", &format!("/instance/connect/i{n}"), String::new()).await["instance"]["state"]
            != "open"
        {}
    }

    async fn counted(&self) -> Counted {
        let metrics = self.text("GET", "/metrics", String::new()).await;
        let metric = |name: &str| -> f64 {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name)).expect("a line of ours");
            line.trim().parse().unwrap()
        };
        let (mut wakeups, mut processor) = (0, 0);
        for task in std::fs::read_dir(format!("/proc/{}/task", self.child.id().unwrap())).unwrap().flatten() {
            let read = |file: &str| std::fs::read_to_string(task.path().join(file)).unwrap_or_default();
            processor += read("schedstat").split(' ').next().unwrap().parse::<u64>().unwrap_or_default();
            let status = read("status");
            let woken = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            wakeups += woken.map_or(0, |n| n.trim().parse().unwrap());
        }
        Counted {
            at: Instant::now(),
            commits: metric("tetherd_store_commit_seconds_count "),
            written: metric("tetherd_store_written_bytes_total "),
            wakeups,
            processor,
        }
    }

    /// Left alone for so long.
    async fn idle(&self, seconds: u64) -> [Counted; 2] {
        // What linking left to do is done.
        tokio::time::sleep(Duration::from_secs(15)).await;
        let before = self.counted().await;
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        [before, self.counted().await]
    }
}

fn phone(n: usize) -> String {
    format!("1555000{n:04}")
}

fn row(what: &str, [before, after]: [Counted; 2]) {
    let seconds = (after.at - before.at).as_secs_f64();
    let hourly = |from: f64, to: f64| (to - from) * 3600.0 / seconds;
    println!(
        "{what:<26} {:>10.0} {:>10.0} {:>11.1} {:>10.3} %",
        hourly(before.commits, after.commits),
        hourly(before.written, after.written),
        (after.wakeups - before.wakeups) as f64 / seconds,
        (after.processor - before.processor) as f64 / seconds / 1e7,
    );
}

#[tokio::main]
async fn main() {
    // What cargo adds for benchmarks is no number.
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|n| n.parse().ok()).collect();
    let many = usize::try_from(numbers.first().copied().unwrap_or(10)).unwrap();
    let seconds = numbers.get(1).copied().unwrap_or(300);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let daemon = Daemon::start(folder.path(), &sandbox).await;

    println!(
        "{:<26} {:>10} {:>10} {:>11} {:>12}",
        format!("idle for {seconds} s"),
        "commits/h",
        "bytes/h",
        "wakeups/s",
        "of a core"
    );
    row("no instance", daemon.idle(seconds).await);
    daemon.link(&sandbox, 0).await;
    row("1 linked instance", daemon.idle(seconds).await);
    for n in 1..many {
        daemon.link(&sandbox, n).await;
    }
    row(&format!("{many} linked instances"), daemon.idle(seconds).await);

    let before = daemon.counted().await;
    for n in 0..MESSAGES {
        let id = sandbox.send_text(FRIEND, &phone(0), &format!("message {n}")).unwrap();
        let limit = Duration::from_secs(10);
        sandbox
            .wait_for(0, limit, |event| event.kind == "receipt" && event.text.contains(&id))
            .await
            .expect("a receipt");
    }
    let after = daemon.counted().await;
    println!(
        "\neach of {MESSAGES} inbound messages, one after the other: {:.1} commits, {:.0} bytes written",
        (after.commits - before.commits) / f64::from(MESSAGES),
        (after.written - before.written) / f64::from(MESSAGES),
    );
}
