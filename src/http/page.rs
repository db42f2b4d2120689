//! The page: what everybody sees. Rendered here, so that it works without a script; the script only
//! keeps it true ([`live`]).

mod account;
mod acts;
mod assets;
mod buttons;
mod demo;
mod events;
mod form;
mod frame;
mod guest;
mod invite;
mod linking;
mod list;
mod live;
mod outcome;
mod pass;
mod phone;
mod reader;
mod rooms;
mod session;
mod settings;
mod shell;
mod sign;
mod state;
mod tether;
mod tongue;
mod webhook;
mod words;

use http::header::ACCEPT;
use http::{Method, StatusCode};
use maud::html;

use self::form::Form;
use self::reader::Reader;
use self::rooms::{Room, Way, address};
use self::session::Session;
use self::shell::{View, go, gone, page, told};
use self::tongue::Tongue;
use super::auth::Caller;
use super::call::{Call, decode};
use super::error::ApiError;
use super::host::{check_host, check_origin};
use super::reply::{Reply, bytes};
use crate::instance::Handle;
use crate::model::{InstanceName, Visible};
use crate::store::DeliveryStatus;

/// Whether the page answers this request, and not the API.
pub(crate) fn answers(call: &Call) -> bool {
    let path = call.parts.uri.path();
    let wants_html = || call.header(ACCEPT.as_str()).is_some_and(|kinds| kinds.contains("text/html"));
    ["/page/", "/assets/", "/link/"].iter().any(|room| path.starts_with(room))
        || (path == "/" && wants_html())
}

/// Answers it; what a reader may meet is told as a page too.
pub(crate) async fn answer(call: Call) -> Result<Reply, ApiError> {
    let reader = Reader::of(&call, None);
    let w = reader.tongue.words();
    match show(call).await {
        Err(ApiError::ForeignOrigin(_)) => Ok(told(&reader, StatusCode::FORBIDDEN, w.foreign)),
        Err(ApiError::Storage(why)) => {
            Ok(told(&reader, StatusCode::SERVICE_UNAVAILABLE, &w.f_storage.replacen("{}", &why, 1)))
        }
        answered => answered,
    }
}

async fn show(mut call: Call) -> Result<Reply, ApiError> {
    let path = call.parts.uri.path().to_owned();
    if path.starts_with("/assets/") {
        let none = || bytes(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "no such file");
        return Ok(assets::find(&path, &call.parts.headers).unwrap_or_else(none));
    }
    match check_host(&call.parts.headers, &call.parts.uri, &call.state.config().hosts) {
        Err(ApiError::ForeignHost(host)) => return Ok(foreign_host(&Reader::of(&call, None), &host)),
        checked => checked?,
    }
    if call.parts.method != Method::GET && call.parts.method != Method::HEAD {
        let public_url = call.state.public_url();
        check_origin(&call.parts.headers, &call.parts.uri, public_url.as_deref())?;
    }
    let pieces: Vec<String> = path.split('/').skip(1).map(decode).collect();
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    match (call.parts.method.as_str(), pieces.as_slice()) {
        ("POST", ["page", "language"]) => language(&mut call).await,
        ("POST", ["page", "sign-in"]) => sign::sign_in(&mut call).await,
        ("GET" | "HEAD" | "POST", ["link", token, rest @ ..]) => guest::answer(&mut call, token, rest).await,
        ("GET" | "HEAD", pieces) => see(&call, pieces).await,
        ("POST", pieces) => act(&mut call, pieces).await,
        _ => Err(ApiError::WrongMethod { method: call.parts.method.clone(), allow: vec!["GET", "POST"] }),
    }
}

/// The views; without a session, signing in.
async fn see(call: &Call, pieces: &[&str]) -> Result<Reply, ApiError> {
    let Some(session) = Session::of(call).await? else {
        let reader = Reader::of(call, None);
        let stream = pieces.last() == Some(&"live");
        let status = if stream { StatusCode::UNAUTHORIZED } else { StatusCode::OK };
        return Ok(page(status, &reader, &sign::view(&reader, None)));
    };
    let reader = Reader::of(call, Some(&session));
    match pieces {
        [""] => Ok(list::home(call, &session, &reader, None)),
        ["page", "live"] if reader.global => Ok(list::stream(call, &session, &reader)),
        ["page", "accounts", name, rest @ ..] => {
            let Some(handle) = account(call, &session.caller, name) else { return Ok(gone(&reader)) };
            match rest {
                [] => see_room(call, &reader, &handle, Room::Overview).await,
                ["live"] => Ok(account::stream(call, &session, reader, &handle)),
                [room] => match Room::of(room) {
                    Some(room) => see_room(call, &reader, &handle, room).await,
                    // The address of a form, read again.
                    None => Ok(go(&address(&handle.snapshot()), None)),
                },
                _ => Ok(gone(&reader)),
            }
        }
        ["page", ..] => Ok(go("/", None)),
        _ => Ok(gone(&reader)),
    }
}

