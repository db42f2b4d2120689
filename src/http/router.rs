//! From a path to a handler, and what is checked before it.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures_util::FutureExt as _;
use http::header::{CONNECTION, HeaderValue};
use http::request::Parts;
use http::{Method, Request, StatusCode};
use hyper::body::{Body as _, Incoming};

use super::address::{Client, Peer};
use super::auth::Caller;
use super::call::{Call, decode};
use super::cors;
use super::error::ApiError;
use super::host;
use super::instance as i;
use super::machines as m;
use super::meta;
use super::owner;
use super::page;
use super::reply::Reply;
use super::routes::{Act, Keyless, Methods, Op, ROUTES, Read};
use super::state::State;
use super::stream;
use super::webhook as w;

/// A request's path and headers, in bytes; more is a 431.
const HEAD_BYTES: usize = 32 * 1024;
/// The longest that any handler may take to begin its answer: connect's longest wait and some.
const HANDLER_LIMIT: Duration = Duration::from_secs(75);

static ROUTER: LazyLock<matchit::Router<(&'static str, Methods)>> = LazyLock::new(|| {
    let mut router = matchit::Router::new();
    for (path, methods) in ROUTES {
        if let Err(error) = router.insert(*path, (*path, *methods)) {
            tracing::error!(path, %error, "a route cannot be served");
        }
    }
    router
});

