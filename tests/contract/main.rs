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

use serde_json::{Value, json};
use support::Daemon;
use tetherd_sandbox::{Options, Sandbox};

const PHONE: &str = "15551234567";

async fn started(folder: &Path) -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let daemon = Daemon::start(folder, &sandbox).await;
    (sandbox, daemon)
}

async fn create(daemon: &Daemon, name: &str) -> Value {
    let body = json!({"instanceName": name, "integration": "WHATSAPP-BAILEYS"});
    let (status, made) = daemon.ask("POST", "/instance/create", Some(body)).await;
    assert_eq!(status, 201, "{made}");
    made
}

/// Connects and scans; the JID of the new device.
async fn link(daemon: &Daemon, sandbox: &Sandbox, name: &str, phone: &str) -> String {
    let (status, shown) = daemon.ask("GET", &format!("/instance/connect/{name}"), None).await;
    assert_eq!(status, 200, "{shown}");
    let jid = sandbox.scan(phone, shown["code"].as_str().expect("a code")).await.unwrap();
    daemon.until_of(name, "open").await;
    jid
}

/// A started daemon with a linked instance.
async fn linked(folder: &Path, name: &str) -> (Sandbox, Daemon, String) {
    let (sandbox, daemon) = started(folder).await;
    create(&daemon, name).await;
    let jid = link(&daemon, &sandbox, name, PHONE).await;
    (sandbox, daemon, jid)
}

/// How many connections WhatsApp has seen so far.
fn connections(sandbox: &Sandbox) -> usize {
    sandbox.events().iter().filter(|event| event.kind == "open").count()
}
