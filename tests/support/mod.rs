//! The real program as its users have it.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests; each uses a part"
)]

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tetherd::model::SystemClock;
use tetherd::net::{FetchOptions, Net, NetConfig};
use tetherd_sandbox::Sandbox;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const APP_SECRET: &str = "the-app-secret-of-the-tests";
pub(crate) const VERIFY_TOKEN: &str = "the-verify-token-of-the-tests";
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct Daemon {
    child: Child,
    pub(crate) url: String,
    net: Net,
    log: Arc<Mutex<String>>,
}

impl Daemon {
    pub(crate) async fn start(folder: &Path, sandbox: &Sandbox) -> Self {
        Self::start_with(folder, sandbox, &[]).await
    }

    /// With more in the environment.
    pub(crate) async fn start_with(folder: &Path, sandbox: &Sandbox, env: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tetherd"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("TETHERD_DATA_DIR", folder)
            .env("TETHERD_API_KEY", KEY)
            .env("TETHERD_WHATSAPP_URL", sandbox.ws_url())
            .env("TETHERD_CLOUD_GRAPH_URL", sandbox.graph_url())
            .env("TETHERD_CLOUD_APP_SECRET", APP_SECRET)
            .env("TETHERD_CLOUD_VERIFY_TOKEN", VERIFY_TOKEN)
            .env("TETHERD_LOG", "debug")
            .envs(env.iter().copied())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = loop {
            let line =
                tokio::time::timeout(LIMIT, lines.next_line()).await.unwrap().unwrap().expect("it listens");
            assert!(!line.contains(KEY), "the key is in the log");
            if let Some((_, address)) = line.split_once("listening on ") {
                break address.trim().trim_end_matches("\u{1b}[0m").to_owned();
            }
        };
        let log = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                kept.lock().unwrap().push_str(&line);
            }
        });
        let net = Net::new(&NetConfig::default(), Arc::new(SystemClock)).unwrap();
        Self { child, url, net, log }
    }

    /// All that it has logged, at the level `debug`.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.ask_as(Some(KEY), method, path, body.map(|b| b.to_string())).await
    }

    pub(crate) async fn ask_as(
        &self,
        key: Option<&str>,
        method: &str,
        path: &str,
        body: Option<String>,
    ) -> (u16, Value) {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let Some(key) = key {
            request = request.header("apikey", key);
        }
        let body = body.map_or_else(Bytes::new, Bytes::from);
        let request = request.header("content-type", "application/json").header("content-length", body.len());
        let options = FetchOptions { body_limit: 1 << 22, ..FetchOptions::default() };
        let answer = self.net.fetch(request.body(body).unwrap(), &options).await.unwrap();
        (answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    pub(crate) async fn state_of(&self, name: &str) -> Value {
        self.ask("GET", &format!("/instance/connectionState/{name}"), None).await.1["instance"].clone()
    }

    pub(crate) async fn state(&self) -> Value {
        self.state_of("shop").await
    }

    pub(crate) async fn until(&self, state: &str) -> Value {
        self.until_of("shop", state).await
    }

    pub(crate) async fn until_of(&self, name: &str, state: &str) -> Value {
        let began = tokio::time::Instant::now();
        loop {
            let now = self.state_of(name).await;
            if now["state"] == state {
                return now;
            }
            assert!(began.elapsed() < LIMIT, "never {state}: {now}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub(crate) async fn terminate(mut self) {
        let pid = rustix::process::Pid::from_raw(self.child.id().unwrap().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = tokio::time::timeout(Duration::from_secs(5), self.child.wait())
            .await
            .expect("within 5 s")
            .unwrap();
        assert!(status.success());
    }

    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
