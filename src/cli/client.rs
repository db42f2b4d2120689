//! Talks to the running daemon.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use serde_json::Value;

use crate::model::SystemClock;
use crate::net::{FetchOptions, Net, NetConfig};

/// Where the daemon is, and the key to it.
#[derive(Args, Clone)]
pub(super) struct Access {
    /// Where tetherd answers
    #[arg(long, default_value = "http://127.0.0.1:8080", env = "TETHERD_URL")]
    url: String,
    /// The global key or an instance's token
    #[arg(long, env = "TETHERD_API_KEY", hide_env_values = true)]
    key: Option<String>,
}

pub(super) struct Client {
    net: Net,
    access: Access,
}

impl Client {
    pub(super) fn new(access: &Access) -> Result<Self, String> {
        let net =
            Net::new(&NetConfig::default(), Arc::new(SystemClock)).map_err(|error| error.to_string())?;
        Ok(Self { net, access: access.clone() })
    }

    /// The answer's JSON; anything but a 2xx is an error in the daemon's words.
    pub(super) async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.access.url.trim_end_matches('/')));
        if let Some(key) = &self.access.key {
            request = request.header("apikey", key);
        }
        let bytes = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let request = request.body(bytes).map_err(|error| format!("{}: {error}", self.access.url))?;
        let options =
            FetchOptions { whole: Duration::from_secs(70), body_limit: 1 << 22, ..FetchOptions::default() };
        let answer = self.net.fetch(request, &options).await.map_err(|error| error.to_string())?;
        let value: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        if answer.status.is_success() {
            return Ok(value);
        }
        if answer.status.as_u16() == 401 {
            return Err("the key is missing or wrong; give it by --key or TETHERD_API_KEY".into());
        }
        Err(value
            .pointer("/message")
            .and_then(Value::as_str)
            .map_or_else(|| format!("HTTP {}", answer.status), str::to_owned))
    }
}

/// A name within a path.
pub(super) fn encoded(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}
