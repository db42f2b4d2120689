//! A link for somebody else, on the owner's side: a one-time address that shows the linking of one account.

use std::time::Duration;

use maud::{Markup, PreEscaped, html};

use super::form::Form;
use super::reader::Reader;
use super::rooms::address;
use super::shell::go;
use super::state::left;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::instance::invite as api;
use crate::http::reply::Reply;
use crate::http::state::State;
use crate::instance::Snapshot;
use crate::instance::qr::QrPicture;
use crate::model::Integration;

/// For how many minutes an address can be made; the first is the usual.
const LIVES: [u64; 4] = [10, 60, 6 * 60, 24 * 60];

/// The owner's side: making an address, and the one that is open.
pub(super) async fn section(state: &State, reader: &Reader, s: &Snapshot) -> Result<Markup, ApiError> {
    if s.integration == Integration::Cloud || s.truth.is_linked() {
        return Ok(html! {});
    }
    let w = reader.tongue.words();
    let base = address(s);
    let open = state.store.invite_of(s.id).await?;
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

/// Makes an address in the place of the one before, to be shown this once; none for who is linked.
pub(super) async fn make(
    call: &Call,
    reader: &Reader,
    form: &Form,
    s: &Snapshot,
) -> Result<Option<Markup>, ApiError> {
    if s.truth.is_linked() {
        return Ok(None);
    }
    let minutes = form.get("minutes").parse().ok().filter(|asked| LIVES.contains(asked)).unwrap_or(LIVES[0]);
    let (url, expires) = api::make(call, s.id, Duration::from_secs(minutes * 60)).await?;
    let text = url.clone();
    let drawn =
        tokio::task::spawn_blocking(move || QrPicture::draw(&text).ok().map(|picture| picture.svg())).await;
    let left = call.state.clock.now().until(expires).as_millis();
    Ok(Some(shown(reader, &address(s), &url, drawn.unwrap_or(None), left)))
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
    call.state.store.end_invite(s.id).await?;
    Ok(go(base, None))
}
