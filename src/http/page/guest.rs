//! The guest's side of a one-time address: the linking of one account until that is done, nothing else.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::StatusCode;
use maud::{Markup, html};
use tokio::sync::watch;

use super::form::Form;
use super::frame::title;
use super::linking::{Linking, Mistyped};
use super::live::{Look, Scene, show};
use super::outcome::{link_by_code, link_by_number, mistyped};
use super::pass::{Pass, Ticket};
use super::reader::Reader;
use super::rooms::Way;
use super::shell::{View, go, page, told};
use super::state::{chip, sentence, word};
use super::tether;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::reply::Reply;
use crate::http::state::State;
use crate::instance::{Looking, Snapshot};
use crate::model::{Digest, PhoneNumber, Visible};

/// Without a script, how often a guest's view is read again, in seconds.
const REFRESH: u8 = 4;

/// Whatever a guest asks for.
pub(super) async fn answer(call: &mut Call, token: &str, rest: &[&str]) -> Result<Reply, ApiError> {
    let mut reader = Reader::of(call, None);
    let base = format!("/link/{token}");
    reader.here.clone_from(&base);
    let digest = Digest::of(token);
    let found = call.state.store.invite(digest).await?;
    let handle = found.as_ref().and_then(|invite| {
        call.state.registry.all().into_iter().find(|handle| handle.snapshot().id == invite.instance)
    });
    let (Some(invite), Some(handle)) = (found, handle) else { return Ok(over(&reader)) };
    let s = handle.snapshot();
    if invite.used || s.truth.is_linked() {
        return Ok(done(&reader));
    }
    let way = Way::asked(call);
    match (call.parts.method.as_str(), rest) {
        ("POST", ["connect"]) => link_by_code(&handle, &reader, &base).await,
        ("POST", ["pair"]) => {
            let form = Form::read(call).await?;
            match PhoneNumber::parse(form.get("number")) {
                Ok(number) => link_by_number(&handle, &reader, &base, number).await,
                Err(why) => {
                    let typed = Mistyped { text: form.get("number").to_owned(), why };
                    let view = view(call, &reader, &s, &base, Way::Number, Some(&typed));
                    Ok(mistyped(&reader, &base, view))
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
