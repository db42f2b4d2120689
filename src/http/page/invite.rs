//! A link for somebody else: a one-time address, made by the owner, that shows the linking of one account.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use maud::{Markup, PreEscaped, html};
use tokio::sync::watch;

use super::account::{address, overview, title};
use super::acts::{link_by_code, link_by_number};
use super::form::Form;
use super::linking::{Linking, Mistyped, Way};
use super::live::{Look, Scene, show};
use super::pass::{Pass, Ticket};
use super::session::refused;
use super::shell::{Reader, View, go, page};
use super::state::{chip, left, sentence, word};
use super::{tether, told, way};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::instance::invite as api;
use crate::http::reply::Reply;
use crate::http::state::State;
use crate::instance::qr::QrPicture;
use crate::instance::{Looking, Snapshot};
use crate::model::{Digest, Integration, PhoneNumber, Visible};

/// For how many minutes an address can be made; the first is the usual.
const LIVES: [u64; 4] = [10, 60, 6 * 60, 24 * 60];
/// Without a script, how often a guest's view is read again, in seconds.
const REFRESH: u8 = 4;

/// The owner's side: making an address, and the one that is open.
pub(super) async fn section(state: &State, reader: &Reader, s: &Snapshot) -> Result<Markup, ApiError> {
    if s.integration == Integration::Cloud || s.truth.is_linked() {
        return Ok(html! {});
    }
    let w = reader.tongue.words();
    let base = address(s);
    let open = state.store.invite_of(s.id).await.map_err(refused)?;
    let now = state.clock.now();
    let named = |minutes: u64| match minutes {
        0..60 => w.minutes.replacen("{}", &minutes.to_string(), 1),
        60 => w.hour.to_owned(),
        _ => w.hours.replacen("{}", &(minutes / 60).to_string(), 1),
    };
    Ok(html! {
        details.card #invite open[open.is_some()] {
            summary { (w.invite) }
            div.stack {
                @if let Some(open) = &open {
                    p.note { (w.invite_open) ". " (w.pair_left) " " strong { (left(now.until(open.expires).as_millis(), None, None)) } }
                    (take_back(reader, &base))
                }
                p.quiet { (w.invite_lead) }
                form.row method="post" action={ (base) "/invite" } {
                    (reader.proof())
                    label.row { (w.invite_for)
                        select name="minutes" { @for minutes in LIVES { option value=(minutes) { (named(minutes)) } } }
                    }
                    button type="submit" { (w.invite_make) }
                }
            }
        }
    })
}

fn take_back(reader: &Reader, base: &str) -> Markup {
    html! {
        form method="post" action={ (base) "/invite-end" } {
            (reader.proof())
            button type="submit" { (reader.tongue.words().invite_end) }
        }
    }
}

/// Makes an address in the place of the one before and shows it this once.
pub(super) async fn make(call: &Call, reader: &Reader, form: &Form, s: &Snapshot) -> Result<Reply, ApiError> {
    let base = address(s);
    if s.truth.is_linked() {
        return Ok(go(&base, None));
    }
    let minutes = form.get("minutes").parse().ok().filter(|asked| LIVES.contains(asked)).unwrap_or(LIVES[0]);
    let (url, expires) = api::make(call, s.id, Duration::from_secs(minutes * 60)).await?;
    let text = url.clone();
    let drawn =
        tokio::task::spawn_blocking(move || QrPicture::draw(&text).ok().map(|picture| picture.svg())).await;
    let drawn = drawn.unwrap_or(None);
    let shown = shown(reader, &base, &url, drawn, call.state.clock.now().until(expires).as_millis());
    let view = overview(call, reader, s, Way::Code, None, Some(&shown)).await?;
    // Read again, it would be gone.
    Ok(page(StatusCode::OK, reader, &View { refresh: None, at: Some(base), ..view }))
}

fn shown(reader: &Reader, base: &str, url: &str, svg: Option<String>, millis: u128) -> Markup {
    let w = reader.tongue.words();
    let named = |svg: String| {
        svg.replacen("role=\"img\"", &format!("role=\"img\" aria-label=\"{}\"", w.invite_qr_alt), 1)
    };
    html! {
        section.card #invite role="status" {
            h2 { (w.invite) }
            p { (w.invite_shown) }
            div.copied {
                code #invitation { (url) }
                button.main #copy-invitation type="button" data-copy="invitation" data-script hidden { (w.copy) }
            }
            @if let Some(svg) = svg {
                details #invitation-qr { summary { (w.invite_qr) } div.qr.guest { div.ground { (PreEscaped(named(svg))) } } }
            }
            div.row { (take_back(reader, base)) span.quiet { (w.pair_left) " " (left(millis, None, None)) } }
        }
    }
}

