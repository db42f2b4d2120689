//! WHATSAPP-BUSINESS through the front door, with the simulated Graph API as Meta.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod asking;
mod codeless;
mod integration;
mod secrets;
mod seen;
#[path = "../support/mod.rs"]
mod support;
mod webhook;

use std::path::Path;

use serde_json::{Value, json};
use support::Daemon;
use tetherd_sandbox::graph::{Condition, Delivery, Number, send};
use tetherd_sandbox::{Options, Sandbox};

const ID: &str = "106540352242922";
const WABA: &str = "102290129340398";
const TOKEN: &str = "EAAGm0PX4ZCpsBAKZCwZBsecretOfMeta";

fn number() -> Number {
    Number {
        id: ID.into(),
        waba: WABA.into(),
        token: TOKEN.into(),
        display: "+1 631-555-5555".into(),
        name: "Jasper's Market".into(),
        condition: Condition::Good,
    }
}

async fn start(folder: &Path) -> (Sandbox, Daemon) {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    sandbox.graph().put(number());
    let daemon = Daemon::start(folder, &sandbox).await;
    (sandbox, daemon)
}

fn business() -> Value {
    json!({"instanceName": "shop", "integration": "WHATSAPP-BUSINESS", "number": ID, "businessId": WABA, "token": TOKEN})
}

async fn create(daemon: &Daemon) -> Value {
    daemon.create_as(business()).await
}

/// As Meta tells it; the status that it gets.
async fn tell(daemon: &Daemon, secret: &str, payload: &Value) -> Result<u16, String> {
    let delivery = Delivery {
        url: format!("{}/webhook/meta", daemon.url),
        secret: secret.to_owned(),
        payload: payload.clone(),
    };
    send(&delivery).await.map_err(|refused| refused.0)
}
