//! The one HTTP client: HTTP/1.1 over [`super::Net::connect`], with bounds on everything.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;

use super::{Net, NetError, Target};
use crate::model::ProxyConfig;

/// Idle connections that are kept; more are closed.
const IDLE: usize = 32;
/// How long an idle connection is trusted.
const IDLE_FOR: Duration = Duration::from_secs(50);

/// How a request is made.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// Limit for name, TCP, TLS and proxy.
    pub connect: Duration,
    /// Limit for all of it.
    pub whole: Duration,
    /// Bytes of the answer that are kept; the rest is not read.
    pub body_limit: usize,
    /// How to go out.
    pub proxy: Option<ProxyConfig>,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            whole: Duration::from_secs(30),
            body_limit: 64 * 1024,
            proxy: None,
        }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, to the limit.
    pub body: Bytes,
    /// There was more of it.
    pub truncated: bool,
}

type Sender = SendRequest<Full<Bytes>>;

/// Idle connections by where they go. Requests through a proxy have connections of their own.
#[derive(Default)]
pub(super) struct Pool(Mutex<HashMap<Target, Vec<(Instant, Sender)>>>);

impl Pool {
    fn take(&self, target: &Target) -> Option<Sender> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.get_mut(target)?;
        while let Some((since, sender)) = kept.pop() {
            if since.elapsed() < IDLE_FOR && sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    fn put(&self, target: Target, sender: Sender) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for kept in idle.values_mut() {
            kept.retain(|(since, sender)| since.elapsed() < IDLE_FOR && !sender.is_closed());
        }
        idle.retain(|_, kept| !kept.is_empty());
        if idle.values().map(Vec::len).sum::<usize>() < IDLE {
            idle.entry(target).or_default().push((Instant::now(), sender));
        }
    }
}

impl Net {
    /// Makes one request. Redirects are answers: nothing is followed.
    pub async fn fetch(&self, request: Request<Bytes>, options: &FetchOptions) -> Result<Response, NetError> {
        let target = target(request.uri())?;
        let host = target.host.clone();
        let fetching = self.exchange(target, request, options);
        tokio::time::timeout(options.whole, fetching).await.unwrap_or(Err(NetError::Timeout { host }))
    }

    async fn exchange(
        &self,
        target: Target,
        request: Request<Bytes>,
        options: &FetchOptions,
    ) -> Result<Response, NetError> {
        let closed =
            |error: hyper::Error| NetError::Closed { host: target.host.clone(), why: error.to_string() };
        let mut sender = match options.proxy.is_none().then(|| self.0.pool.take(&target)).flatten() {
            Some(sender) => sender,
            None => self.handshake(&target, options).await?,
        };
        let answer = sender.send_request(shaped(request, &target)?).await.map_err(closed)?;
        let (head, mut body) = answer.into_parts();
        let mut kept = BytesMut::new();
        let mut truncated = false;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(closed)?.into_data() else { continue };
            let room = options.body_limit - kept.len();
            kept.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
            if data.len() > room {
                truncated = true;
                break;
            }
        }
        if !truncated && options.proxy.is_none() {
            self.0.pool.put(target, sender);
        }
        Ok(Response { status: head.status, headers: head.headers, body: kept.freeze(), truncated })
    }

    async fn handshake(&self, target: &Target, options: &FetchOptions) -> Result<Sender, NetError> {
        let stream = self.connect(target, options.proxy.as_ref(), options.connect).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| NetError::Closed { host: target.host.clone(), why: error.to_string() })?;
        // Ends with the sender, which the pool or the request owns.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(sender)
    }
}

/// In origin form with `Host`, as HTTP/1.1 wants it.
fn shaped(request: Request<Bytes>, target: &Target) -> Result<Request<Full<Bytes>>, NetError> {
    let bad = |what: &str| NetError::BadUrl(format!("a request to {}: {what}", target.host));
    let (mut parts, body) = request.into_parts();
    let usual = if target.tls { 443 } else { 80 };
    let host =
        if target.port == usual { target.host.clone() } else { format!("{}:{}", target.host, target.port) };
    let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
    parts.uri = path.parse().map_err(|_| bad("bad path"))?;
    parts.headers.insert(http::header::HOST, host.parse().map_err(|_| bad("bad host"))?);
    Ok(Request::from_parts(parts, Full::new(body)))
}

fn target(uri: &Uri) -> Result<Target, NetError> {
    let tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(NetError::BadUrl("an address must begin with http:// or https://".into())),
    };
    let host = uri.host().ok_or_else(|| NetError::BadUrl("an address must name a host".into()))?.to_owned();
    let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
    Ok(Target { host, port, tls })
}
