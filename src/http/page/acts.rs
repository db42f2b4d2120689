//! What can be done with an account, and doing it. Each form answers with where to go on, so that reading
//! again repeats nothing.

use std::time::Duration;

use http::StatusCode;
use maud::{Markup, html};

use super::account::{Room, address, overview, room};
use super::demo;
use super::form::Form;
use super::linking::{Mistyped, Way};
use super::session::Session;
use super::shell::{Reader, View, go, page};
use super::{gone, invite, settings, told, webhook};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::reply::Reply;
use crate::instance::{Handle, InstanceError, Snapshot};
use crate::model::{Integration, LinkTruth, PhoneNumber};

/// The next view should have something to show: usually it has within a tenth of this.
const SHOW: Duration = Duration::from_millis(1500);
/// A pairing code is asked for over the network.
const PAIR: Duration = Duration::from_secs(10);

/// What can be done, below everything else.
pub(super) fn section(reader: &Reader, s: &Snapshot) -> Markup {
    let w = reader.tongue.words();
    let base = address(s);
    let cloud = s.integration == Integration::Cloud;
    html! {
        @if matches!(s.truth, LinkTruth::Linked { .. }) {
            div.acts {
                form method="post" action={ (base) "/restart" } {
                    (reader.proof())
                    button #restart type="submit" { (if cloud { w.ask_meta } else { w.restart }) }
                }
                (asked(reader, &base, "logout", w.log_out, if cloud { w.cloud_out_ask } else { w.log_out_ask }))
                (asked(reader, &base, "delete", w.delete, w.delete_ask))
            }
            (demo::unlink(reader, s))
        } @else {
            div.acts { (asked(reader, &base, "delete", w.delete, w.delete_ask)) }
        }
    }
}

/// Asked for once, with what will be lost.
fn asked(reader: &Reader, base: &str, act: &str, title: &str, lost: &str) -> Markup {
    html! {
        details.asks id={ "ask-" (act) } {
            summary { (title) "…" }
            form.stack method="post" action={ (base) "/" (act) } {
                (reader.proof())
                p { (lost) }
                button.danger type="submit" { (title) }
            }
        }
    }
}

/// Does what a form of an account's rooms asks for.
pub(super) async fn on_account(
    call: &Call,
    session: &Session,
    reader: &Reader,
    form: &Form,
    handle: &Handle,
    act: &str,
) -> Result<Reply, ApiError> {
    let s = handle.snapshot();
    let base = address(&s);
    match act {
        "connect" => link_by_code(handle, reader, &base).await,
        "pair" => match PhoneNumber::parse(form.get("number")) {
            Ok(number) => link_by_number(handle, reader, &base, number).await,
            Err(why) => {
                let mistyped = Mistyped { text: form.get("number").to_owned(), why };
                let view = overview(call, reader, &s, Way::Number, Some(&mistyped), None).await?;
                let at = Some(format!("{base}{}", Way::Number.query()));
                // Kept still: what was typed is to be mended, not taken away.
                Ok(page(StatusCode::BAD_REQUEST, reader, &View { live: None, refresh: None, at, ..view }))
            }
        },
        "restart" => Ok(after(reader, handle.restart(SHOW).await, &base)),
        "logout" => Ok(after(reader, handle.logout().await, &base)),
        "delete" => Ok(after(reader, call.state.registry.delete(&s.name).await, "/")),
        "invite" => invite::make(call, reader, form, &s).await,
        "invite-end" => invite::end(call, &s, &base).await,
        "demo-scan" | "demo-enter" | "demo-unlink" => {
            match demo::act(call.state.demo_phone.as_ref(), &s, act).await {
                Ok(()) => Ok(go(&base, None)),
                Err(why) => Ok(told(reader, StatusCode::BAD_GATEWAY, &failed(reader, &why))),
            }
        }
        "settings" => settings::set(reader, form, handle).await,
        "token" => settings::fresh_key(call, session, reader, &s).await,
        "meta-token" => settings::replace_token(call, reader, form, handle).await,
        "meta-subscribe" => settings::subscribe(call, reader, handle).await,
        "webhook" => webhook::set(call, reader, form, &s).await,
        "webhook-secret" => webhook::fresh(call, reader, &s).await,
        "webhook-test" => webhook::test(call, reader, &s).await,
        "redeliver" => webhook::again(call, session, form, &s).await,
        _ => Ok(gone(reader)),
    }
}

/// Connects, and goes on to what there is to show.
pub(super) async fn link_by_code(handle: &Handle, reader: &Reader, base: &str) -> Result<Reply, ApiError> {
    Ok(after(reader, handle.connect(None, SHOW).await, base))
}

/// Asks for a pairing code, and goes on to it.
pub(super) async fn link_by_number(
    handle: &Handle,
    reader: &Reader,
    base: &str,
    number: PhoneNumber,
) -> Result<Reply, ApiError> {
    Ok(after(reader, handle.connect(Some(number), PAIR).await, &format!("{base}{}", Way::Number.query())))
}

/// On, or why not.
pub(super) fn after<T>(reader: &Reader, done: Result<T, InstanceError>, to: &str) -> Reply {
    match done {
        Ok(_) => go(to, None),
        Err(error) => told(reader, StatusCode::BAD_GATEWAY, &sentence(reader, &error)),
    }
}

/// Why an account did not do what it was asked.
pub(super) fn sentence(reader: &Reader, error: &InstanceError) -> String {
    let w = reader.tongue.words();
    match error {
        InstanceError::Gone => w.gone.to_owned(),
        InstanceError::Stuck => w.f_stuck.to_owned(),
        InstanceError::NotConnected | InstanceError::NeverLinked => w.f_not_linked.to_owned(),
        InstanceError::Storage(why) => w.f_storage.replacen("{}", why, 1),
        InstanceError::Link(why) => failed(reader, &why.to_string()),
    }
}

fn failed(reader: &Reader, why: &str) -> String {
    reader.tongue.words().failed.replacen("{}", why, 1)
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
