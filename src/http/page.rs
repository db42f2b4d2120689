//! The page: what everybody sees. Rendered here, so that it works without a script; the script only
//! keeps it true ([`live`]).

mod acts;
mod assets;
mod demo;
mod linking;
mod live;
mod rooms;
mod session;
mod shell;
mod state;
mod tongue;
mod views;
mod words;

pub use demo::DemoPhone;

use http::header::{ACCEPT, ACCEPT_LANGUAGE};
use http::{Method, StatusCode};
use maud::html;

use self::linking::{Way, part};
use self::live::Part;
use self::session::{Session, cookie};
use self::shell::{Reader, View, go, page};
use self::tongue::Tongue;
use super::auth::Caller;
use super::call::{Call, decode};
use super::error::ApiError;
use super::host::{check_host, check_origin};
use super::reply::Reply;
use crate::instance::Handle;
use crate::model::{Digest, InstanceName, Visible};
use crate::store::DeliveryFilter;

/// Deliveries and events that are listed.
const LISTED: u32 = 50;

/// Whether the page answers this request, and not the API.
pub(crate) fn answers(call: &Call) -> bool {
    let path = call.parts.uri.path();
    let wants_html = || call.header(ACCEPT.as_str()).is_some_and(|kinds| kinds.contains("text/html"));
    ["/page/", "/assets/", "/link/"].iter().any(|room| path.starts_with(room))
        || (path == "/" && wants_html())
}

/// Answers it. What a handler refuses is told as a page.
pub(crate) async fn answer(mut call: Call) -> Result<Reply, ApiError> {
    check_host(&call.parts.headers, &call.parts.uri, &call.state.config().hosts)?;
    if call.parts.method != Method::GET && call.parts.method != Method::HEAD {
        let public_url = call.state.public_url();
        check_origin(&call.parts.headers, &call.parts.uri, public_url.as_deref())?;
    }
    let path = call.parts.uri.path().to_owned();
    if let Some(asset) = assets::find(&path, &call.parts.headers) {
        return Ok(asset);
    }
    let pieces: Vec<String> = path.split('/').skip(1).map(decode).collect();
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    match (call.parts.method.as_str(), pieces.as_slice()) {
        ("POST", ["page", "language"]) => acts::language(&mut call).await,
        ("POST", ["page", "sign-in"]) => acts::sign_in(&mut call).await,
        (_, ["link", token, rest @ ..]) => invited(&mut call, token, rest).await,
        _ => signed_in(&mut call, &pieces).await,
    }
}

