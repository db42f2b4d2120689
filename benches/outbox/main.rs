//! What the outbox does: events stored a second, stored and delivered a second, bytes written for each,
//! processor time and memory while many wait, and how long many receivers wait for one that hangs. The real
//! program, asked over HTTP as Meta would, receivers in the same place.
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

mod crowd;
mod daemon;
#[path = "../support/program.rs"]
mod program;
mod receiver;

use std::sync::Arc;

use serde_json::json;

use daemon::{Daemon, NUMBER, Spent};
use receiver::Receiver;

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
    daemon.create("shop", NUMBER, None).await;
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
    crowd::one_hangs(&daemon).await;
}
