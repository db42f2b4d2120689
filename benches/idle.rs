//! What a box that is left alone costs: commits and bytes an hour, wakeups and processor time a second, and what
//! one inbound message adds. The real program, accounts linked to the sandbox, counted by the kernel and `/metrics`.
//!
//! `cargo bench --features demo --bench idle`; other numbers of instances and seconds: `-- 10 300`. `TETHERD_BIN` is
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

#[path = "support/program.rs"]
mod program;

use std::path::Path;
use std::time::{Duration, Instant};

use program::Program;
use serde_json::{Value, json};
use tetherd_sandbox::{Options, Sandbox};

const FRIEND: &str = "4915112345678";
const MESSAGES: u32 = 200;

struct Daemon(Program);

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
        Self(Program::start(folder, &[("TETHERD_WHATSAPP_URL", &sandbox.ws_url())]).await)
    }

    async fn text(&self, method: &str, path: &str, body: String) -> String {
        String::from_utf8(self.0.ask(method, path, None, body).await.body.to_vec()).unwrap()
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
        for task in std::fs::read_dir(self.0.kernel().join("task")).unwrap().flatten() {
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
