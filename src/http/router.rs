//! From a path to a handler, and what is checked before it.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures_util::FutureExt as _;
use http::{Method, Request};
use hyper::body::Incoming;

use super::address::{Client, Peer};
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
use super::routes::{Methods, Op, ROUTES};
use super::state::State;
use super::stream;
use super::webhook as w;

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
    let method = parts.method.clone();
    let (route, params) = find(parts.uri.path());
    let call = Call { state, client, parts, params, body: Some(body) };
    let started = call.state.clock.instant();
    let state = Arc::clone(&call.state);
    let handled = std::panic::AssertUnwindSafe(bounded(call, route)).catch_unwind().await;
    let reply = match handled {
        Ok(Ok(reply)) => reply,
        Ok(Err(error)) => error.into(),
        Err(_) => ApiError::Internal.into(),
    };
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

fn opened(mut reply: Reply, origin: Option<http::HeaderValue>) -> Reply {
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

async fn bounded(call: Call, route: Route) -> Result<Reply, ApiError> {
    match tokio::time::timeout(HANDLER_LIMIT, dispatch(call, route)).await {
        Ok(answered) => answered,
        Err(_) => Err(ApiError::Unavailable {
            code: "timed_out",
            message: format!("no answer within {} s", HANDLER_LIMIT.as_secs()),
        }),
    }
}

/// Who asks is settled before what is asked: without a key, all that needs one looks the same.
async fn dispatch(mut call: Call, route: Route) -> Result<Reply, ApiError> {
    if owner::answers(&call) {
        return owner::answer(call).await;
    }
    if page::answers(&call) {
        return page::answer(call).await;
    }
    let op = operation(route, &call.parts.method);
    if let Ok(op) = op
        && op.is_open()
    {
        return match op {
            Op::Root => m::root::get(&call).await,
            Op::Healthz => m::health::healthz(&call.state).await,
            Op::Metrics => m::metrics::get(&call).await,
            Op::OpenApi => Ok(m::openapi::get()),
            Op::VerifyMeta => meta::get(&call),
            Op::Meta => meta::post(&mut call).await,
            _ => Ok(m::health::readyz(&call.state)),
        };
    }
    let caller = call.state.guard().admit(&call.parts.headers, &call.client)?;
    let op = op.map_err(|allow| refusal(&call, allow))?;
    match op {
        Op::Root | Op::Healthz | Op::Readyz | Op::Metrics | Op::OpenApi | Op::VerifyMeta | Op::Meta => {
            Err(ApiError::Internal)
        }
        Op::SubscribeMeta => meta::subscribe(&call, &caller).await,
        Op::VerifyCreds => m::verify::post(&caller),
        Op::Create => i::create::post(&mut call, &caller).await,
        Op::Connect => i::connect::get(&call, &caller).await,
        Op::State => i::state::get(&call, &caller),
        Op::Fetch => i::fetch::get(&call, &caller),
        Op::Qrcode => i::qrcode::get(&call, &caller),
        Op::Restart => i::restart::post(&call, &caller).await,
        Op::Logout => i::logout::delete(&call, &caller).await,
        Op::Delete => i::delete::delete(&call, &caller).await,
        Op::SetPresence => i::presence::post(&mut call, &caller).await,
        Op::SetSettings => i::settings::set(&mut call, &caller).await,
        Op::FindSettings => i::settings::find(&call, &caller),
        Op::SetProxy => i::proxy::set(&mut call, &caller).await,
        Op::FindProxy => i::proxy::find(&call, &caller),
        Op::SetToken => i::token::put(&mut call, &caller).await,
        Op::SetWebhook => w::set(&mut call, &caller).await,
        Op::FindWebhook => w::find(&call, &caller).await,
        Op::Deliveries => w::deliveries::list(&call, &caller).await,
        Op::Redeliver => w::deliveries::again(&mut call, &caller).await,
        Op::TestWebhook => w::test(&call, &caller).await,
        Op::Invite => i::invite::post(&mut call, &caller).await,
        Op::EndInvite => i::invite::delete(&call, &caller).await,
        Op::Events => stream::get(&call, &caller),
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
