//! Talks to the running daemon: over the socket in its data folder, or over HTTP with a key.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

use super::Place;
use crate::config::Config;
use crate::daemon::OWNER_SOCKET;
use crate::model::SystemClock;
use crate::net::{FetchOptions, Net, NetConfig, NetError};

/// Longer than connect waits for a code.
const WHOLE: Duration = Duration::from_secs(70);
/// Bytes of an answer at most.
const ANSWER: usize = 1 << 22;

/// Where the daemon is, and the key to it.
#[derive(Args, Clone)]
pub(super) struct Access {
    /// Where tetherd answers [default: the one on this box, without a key for who may read its data]
    #[arg(long, env = "TETHERD_URL")]
    url: Option<String>,
    /// The global key or an instance's token
    #[arg(long, env = "TETHERD_API_KEY", hide_env_values = true)]
    key: Option<String>,
    #[command(flatten)]
    place: Place,
}

pub(super) struct Client {
    way: Way,
    key: Option<String>,
}

enum Way {
    Socket(PathBuf),
    Url(String, Net),
}

impl Client {
    pub(super) fn new(access: &Access) -> Result<Self, String> {
        let key = access.key.clone();
        if let Some(url) = &access.url {
            return Ok(Self { way: Way::url(url)?, key });
        }
        // A file that is wrong by now is not this command's business: the running daemon has a good one.
        let config = access.place.load(&[]).unwrap_or_default();
        match Self::of_owner(&config.data_dir) {
            Some(client) => Ok(Self { key, ..client }),
            None => Ok(Self { way: Way::url(&own_url(&config))?, key }),
        }
    }

    /// Over the socket in the data folder, when a daemon answers there.
    pub(super) fn of_owner(folder: &Path) -> Option<Self> {
        let path = folder.join(OWNER_SOCKET);
        std::os::unix::net::UnixStream::connect(&path).ok()?;
        Some(Self { way: Way::Socket(path), key: None })
    }

    /// The answer's JSON; anything but a 2xx is an error in the daemon's words.
    pub(super) async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        self.ask_within(WHOLE, method, path, body).await
    }

    /// As [`Client::ask`], for what must not take long.
    pub(super) async fn ask_within(
        &self,
        limit: Duration,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
        let (status, answer) = self.answer(limit, method, path, body).await?;
        good(status, answer)
    }

    /// What is at a path; none when there is nothing.
    pub(super) async fn find(&self, path: &str) -> Result<Option<Value>, String> {
        match self.answer(WHOLE, "GET", path, None).await? {
            (StatusCode::NOT_FOUND, _) => Ok(None),
            (status, answer) => good(status, answer).map(Some),
        }
    }

    async fn answer(
        &self,
        limit: Duration,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), String> {
        let request = self.request(method, path, body)?;
        let (status, body) = match &self.way {
            Way::Url(url, net) => {
                let options = FetchOptions { whole: limit, body_limit: ANSWER, ..FetchOptions::default() };
                let answer = net.fetch(request, &options).await;
                let answer = answer.map_err(|error| match error {
                    NetError::BadUrl(_) => format!("{url}: {error}"),
                    error => format!("tetherd does not answer at {url}: {error}. Is it running? Another user's is reached with sudo, or with --url and --key"),
                })?;
                (answer.status, answer.body)
            }
            Way::Socket(path) => {
                let asking = async {
                    let (head, body) = exchange(path, request).await?.into_parts();
                    let body = Limited::new(body, ANSWER).collect().await;
                    Ok::<_, String>((head.status, body.map_err(|error| error.to_string())?.to_bytes()))
                };
                let answer = tokio::time::timeout(limit, asking).await;
                answer.map_err(|_| format!("tetherd did not answer within {} s", limit.as_secs()))??
            }
        };
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Request<Bytes>, String> {
        let base = match &self.way {
            Way::Url(url, _) => url.as_str(),
            Way::Socket(_) => "http://localhost",
        };
        let mut request = Request::builder().method(method).uri(format!("{base}{path}"));
        if let Some(key) = &self.key {
            request = request.header("apikey", key);
        }
        let bytes = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        request.body(bytes).map_err(|error| format!("{base}: {error}"))
    }
}

impl Way {
    fn url(url: &str) -> Result<Self, String> {
        let net = Net::new(&NetConfig::default(), Arc::new(SystemClock));
        Ok(Self::Url(url.trim_end_matches('/').to_owned(), net.map_err(|error| error.to_string())?))
    }
}

/// An answer that is a 2xx; any other in the daemon's words.
fn good(status: StatusCode, answer: Value) -> Result<Value, String> {
    if status.is_success() {
        return Ok(answer);
    }
    if status == StatusCode::UNAUTHORIZED {
        return Err("the key is missing or wrong; give it by --key or TETHERD_API_KEY".into());
    }
    let told = answer.pointer("/message").and_then(Value::as_str);
    Err(told.map_or_else(|| format!("HTTP {status}"), str::to_owned))
}

/// One request over the socket.
async fn exchange(socket: &Path, request: Request<Bytes>) -> Result<Response<Incoming>, String> {
    let wrong = |error: &dyn std::error::Error| {
        format!("tetherd does not answer any more ({}: {error}). Is it running?", socket.display())
    };
    let stream = UnixStream::connect(socket).await.map_err(|error| wrong(&error))?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| wrong(&error))?;
    // Ends with the answer.
    tokio::spawn(async move {
        let _ = connection.await;
    });
    let (mut parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    parts.uri = path.parse().map_err(|_| format!("{path} is no path"))?;
    parts.headers.insert(http::header::HOST, http::HeaderValue::from_static("localhost"));
    let request = Request::from_parts(parts, Full::new(body));
    sender.send_request(request).await.map_err(|error| wrong(&error))
}

/// Where a daemon with this configuration answers, as seen from this box.
fn own_url(config: &Config) -> String {
    let mut address = config.listen;
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("{}://{address}", if config.http.tls_cert.is_some() { "https" } else { "http" })
}

/// A text within an answer, by its JSON pointer; empty when it is not there.
pub(super) fn text<'a>(answer: &'a Value, at: &str) -> &'a str {
    answer.pointer(at).and_then(Value::as_str).unwrap_or_default()
}

/// A text that an answer must have.
pub(super) fn needed(answer: &Value, at: &str) -> Result<String, String> {
    match text(answer, at) {
        "" => Err("tetherd's answer is not understood; is it another version than this command?".into()),
        text => Ok(text.to_owned()),
    }
}

/// A name within a path.
pub(super) fn encoded(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}