/// Takes it back.
pub(super) async fn end(call: &Call, s: &Snapshot, base: &str) -> Result<Reply, ApiError> {
    call.state.store.end_invite(s.id).await.map_err(refused)?;
    Ok(go(base, None))
}

/// The guest's side: the linking of the account until that is done, nothing else.
pub(super) async fn guest(call: &mut Call, token: &str, rest: &[&str]) -> Result<Reply, ApiError> {
    let mut reader = super::reader(call, None);
    let base = format!("/link/{token}");
    reader.here.clone_from(&base);
    let digest = Digest::of(token);
    let found = call.state.store.invite(digest).await.map_err(refused)?;
    let handle = found.as_ref().and_then(|invite| {
        call.state.registry.all().into_iter().find(|handle| handle.snapshot().id == invite.instance)
    });
    let (Some(invite), Some(handle)) = (found, handle) else { return Ok(over(&reader)) };
    let s = handle.snapshot();
    if invite.used || s.truth.is_linked() {
        return Ok(done(&reader));
    }
    let way = way(call);
    match (call.parts.method.as_str(), rest) {
        ("POST", ["connect"]) => link_by_code(&handle, &reader, &base).await,
        ("POST", ["pair"]) => {
            let form = Form::read(call).await?;
            match PhoneNumber::parse(form.get("number")) {
                Ok(number) => link_by_number(&handle, &reader, &base, number).await,
                Err(why) => {
                    let mistyped = Mistyped { text: form.get("number").to_owned(), why };
                    let view = view(call, &reader, &s, &base, Way::Number, Some(&mistyped));
                    let at = Some(format!("{base}{}", Way::Number.query()));
                    Ok(page(
                        StatusCode::BAD_REQUEST,
                        &reader,
                        &View { live: None, refresh: None, at, ..view },
                    ))
                }
            }
        }
        ("GET" | "HEAD", []) => {
            handle.glance();
            Ok(page(StatusCode::OK, &reader, &view(call, &reader, &s, &base, way, None)))
        }
        ("GET", ["live"]) => {
            let pass = Pass::new(call, Ticket::Invite { digest, expires: invite.expires });
            let (state, snapshot) = (Arc::clone(&call.state), handle.watch());
            Ok(show(Guest { state, reader, base, way, snapshot, gone: false, _looking: handle.look() }, pass))
        }
        ("GET", _) => Ok(go(&base, None)),
        _ => Ok(over(&reader)),
    }
}

fn view(
    call: &Call,
    reader: &Reader,
    s: &Snapshot,
    base: &str,
    way: Way,
    mistyped: Option<&Mistyped>,
) -> View {
    let linking = Linking { reader, s, base, way, clock: &*call.state.clock, mistyped };
    let body = html! {
        div.live #head { (head(reader, s)) }
        div.live #link { (linking.draw()) }
    };
    let live = Some(format!("{base}/live{}", way.query()));
    let refresh = (way == Way::Code || s.pairing.is_some()).then_some(REFRESH);
    View { title: title(reader.tongue.words(), s), live, refresh, at: None, body }
}

fn head(reader: &Reader, s: &Snapshot) -> Markup {
    html! { div.head.alone { div { h1 { (s.name) } } (chip(reader.tongue.words(), s)) } }
}

fn done(reader: &Reader) -> Reply {
    let w = reader.tongue.words();
    let body = html! {
        section.panel.good.fresh {
            (tether::whole())
            h1 { (w.state_open) }
            p { (w.linked_lead) }
        }
    };
    page(StatusCode::OK, reader, &View { title: w.state_open.to_owned(), body, ..View::default() })
}

fn over(reader: &Reader) -> Reply {
    told(reader, StatusCode::NOT_FOUND, reader.tongue.words().invite_over)
}

struct Guest {
    state: Arc<State>,
    reader: Reader,
    base: String,
    way: Way,
    snapshot: watch::Receiver<Arc<Snapshot>>,
    gone: bool,
    _looking: Looking,
}

#[async_trait]
impl Scene for Guest {
    async fn look(&mut self) -> Option<Look> {
        if self.gone {
            return None;
        }
        let s = Arc::clone(&self.snapshot.borrow_and_update());
        let w = self.reader.tongue.words();
        let (reader, base, clock) = (&self.reader, &self.base, &*self.state.clock);
        let linking = Linking { reader, s: &s, base, way: self.way, clock, mistyped: None };
        let parts = vec![("head", head(reader, &s)), ("link", linking.draw())];
        let said = format!("{}. {}", word(w, &s), sentence(w, &s));
        // What comes after the link is none of the guest's business.
        Some(Look { parts, title: title(w, &s), said, last: s.visible == Visible::Open })
    }

    async fn changed(&mut self) -> Duration {
        self.gone = self.snapshot.changed().await.is_err();
        Duration::ZERO
    }
}
