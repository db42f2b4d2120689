//! One account: its first room, and how all of its rooms stay true.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use maud::{Markup, html};
use tokio::sync::watch;

use super::frame::{head, room, title};
use super::linking::{Linking, Mistyped};
use super::live::{Look, Scene, show};
use super::reader::Reader;
use super::rooms::{Room, Way, address};
use super::session::Session;
use super::shell::View;
use super::state::{sentence, word};
use super::{buttons, events, invite, settings, webhook};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::reply::Reply;
use crate::http::state::State;
use crate::instance::{Handle, Looking, Snapshot};
use crate::model::Visible;
use crate::store::DeliveryStatus;

/// Without a script, how often a view that waits for something is read again, in seconds.
const SOON: u8 = 4;
const LATER: u8 = 20;
/// Lists are not sent more often than that, however much happens.
const CALM: Duration = Duration::from_millis(300);

/// The first room: linking, and what can be done.
pub(super) async fn overview(
    call: &Call,
    reader: &Reader,
    s: &Snapshot,
    way: Way,
    mistyped: Option<&Mistyped>,
    invitation: Option<&Markup>,
) -> Result<View, ApiError> {
    let (base, clock) = (address(s), &*call.state.clock);
    let linking = Linking { reader, s, base: &base, way, clock, mistyped };
    let inner = html! {
        div.live #link { (linking.draw()) }
        div.live #meta { (settings::token_wanted(reader, s)) }
        div.live #inviting {
            @if let Some(invitation) = invitation { (invitation) }
            @else { (invite::section(&call.state, reader, s).await?) }
        }
        div.live #acts { (buttons::section(reader, s)) }
    };
    let view = room(reader, s, Room::Overview, &inner);
    // Without a script: the code and its end are seen; what is typed is left alone.
    let refresh = match (s.visible, way) {
        (Visible::Open, _) => Some(LATER),
        (_, Way::Number) if s.pairing.is_none() => None,
        _ => Some(SOON),
    };
    let with = if way == Way::Number { "&with=number" } else { "" };
    // An address that was made just now stays: it can be shown only once.
    let shown = if invitation.is_some() { "&shown=1" } else { "" };
    let live = view.live.map(|live| format!("{live}{with}{shown}"));
    Ok(View { live, refresh, ..view })
}

/// A room as a stream.
pub(super) fn stream(call: &Call, session: &Session, reader: Reader, handle: &Handle) -> Reply {
    let query = call.query();
    let asked = |name| query.text(name).ok().flatten();
    let room = asked("room").and_then(Room::of).unwrap_or(Room::Overview);
    let account = Account {
        state: Arc::clone(&call.state),
        reader,
        room,
        way: Way::of(asked("with")),
        status: asked("status").and_then(DeliveryStatus::from_word),
        snapshot: handle.watch(),
        events: call.state.store.newest_event(),
        deliveries: call.state.store.deliveries_moved(),
        access: call.state.store.access_changed(),
        shown: asked("shown").is_some(),
        gone: false,
        // Codes are made for who has them open.
        _looking: (room == Room::Overview).then(|| handle.look()),
    };
    show(account, session.pass(call))
}

struct Account {
    state: Arc<State>,
    reader: Reader,
    room: Room,
    way: Way,
    status: Option<DeliveryStatus>,
    snapshot: watch::Receiver<Arc<Snapshot>>,
    events: watch::Receiver<i64>,
    deliveries: watch::Receiver<()>,
    access: watch::Receiver<()>,
    /// An invitation is shown that cannot be shown again.
    shown: bool,
    gone: bool,
    _looking: Option<Looking>,
}

#[async_trait]
impl Scene for Account {
    async fn look(&mut self) -> Option<Look> {
        if self.gone {
            return None;
        }
        let s = Arc::clone(&self.snapshot.borrow_and_update());
        self.events.mark_unchanged();
        self.deliveries.mark_unchanged();
        self.access.mark_unchanged();
        let (reader, clock) = (&self.reader, &*self.state.clock);
        let w = reader.tongue.words();
        let mut parts = vec![("head", head(reader, &s))];
        match self.room {
            Room::Overview => {
                let base = address(&s);
                let linking = Linking { reader, s: &s, base: &base, way: self.way, clock, mistyped: None };
                parts.push(("link", linking.draw()));
                parts.push(("meta", settings::token_wanted(reader, &s)));
                if !self.shown || s.truth.is_linked() {
                    let inviting = invite::section(&self.state, reader, &s).await;
                    parts.extend(inviting.ok().map(|inviting| ("inviting", inviting)));
                }
                parts.push(("acts", buttons::section(reader, &s)));
            }
            Room::Settings => {}
            Room::Webhook => {
                let list = webhook::deliveries(&self.state, reader, &s, self.status).await;
                parts.extend(list.ok().map(|list| ("deliveries", list)));
            }
            Room::Events => {
                let list = events::list(&self.state, reader, &s).await;
                parts.extend(list.ok().map(|list| ("happened", list)));
            }
        }
        let said = format!("{}. {}", word(w, &s), sentence(w, &s));
        Some(Look { parts, title: title(w, &s), said, last: false })
    }

    async fn changed(&mut self) -> Duration {
        let lists = matches!(self.room, Room::Webhook | Room::Events);
        tokio::select! {
            changed = self.snapshot.changed() => {
                self.gone = changed.is_err();
                Duration::ZERO
            }
            _ = self.access.changed(), if self.room == Room::Overview => Duration::ZERO,
            _ = self.events.changed(), if lists => CALM,
            _ = self.deliveries.changed(), if self.room == Room::Webhook => CALM,
        }
    }
}
