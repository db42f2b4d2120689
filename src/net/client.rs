//! The one HTTP client: HTTP/1.1 over [`super::Net::connect`], with bounds on everything.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};

use super::pool::{Sender, Way};
use super::redirect::followed;
use super::{Awaited, Net, NetError, Reach, Target};
use crate::model::ProxyConfig;

/// How a request is made.
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// Limit for name, TCP, TLS and proxy.
    pub connect: Duration,
    /// Limit for the head of the answer, once the request is on its way.
    pub head: Duration,
    /// Limit for all of it.
    pub whole: Duration,
    /// Limit for the answer's body, where its end does not matter: the answer counts without it then.
    pub tail: Option<Duration>,
    /// Bytes of the answer that are kept; the rest is not read.
    pub body_limit: usize,
    /// How to go out.
    pub proxy: Option<ProxyConfig>,
    /// Where it may go; none is anywhere.
    pub reach: Option<Arc<Reach>>,
    /// Redirects that are followed, on the same host only. None by default: they are answers.
    pub redirects: u8,
    /// Whether the receiver may get it twice: then it is sent again when a connection that was kept
    /// ends under it. What never left is always sent again.
    pub repeatable: bool,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            head: Duration::from_mins(5),
            whole: Duration::from_secs(30),
            tail: None,
            body_limit: 64 * 1024,
            proxy: None,
            reach: None,
            redirects: 0,
            repeatable: false,
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
    /// There was more of it, or it did not come to its end.
    pub truncated: bool,
}

impl Net {
    /// Makes one request. Redirects are answers, unless the options say otherwise.
    pub async fn fetch(
        &self,
        mut request: Request<Bytes>,
        options: &FetchOptions,
    ) -> Result<Response, NetError> {
        let until = Instant::now() + options.whole;
        let mut left = options.redirects;
        loop {
            let answer = self.exchange(&request, options, until).await?;
            match followed(request.uri(), answer.status, &answer.headers) {
                Some(next) if left > 0 => {
                    left -= 1;
                    *request.uri_mut() = next;
                }
                _ => return Ok(answer),
            }
        }
    }

    async fn exchange(
        &self,
        request: &Request<Bytes>,
        options: &FetchOptions,
        until: Instant,
    ) -> Result<Response, NetError> {
        let target = target(request.uri())?;
        let way = Way { target: target.clone(), within: options.reach.is_some() };
        let head = || until.min(Instant::now() + options.head);
        let kept = options.proxy.is_none().then(|| self.0.pool.take(&way)).flatten();
        if let Some(mut sender) = kept {
            match self.send(&mut sender, request, &target, head()).await {
                Ok(answer) => return self.read(sender, answer, way, options, until).await,
                Err(Lost { sent: true, error }) if !options.repeatable => return Err(error),
                Err(Lost { error: error @ NetError::Timeout { .. }, .. }) => return Err(error),
                // The other side closed it while it was idle.
                Err(_) => {}
            }
        }
        let mut sender = self.handshake(&target, options, until).await?;
        let answer = self.send(&mut sender, request, &target, head()).await.map_err(|lost| lost.error)?;
        self.read(sender, answer, way, options, until).await
    }

    async fn send(
        &self,
        sender: &mut Sender,
        request: &Request<Bytes>,
        target: &Target,
        until: Instant,
    ) -> Result<http::Response<Incoming>, Lost> {
        let request = shaped(request.clone(), target).map_err(|error| Lost { sent: false, error })?;
        let sending = sender.try_send_request(request);
        match timeout_at(until, sending).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(mut failed)) => {
                let sent = failed.take_message().is_none();
                Err(Lost { sent, error: closed(target, &failed.into_error()) })
            }
            Err(_) => Err(Lost { sent: true, error: late(target, Awaited::Answer) }),
        }
    }

    /// Reads what is wanted of the body, and keeps the connection when that was all.
    async fn read(
        &self,
        sender: Sender,
        answer: http::Response<Incoming>,
        way: Way,
        options: &FetchOptions,
        until: Instant,
    ) -> Result<Response, NetError> {
        let (head, mut body) = answer.into_parts();
        let mut kept = BytesMut::new();
        let mut truncated = false;
        let until = options.tail.map_or(until, |tail| until.min(Instant::now() + tail));
        let next = async |body: &mut Incoming| {
            let frame = timeout_at(until, body.frame()).await.map_err(|_| late(&way.target, Awaited::End))?;
            frame.transpose().map_err(|error| closed(&way.target, &error))
        };
        loop {
            let frame = match next(&mut body).await {
                Ok(None) => break,
                Ok(Some(frame)) => frame,
                Err(_) if options.tail.is_some() => {
                    truncated = true;
                    break;
                }
                Err(error) => return Err(error),
            };
            let Ok(data) = frame.into_data() else { continue };
            let room = options.body_limit - kept.len();
            kept.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
            if data.len() > room {
                truncated = true;
                break;
            }
        }
        if !truncated && options.proxy.is_none() {
            self.0.pool.put(way, sender);
        }
        Ok(Response { status: head.status, headers: head.headers, body: kept.freeze(), truncated })
    }

    async fn handshake(
        &self,
        target: &Target,
        options: &FetchOptions,
        until: Instant,
    ) -> Result<Sender, NetError> {
        let (proxy, reach) = (options.proxy.as_ref(), options.reach.as_deref());
        let limit = options.connect.min(until.saturating_duration_since(Instant::now()));
        let stream = self.connect_within(target, proxy, limit, reach).await?;
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| closed(target, &error))?;
        // Ends with the sender, which the pool or the request owns.
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(sender)
    }
}

/// A request without an answer.
struct Lost {
    /// It may have arrived.
    sent: bool,
    error: NetError,
}

fn late(target: &Target, awaited: Awaited) -> NetError {
    NetError::Timeout { host: target.host.clone(), awaited }
}

fn closed(target: &Target, error: &hyper::Error) -> NetError {
    NetError::Closed { host: target.host.clone(), why: error.to_string() }
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
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(NetError::BadUrl("an address must begin with http:// or https://".into()));
    }
    Target::at(uri).ok_or_else(|| NetError::BadUrl("an address must name a host".into()))
}
