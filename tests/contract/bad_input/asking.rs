//! How bad input is sent, and what it may not change.

use serde_json::Value;

use crate::support::{Daemon, KEY};
use crate::wire::{Answer, request, send};

pub(crate) const CREATE: &str = "POST /instance/create";
pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

pub(crate) async fn post(daemon: &Daemon, line: &str, body: &[u8]) -> Answer {
    send(&daemon.url, &request(line, &[("apikey", KEY), JSON], body)).await
}

/// Everything that a request could have changed.
pub(crate) async fn everything(daemon: &Daemon) -> Value {
    let mut all = vec![daemon.ask("GET", "/instance/fetchInstances", None).await.1];
    for path in ["/settings/find/shop", "/proxy/find/shop", "/webhook/find/shop"] {
        all.push(daemon.ask("GET", path, None).await.1);
    }
    Value::Array(all)
}
