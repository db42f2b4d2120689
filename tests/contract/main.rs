//! What the API promises, statement by statement, against the real program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod bad_input;
mod cli;
mod clients;
mod crowd;
mod described;
mod page;
mod peers;
mod settings;
#[path = "../support/mod.rs"]
mod support;
mod together;
mod unreachable;
mod wire;

use std::path::Path;

use serde_json::Value;
use support::Daemon;
use tetherd_sandbox::{Options, Sandbox};

const PHONE: &str = "15551234567";

async fn started(folder: &Path) -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let daemon = Daemon::start(folder, &sandbox).await;
    (sandbox, daemon)
}

/// A started daemon with a linked instance.
async fn linked(folder: &Path, name: &str) -> (Sandbox, Daemon, String) {
    let (sandbox, daemon) = started(folder).await;
    daemon.create(name).await;
    let jid = daemon.link(&sandbox, name, PHONE).await;
    (sandbox, daemon, jid)
}

/// Takes the event that tells of an attempt's end, which readers see before it.
fn over(event: &Value, name: &str) -> Option<()> {
    let told = event["event"] == "CONNECTION_UPDATE" && event["instance"] == name;
    (told && event["data"]["reason"] != "waiting_for_scan").then_some(())
}

/// How many connections WhatsApp has seen so far.
fn connections(sandbox: &Sandbox) -> usize {
    sandbox.events().iter().filter(|event| event.kind == "open").count()
}