/// Everything that needs a session; without one, signing in.
async fn signed_in(call: &mut Call, pieces: &[&str]) -> Result<Reply, ApiError> {
    let Some(session) = Session::of(call).await? else {
        let reader = reader(call, None);
        let stream = pieces.last() == Some(&"live");
        let status = if stream { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
        return Ok(page(status, &reader, &views::sign_in(&reader, None)));
    };
    if call.parts.method == Method::POST {
        return acts::act(call, &session, pieces).await;
    }
    let reader = reader(call, Some(&session));
    let clock = std::sync::Arc::clone(&call.state.clock);
    match pieces {
        [""] => Ok(home(call, &session, &reader, None)),
        ["page", "live"] => Ok(live_list(call, &session, &reader)),
        ["page", "accounts", name, room @ ..] => {
            let Some(handle) = account(call, &session.caller, name) else { return Ok(gone(&reader)) };
            let s = handle.snapshot();
            let w = reader.tongue.words();
            let base = views::address(&s);
            let way = way(call);
            let view = match room {
                [] => {
                    if s.visible == Visible::Connecting {
                        handle.glance();
                    }
                    return Ok(page(
                        StatusCode::OK,
                        &reader,
                        &views::overview(&reader, &session.caller, &s, way, &*clock, None),
                    ));
                }
                ["live"] => return Ok(live_account(call, &handle, reader, way)),
                ["settings"] => {
                    rooms::settings(&reader, &base, &s.settings, call.parts.uri.query() == Some("saved"))
                }
                ["webhook"] => webhook(call, &session, &reader, &handle, false).await?,
                ["events"] => {
                    let events =
                        call.state.store.last_events(s.id, LISTED).await.map_err(session::refused)?;
                    views::events(w, &events)
                }
                _ => return Ok(gone(&reader)),
            };
            let room = format!("/{}", room.first().unwrap_or(&""));
            let body = views::account(&reader, &session.caller, &s, &room, &*clock, &view);
            let live = Some(format!("{base}/live"));
            Ok(page(StatusCode::OK, &reader, &View { title: s.name.to_string(), live, refresh: None, body }))
        }
        _ => Ok(gone(&reader)),
    }
}

/// The list, or, for a single account's key, that account.
fn home(call: &Call, session: &Session, reader: &Reader, wrong: Option<&str>) -> Reply {
    match &session.caller {
        Caller::Instance { handle, .. } => go(&views::address(&handle.snapshot()), None),
        Caller::Global => {
            let all = call.state.registry.all();
            page(StatusCode::OK, reader, &views::list(reader, &all, &*call.state.clock, wrong, true))
        }
    }
}

fn live_list(call: &Call, session: &Session, reader: &Reader) -> Reply {
    if !matches!(session.caller, Caller::Global) {
        return gone(reader);
    }
    let (w, clock) = (reader.tongue.words(), std::sync::Arc::clone(&call.state.clock));
    let registry = std::sync::Arc::clone(&call.state.registry);
    live::list(move || registry.all(), move |all| views::rows(w, all, &*clock))
}

fn live_account(call: &Call, handle: &Handle, reader: Reader, way: Way) -> Reply {
    let clock = std::sync::Arc::clone(&call.state.clock);
    live::account(handle, move |s| {
        let w = reader.tongue.words();
        let said = format!("{}. {}", state::word(w, s), state::sentence(w, s));
        vec![
            Part { id: "head", html: views::head(w, s, &*clock), said: Some(said) },
            Part { id: "link", html: part(w, s, way, &*clock), said: None },
            Part { id: "acts", html: views::acts(&reader, s), said: None },
        ]
    })
}

async fn webhook(
    call: &Call,
    session: &Session,
    reader: &Reader,
    handle: &Handle,
    wrong: bool,
) -> Result<maud::Markup, ApiError> {
    let s = handle.snapshot();
    let store = &call.state.store;
    let kept = store.webhook_of(Some(s.id)).await.map_err(session::refused)?;
    let kept = kept.map(|row| row.webhook);
    let own = !matches!(session.caller, Caller::Global);
    let filter = DeliveryFilter { instance: s.id, own, status: None, before: None, limit: LISTED };
    let deliveries = store.deliveries(filter).await.map_err(session::refused)?;
    Ok(rooms::webhook(reader, &views::address(&s), kept.as_ref(), &deliveries, wrong))
}

/// The view of a one-time address: the linking of its account until that is done, nothing else.
async fn invited(call: &mut Call, token: &str, rest: &[&str]) -> Result<Reply, ApiError> {
    let mut reader = reader(call, None);
    // The address is the secret: nothing on the page repeats it but what must.
    reader.here = format!("/link/{token}");
    let found = call.state.store.invite(Digest::of(token)).await.map_err(session::refused)?;
    let handle = found.and_then(|invite| {
        call.state.registry.all().into_iter().find(|handle| handle.snapshot().id == invite.instance)
    });
    let Some(handle) = handle else { return Ok(over(&reader)) };
    let s = handle.snapshot();
    let base = reader.here.clone();
    let clock = std::sync::Arc::clone(&call.state.clock);
    if s.truth.is_linked() {
        call.state.store.end_invite(s.id).await.map_err(session::refused)?;
    }
    match (call.parts.method.as_str(), rest) {
        ("POST", [act @ ("connect" | "pair")]) if !s.truth.is_linked() => {
            acts::link(call, &handle, act, &reader, &base).await
        }
        ("GET" | "HEAD", []) => {
            handle.glance();
            Ok(page(StatusCode::OK, &reader, &views::invited(&reader, &s, way(call), &base, &*clock)))
        }
        ("GET", ["live"]) => {
            let way = way(call);
            Ok(live::account(&handle, move |s| {
                let w = reader.tongue.words();
                vec![
                    Part { id: "chip", html: state::chip(w, s), said: Some(state::word(w, s).to_owned()) },
                    Part { id: "link", html: part(w, s, way, &*clock), said: None },
                ]
            }))
        }
        _ => Ok(over(&reader)),
    }
}

/// The account of this name, when the reader may see it.
fn account(call: &Call, caller: &Caller, name: &str) -> Option<Handle> {
    let name = InstanceName::parse(name).ok()?;
    caller.reaches(&name).then(|| call.state.registry.get(&name))?
}

fn way(call: &Call) -> Way {
    Way::of(call.query().text("with").ok().flatten())
}

fn reader(call: &Call, session: Option<&Session>) -> Reader {
    let headers = &call.parts.headers;
    let tongue = Tongue::choose(cookie(headers, "tetherd_language"), call.header(ACCEPT_LANGUAGE.as_str()));
    let here = call.parts.uri.path().to_owned();
    let csrf = session.map(|session| session.csrf.clone()).unwrap_or_default();
    let demo = call.state.demo_phone.is_some();
    Reader { tongue, csrf, signed_in: session.is_some(), here, demo }
}

fn gone(reader: &Reader) -> Reply {
    told(reader, StatusCode::NOT_FOUND, reader.tongue.words().gone)
}

fn over(reader: &Reader) -> Reply {
    told(reader, StatusCode::NOT_FOUND, reader.tongue.words().invite_over)
}

/// A sentence in place of a view.
fn told(reader: &Reader, status: StatusCode, sentence: &str) -> Reply {
    let w = reader.tongue.words();
    let body = html! {
        section.card.narrow {
            h1 { "tetherd" }
            p.note { (sentence) }
            @if reader.signed_in { p { a.button href="/" { (w.back) } } }
        }
    };
    page(status, reader, &View { title: sentence.to_owned(), live: None, refresh: None, body })
}
