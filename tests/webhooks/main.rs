//! Webhooks and the stream, asked for as their users do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod anew;
mod given_up;
mod groups;
mod life;
mod lost;
mod receiver;
mod settings;
mod social;
mod stream;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::Daemon;
use tetherd_sandbox::{Options, Sandbox};

const PHONE: &str = "15551234567";
const FRIEND: &str = "4915112345678";

/// With an instance `shop` and its token.
async fn created(folder: &Path, env: &[(&str, &str)]) -> (Daemon, Sandbox, String) {
    let (daemon, sandbox, made) = created_with(folder, env, Value::Null).await;
    (daemon, sandbox, made["hash"].as_str().unwrap().to_owned())
}

/// With an instance `shop` that has this webhook, and what was answered.
async fn created_with(folder: &Path, env: &[(&str, &str)], webhook: Value) -> (Daemon, Sandbox, Value) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let daemon = Daemon::start_with(folder, &sandbox, env).await;
    let mut body = json!({"instanceName": "shop", "integration": "WHATSAPP-BAILEYS"});
    if !webhook.is_null() {
        body["webhook"] = webhook;
    }
    let made = daemon.create_as(body).await;
    (daemon, sandbox, made)
}

async fn set(daemon: &Daemon, body: Value) -> (u16, Value) {
    daemon.ask("POST", "/webhook/set/shop", Some(body)).await
}
