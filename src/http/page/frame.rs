//! What stands around each of an account's rooms.

use http::StatusCode;
use maud::{Markup, html};

use super::reader::Reader;
use super::rooms::{Room, address};
use super::shell::{View, page};
use super::state::{chip, who, word};
use super::words::Words;
use crate::http::reply::Reply;
use crate::instance::Snapshot;

/// Who and how it is, above every room.
pub(super) fn head(reader: &Reader, s: &Snapshot) -> Markup {
    let w = reader.tongue.words();
    let who = who(s);
    html! {
        div.head.alone[!reader.global] {
            div {
                @if reader.global {
                    a.back href="/" aria-label=(w.back) { svg viewBox="0 0 24 24" aria-hidden="true" { path d="M15 5l-7 7 7 7" {} } }
                }
                h1 { (s.name) }
            }
            (chip(w, s))
            @if !who.is_empty() { p { (who) } }
        }
    }
}

/// One room with all that stands around it.
pub(super) fn room(reader: &Reader, s: &Snapshot, room: Room, inner: &Markup) -> View {
    let w = reader.tongue.words();
    let base = address(s);
    let body = html! {
        div.live #head { (head(reader, s)) }
        nav.rooms aria-label=(s.name) {
            @for other in Room::ALL {
                a href={ (base) (other.path()) } aria-current=[(other == room).then_some("page")] { (other.title(w)) }
            }
        }
        (inner)
    };
    let name = room.path().trim_start_matches('/');
    let live = Some(format!("{base}/live?room={name}"));
    View { title: title(w, s), live, body, ..View::default() }
}

/// What the browser's tab says.
pub(super) fn title(w: &Words, s: &Snapshot) -> String {
    format!("{} – {}", s.name, word(w, s))
}

/// A room in answer to a form: what is shown in it is shown this once.
pub(super) fn answered(
    reader: &Reader,
    s: &Snapshot,
    which: Room,
    status: StatusCode,
    inner: &Markup,
) -> Reply {
    let at = Some(format!("{}{}", address(s), which.path()));
    page(status, reader, &View { at, ..room(reader, s, which, inner) })
}