async fn see_room(call: &Call, reader: &Reader, handle: &Handle, room: Room) -> Result<Reply, ApiError> {
    let s = handle.snapshot();
    let inner = match room {
        Room::Overview => {
            if s.visible == Visible::Connecting {
                handle.glance();
            }
            let view = account::overview(call, reader, &s, Way::asked(call), None, None).await?;
            return Ok(page(StatusCode::OK, reader, &view));
        }
        Room::Settings => {
            let saved = call.parts.uri.query() == Some("saved");
            let news = if saved { settings::News::Saved } else { settings::News::None };
            settings::room(call, reader, &s, &news)
        }
        Room::Webhook => {
            let query = call.query();
            let status = query.text("status").ok().flatten().and_then(DeliveryStatus::from_word);
            let inner = webhook::room(call, reader, &s, status, &webhook::News::None).await?;
            let mut view = frame::room(reader, &s, room, &inner);
            if let (Some(live), Some(status)) = (&mut view.live, status) {
                live.push_str("&status=");
                live.push_str(status.as_str());
            }
            return Ok(page(StatusCode::OK, reader, &view));
        }
        Room::Events => events::room(&call.state, reader, &s).await?,
    };
    Ok(page(StatusCode::OK, reader, &frame::room(reader, &s, room, &inner)))
}

/// The forms; each needs a session and its proof.
async fn act(call: &mut Call, pieces: &[&str]) -> Result<Reply, ApiError> {
    let Some(session) = Session::of(call).await? else {
        let reader = Reader { here: "/".into(), ..Reader::of(call, None) };
        return Ok(page(StatusCode::UNAUTHORIZED, &reader, &sign::view(&reader, None)));
    };
    let form = Form::read(call).await?;
    let mut reader = Reader::of(call, Some(&session));
    // A form's address is no view to come back to.
    reader.here = match pieces {
        ["page", "accounts", name, _] => account(call, &session.caller, name)
            .map_or_else(|| "/".to_owned(), |handle| address(&handle.snapshot())),
        _ => "/".to_owned(),
    };
    if !session.made(form.get("csrf")) {
        return Ok(told(&reader, StatusCode::FORBIDDEN, reader.tongue.words().foreign));
    }
    match pieces {
        ["page", "sign-out"] => sign::sign_out(call, &session, false).await,
        ["page", "sign-out-everywhere"] => sign::sign_out(call, &session, true).await,
        ["page", "accounts"] if reader.global => list::create(call, &session, &reader, &form).await,
        ["page", "accounts", name, act] => match account(call, &session.caller, name) {
            Some(handle) => acts::on_account(call, &session, &reader, &form, &handle, act).await,
            None => Ok(gone(&reader)),
        },
        _ => Ok(gone(&reader)),
    }
}

/// Remembers the reader's language.
async fn language(call: &mut Call) -> Result<Reply, ApiError> {
    let form = Form::read(call).await?;
    let tongue = Tongue::of_tag(form.get("to")).unwrap_or(Tongue::English);
    let cookie = format!("tetherd_language={}; Path=/; SameSite=Strict; Max-Age=31536000", tongue.tag());
    // Only to a view of ours: `//host` would be somebody else's.
    let back = form.get("back");
    let ours = back.starts_with('/') && !back.starts_with("//") && !back.contains('\\');
    Ok(go(if ours { back } else { "/" }, Some(&cookie)))
}

/// The account of this name, when the reader may see it.
fn account(call: &Call, caller: &Caller, name: &str) -> Option<Handle> {
    let name = InstanceName::parse(name).ok()?;
    caller.reaches(&name).then(|| call.state.registry.get(&name))?
}

/// Somebody came by a name that is not ours: perhaps a page that had it resolved to this box.
fn foreign_host(reader: &Reader, host: &str) -> Reply {
    let w = reader.tongue.words();
    let host: String = host.chars().take(200).collect();
    let body = html! {
        section.card.narrow {
            h1 { (w.host_title) }
            p { (w.host_lead.replacen("{}", &format!("“{host}”"), 1)) }
            p { code { "[http]" br; "hosts = [\"" (host) "\"]" } }
        }
    };
    page(StatusCode::FORBIDDEN, reader, &View { title: w.host_title.to_owned(), body, ..View::default() })
}
