//! The real program as its users have it.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests; each uses a part"
)]

mod instances;
mod secrets;
pub(crate) mod stream;
pub(crate) mod tunnel;

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tetherd::model::SystemClock;
use tetherd::net::{FetchOptions, Net, NetConfig, NetError};
use tetherd_sandbox::Sandbox;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use secrets::Secrets;

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const APP_SECRET: &str = "the-app-secret-of-the-tests";
pub(crate) const VERIFY_TOKEN: &str = "the-verify-token-of-the-tests";
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

pub(crate) struct Daemon {
    child: Child,
    pub(crate) url: String,
    net: Net,
    log: watch::Receiver<String>,
    reading: Option<JoinHandle<()>>,
    secrets: Secrets,
}

/// The real program, serving from this folder and linked against this sandbox.
pub(crate) fn command(folder: &Path, sandbox: &Sandbox) -> Command {
    command_on("127.0.0.1:0", folder, sandbox)
}

/// The same on another address.
pub(crate) fn command_on(listen: &str, folder: &Path, sandbox: &Sandbox) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tetherd"));
    command
        .args(["serve", "--listen", listen])
        .env("TETHERD_DATA_DIR", folder)
        .env("TETHERD_API_KEY", KEY)
        .env("TETHERD_WHATSAPP_URL", sandbox.ws_url())
        .env("TETHERD_CLOUD_GRAPH_URL", sandbox.graph_url())
        .env("TETHERD_CLOUD_APP_SECRET", APP_SECRET)
        .env("TETHERD_CLOUD_VERIFY_TOKEN", VERIFY_TOKEN)
        .env("TETHERD_LOG", "debug");
    command
}

/// A subcommand of the real program, for the data in this folder; what it says, and whether it succeeded.
pub(crate) async fn run(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tetherd"));
    let done = command.args(arguments).env("TETHERD_DATA_DIR", folder).env_remove("TETHERD_CONFIG");
    let done = tokio::time::timeout(LIMIT, done.output()).await.expect("in time").unwrap();
    let text = [done.stdout, done.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (done.status.success(), text)
}

/// Asks a daemon that may be gone.
pub(crate) struct Client {
    url: String,
    net: Net,
}

impl Client {
    pub(crate) fn new(url: String) -> Self {
        Self { url, net: Net::new(&NetConfig::default(), Arc::new(SystemClock)).unwrap() }
    }

    pub(crate) async fn try_ask(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u16, Value), NetError> {
        let request = http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        let request = request.header("apikey", KEY).header("content-type", "application/json");
        let body = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let options = FetchOptions { body_limit: 1 << 22, ..FetchOptions::default() };
        let answer = self.net.fetch(request.body(body).unwrap(), &options).await?;
        Ok((answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap_or(Value::Null)))
    }
}

impl Daemon {
    pub(crate) async fn start(folder: &Path, sandbox: &Sandbox) -> Self {
        Self::start_with(folder, sandbox, &[]).await
    }

    /// With more in the environment.
    pub(crate) async fn start_with(folder: &Path, sandbox: &Sandbox, env: &[(&str, &str)]) -> Self {
        let mut command = command(folder, sandbox);
        command.envs(env.iter().copied());
        Self::of(command).await
    }

    /// As a command of its own.
    pub(crate) async fn of(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut early = String::new();
        let url = loop {
            let line = tokio::time::timeout(LIMIT, lines.next_line()).await.unwrap().unwrap();
            let line = line.unwrap_or_else(|| panic!("it ended: {early}"));
            early.extend([&line, "\n"]);
            if let Some((_, address)) = line.split_once("listening on ") {
                break address.trim().trim_end_matches("\u{1b}[0m").to_owned();
            }
        };
        let (kept, log) = watch::channel(early);
        let reading = tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                kept.send_modify(|log| log.extend([&line, "\n"]));
            }
        });
        let net = Net::new(&NetConfig::default(), Arc::new(SystemClock)).unwrap();
        let secrets = Secrets::with(&[KEY, APP_SECRET, VERIFY_TOKEN]);
        Self { child, url, net, log, reading: Some(reading), secrets }
    }

    /// A secret that the daemon was told, or told, on another way than [`Daemon::ask`].
    pub(crate) fn keep_secret(&self, text: &str) {
        self.secrets.add(text);
    }

    /// From now on this certificate is trusted, on new connections.
    pub(crate) fn trust(&mut self, certificate: &Path) {
        let config = NetConfig { extra_ca: vec![certificate.to_owned()], ..NetConfig::default() };
        self.net = Net::new(&config, Arc::new(SystemClock)).unwrap();
    }

    /// Signs a browser in; its cookie as the daemon sets it.
    pub(crate) async fn sign_in(&self, key: &str) -> String {
        let request = http::Request::post(format!("{}/page/sign-in", self.url))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(format!("key={key}")))
            .unwrap();
        let answer = self.net.fetch(request, &FetchOptions::default()).await.unwrap();
        let cookie = answer.headers.get("set-cookie").expect("signed in").to_str().unwrap().to_owned();
        self.secrets.add(cookie.split(['=', ';']).nth(1).unwrap());
        cookie
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.child.id().unwrap().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits until the log holds this.
    pub(crate) async fn until_logged(&self, text: &str) {
        let mut log = self.log.clone();
        let logged = tokio::time::timeout(LIMIT, log.wait_for(|log| log.contains(text))).await;
        assert!(matches!(logged, Ok(Ok(_))), "never logged {text:?}: {}", self.log());
    }

    /// All that it has logged, at the level `debug`.
    pub(crate) fn log(&self) -> String {
        self.log.borrow().clone()
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
        self.secrets.of_request(&body);
        let request = request.header("content-type", "application/json").header("content-length", body.len());
        let options = FetchOptions { body_limit: 1 << 22, ..FetchOptions::default() };
        let answer = self.net.fetch(request.body(body).unwrap(), &options).await.unwrap();
        let value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        self.secrets.of_answer(&value);
        (answer.status.as_u16(), value)
    }

    pub(crate) async fn ask_text(&self, path: &str) -> String {
        let request = http::Request::get(format!("{}{path}", self.url)).header("apikey", KEY);
        let options = FetchOptions { body_limit: 1 << 22, ..FetchOptions::default() };
        let answer = self.net.fetch(request.body(Bytes::new()).unwrap(), &options).await.unwrap();
        String::from_utf8(answer.body.to_vec()).unwrap()
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
            // No answer waits for a state, and the event of a log-out comes before readers see it.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// All that it logged, once it was told to stop and has.
    pub(crate) async fn stopped(mut self) -> String {
        tokio::time::timeout(Duration::from_secs(5), self.child.wait()).await.expect("within 5 s").unwrap();
        self.read_to_the_end().await;
        self.log()
    }

    pub(crate) async fn terminate(mut self) {
        self.signal(rustix::process::Signal::TERM);
        let status = tokio::time::timeout(Duration::from_secs(5), self.child.wait())
            .await
            .expect("within 5 s")
            .unwrap();
        assert!(status.success());
        self.read_to_the_end().await;
    }

    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
        self.read_to_the_end().await;
    }

    async fn read_to_the_end(&mut self) {
        if let Some(reading) = self.reading.take() {
            tokio::time::timeout(LIMIT, reading).await.expect("its output ends with it").unwrap();
        }
    }
}

/// Whatever a test does: no key, token, code or other secret that it made is in the log.
impl Drop for Daemon {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.secrets.are_not_in(&self.log());
        }
    }
}