/// Answers one request. A panic of a handler is that request's 500, and nobody else's business.
pub(crate) async fn answer(state: Arc<State>, peer: Peer, secure: bool, request: Request<Incoming>) -> Reply {
    let (parts, body) = request.into_parts();
    if head_bytes(&parts) > HEAD_BYTES {
        return ApiError::HeadTooLarge(HEAD_BYTES).into();
    }
    let config = state.config();
    let client = Client::of(peer, secure, &parts.headers, &config.trusted_proxies);
    let origin = cors::allowed(&parts.headers, &config.cors_origins);
    if origin.is_some() && cors::is_preflight(&parts.method, &parts.headers) {
        return opened(cors::preflight(), origin);
    }
    if origin.is_none()
        && let Err(foreign) = host::check_origin(&parts.headers, &parts.uri, config.public_url.as_deref())
    {
        return foreign.into();
    }
    let (method, sends) = (parts.method.clone(), !body.is_end_stream());
    let (route, params) = find(parts.uri.path());
    let call = Call { state, client, parts, params, body: Some(body) };
    let started = call.state.clock.instant();
    let state = Arc::clone(&call.state);
    let handled = std::panic::AssertUnwindSafe(dispatch(call, route)).catch_unwind().await;
    let mut reply = match handled {
        Ok(Ok(reply)) => reply,
        Ok(Err(error)) => error.into(),
        Err(_) => ApiError::Internal.into(),
    };
    if sends && turned_away(reply.status()) {
        // Nobody has read the body: the next request needs another connection.
        reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    let took = state.clock.instant().saturating_duration_since(started);
    // The route's pattern, not the path: names are the owner's, and invitations are secrets.
    tracing::debug!(
        %method,
        route = route.map_or("?", |(path, _)| path),
        status = reply.status().as_u16(),
        ?took,
        "answered"
    );
    state.requests.answered(&method, route.map(|(path, _)| path), took);
    opened(reply, origin)
}

/// Of a request's path and headers.
fn head_bytes(parts: &Parts) -> usize {
    let headers = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>();
    parts.uri.path_and_query().map_or(0, |path| path.as_str().len()) + headers
}

/// Answers that are given before a body is looked at.
fn turned_away(status: StatusCode) -> bool {
    use StatusCode as S;
    matches!(status, S::UNAUTHORIZED | S::NOT_FOUND | S::METHOD_NOT_ALLOWED | S::TOO_MANY_REQUESTS)
}

fn opened(mut reply: Reply, origin: Option<HeaderValue>) -> Reply {
    if let Some(origin) = origin {
        cors::open(&mut reply, origin);
    }
    reply
}

type Route = Option<(&'static str, Methods)>;

fn find(path: &str) -> (Route, Vec<(String, String)>) {
    let Ok(found) = ROUTER.at(path) else { return (None, Vec::new()) };
    let params = found.params.iter().map(|(key, value)| (key.to_owned(), decode(value))).collect();
    (Some(*found.value), params)
}

/// Who asks is settled before what is asked: without a key, all that needs one looks the same.
///
/// What waits is boxed: every answer would else carry the room that the largest handler needs, and most only read.
async fn dispatch(mut call: Call, route: Route) -> Result<Reply, ApiError> {
    if owner::answers(&call) {
        return bounded(Box::pin(owner::answer(call))).await;
    }
    if page::answers(&call) {
        return bounded(Box::pin(page::answer(call))).await;
    }
    let op = operation(route, &call.parts.method);
    if let Ok(Op::Keyless(op)) = op {
        return bounded(Box::pin(open(&mut call, op))).await;
    }
    let caller = call.state.guard().admit(&call.parts.headers, &call.client)?;
    match op.map_err(|allow| refusal(&call, allow))? {
        Op::Keyless(op) => bounded(Box::pin(open(&mut call, op))).await,
        Op::Read(op) => read(&call, &caller, op),
        Op::Act(op) => bounded(Box::pin(act(&mut call, &caller, op))).await,
    }
}

async fn bounded(handling: impl Future<Output = Result<Reply, ApiError>>) -> Result<Reply, ApiError> {
    match tokio::time::timeout(HANDLER_LIMIT, handling).await {
        Ok(answered) => answered,
        Err(_) => Err(ApiError::Unavailable {
            code: "timed_out",
            message: format!("no answer within {} s", HANDLER_LIMIT.as_secs()),
        }),
    }
}

async fn open(call: &mut Call, op: Keyless) -> Result<Reply, ApiError> {
    match op {
        Keyless::Root => m::root::get(call),
        Keyless::Healthz => m::health::healthz(&call.state).await,
        Keyless::Readyz => Ok(m::health::readyz(&call.state)),
        Keyless::Metrics => m::metrics::get(call).await,
        Keyless::OpenApi => Ok(m::openapi::get()),
        Keyless::VerifyMeta => meta::get(call),
        Keyless::Meta => meta::post(call).await,
    }
}

fn read(call: &Call, caller: &Caller, op: Read) -> Result<Reply, ApiError> {
    match op {
        Read::VerifyCreds => m::verify::post(caller),
        Read::State => i::state::get(call, caller),
        Read::Fetch => i::fetch::get(call, caller),
        Read::Qrcode => i::qrcode::get(call, caller),
        Read::FindSettings => i::settings::find(call, caller),
        Read::FindProxy => i::proxy::find(call, caller),
        Read::Events => stream::get(call, caller),
    }
}

async fn act(call: &mut Call, caller: &Caller, op: Act) -> Result<Reply, ApiError> {
    match op {
        Act::SubscribeMeta => meta::subscribe(call, caller).await,
        Act::Create => i::create::post(call, caller).await,
        Act::Connect => i::connect::get(call, caller).await,
        Act::Restart => i::restart::post(call, caller).await,
        Act::Logout => i::logout::delete(call, caller).await,
        Act::Delete => i::delete::delete(call, caller).await,
        Act::SetPresence => i::presence::post(call, caller).await,
        Act::SetSettings => i::settings::set(call, caller).await,
        Act::SetProxy => i::proxy::set(call, caller).await,
        Act::SetToken => i::token::put(call, caller).await,
        Act::SetWebhook => w::set(call, caller).await,
        Act::FindWebhook => w::find(call, caller).await,
        Act::Deliveries => w::deliveries::list(call, caller).await,
        Act::Redeliver => w::deliveries::again(call, caller).await,
        Act::TestWebhook => w::test(call, caller).await,
        Act::Invite => i::invite::post(call, caller).await,
        Act::EndInvite => i::invite::delete(call, caller).await,
    }
}

/// What is asked, or which methods the path has. `HEAD` is `GET` without its body.
fn operation(route: Route, method: &Method) -> Result<Op, Vec<&'static str>> {
    let Some((_, methods)) = route else { return Err(Vec::new()) };
    let asked = if method == Method::HEAD { &Method::GET } else { method };
    let found = methods.iter().find(|(known, _)| known == asked).map(|(_, op)| *op);
    found.ok_or_else(|| methods.iter().map(|(known, _)| known.as_str()).collect())
}

fn refusal(call: &Call, allow: Vec<&'static str>) -> ApiError {
    let method = call.parts.method.clone();
    if allow.is_empty() {
        ApiError::NoRoute(method, call.parts.uri.path().chars().take(200).collect())
    } else {
        ApiError::WrongMethod { method, allow }
    }
}

#[cfg(test)]
mod tests {
    use super::answer;

    /// hyper moves it into its place for every request.
    #[test]
    fn an_answer_under_way_is_small() {
        fn size<A, B, C, D, F>(_: impl Fn(A, B, C, D) -> F) -> usize {
            size_of::<F>()
        }
        assert!(size(answer) <= 4096, "{} bytes", size(answer));
    }
}
