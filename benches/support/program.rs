//! The real program, asked over HTTP and looked at through the kernel.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tetherd::model::SystemClock;
use tetherd::net::{FetchOptions, Net, NetConfig, Response};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

const KEY: &str = "0123456789abcdef0123456789abcdef";

pub(crate) struct Program {
    child: Child,
    url: String,
    net: Net,
}

impl Program {
    /// Serves from this folder, with this in its environment. `TETHERD_BIN` is another program to measure.
    pub(crate) async fn start(folder: &Path, env: &[(&str, &str)]) -> Self {
        let program =
            std::env::var("TETHERD_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_tetherd").to_owned());
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("TETHERD_DATA_DIR", folder)
            .env("TETHERD_API_KEY", KEY)
            .env("TETHERD_LOG", "info")
            .envs(env.iter().copied())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let url = loop {
            let line = lines.next_line().await.unwrap().expect("it listens");
            if let Some((_, address)) = line.split_once("listening on ") {
                break address.trim().trim_end_matches("\u{1b}[0m").to_owned();
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let net = Net::new(&NetConfig::default(), Arc::new(SystemClock)).unwrap();
        Self { child, url, net }
    }

    /// Asks with the global key, and with one more header when there is one.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        header: Option<(&str, &str)>,
        body: String,
    ) -> Response {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("apikey", KEY)
            .header("content-type", "application/json");
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let options = FetchOptions { whole: Duration::from_mins(2), ..FetchOptions::default() };
        self.net.fetch(request.body(Bytes::from(body)).unwrap(), &options).await.unwrap()
    }

    /// Where the kernel tells of the process.
    pub(crate) fn kernel(&self) -> PathBuf {
        Path::new("/proc").join(self.child.id().unwrap().to_string())
    }
}
