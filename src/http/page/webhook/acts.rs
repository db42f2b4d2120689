//! Does what the forms of the webhook's room ask for.

use http::StatusCode;

use super::{News, room};
use crate::events::{check_url, test_event};
use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::page::form::Form;
use crate::http::page::frame::answered;
use crate::http::page::reader::Reader;
use crate::http::page::rooms::{Room, address};
use crate::http::page::session::Session;
use crate::http::page::shell::go;
use crate::http::reply::Reply;
use crate::http::webhook::{fresh_secret, sign_with};
use crate::instance::Snapshot;
use crate::model::{EventKind, Webhook};
use crate::store::WebhookRow;

/// Keeps what the form says over what was.
pub(in crate::http::page) async fn set(
    call: &Call,
    reader: &Reader,
    form: &Form,
    s: &Snapshot,
) -> Result<Reply, ApiError> {
    let url = form.get("url").to_owned();
    let possible = check_url(&url).is_ok();
    let forbidden = call.state.courier.refuses(&url).filter(|_| possible);
    if !possible || forbidden.is_some() {
        let shown = room(call, reader, s, None, &News::BadAddress(forbidden, url)).await?;
        return Ok(answered(reader, s, Room::Webhook, StatusCode::BAD_REQUEST, &shown));
    }
    let kept = call.state.store.webhook_of(Some(s.id)).await?;
    let mut hook = kept.map_or_else(|| Webhook::to(""), |row| row.webhook);
    let kinds: Vec<EventKind> = form.all("event").iter().filter_map(|kind| kind.parse().ok()).collect();
    hook.events = Some(kinds).filter(|kinds| !kinds.is_empty());
    hook.enabled = form.has("enabled");
    hook.target.url = url;
    call.state.store.set_webhook(Some(s.id), hook).await?;
    Ok(go(&format!("{}/webhook", address(s)), None))
}

/// Makes a secret to sign with and shows it this once.
pub(in crate::http::page) async fn fresh(
    call: &Call,
    reader: &Reader,
    s: &Snapshot,
) -> Result<Reply, ApiError> {
    let Some(WebhookRow { mut webhook, .. }) = call.state.store.webhook_of(Some(s.id)).await? else {
        return Ok(go(&format!("{}/webhook", address(s)), None));
    };
    let secret = fresh_secret()?;
    sign_with(&mut webhook.target, secret.expose().to_owned());
    call.state.store.set_webhook(Some(s.id), webhook).await?;
    let shown = room(call, reader, s, None, &News::Secret(secret.expose().to_owned())).await?;
    Ok(answered(reader, s, Room::Webhook, StatusCode::OK, &shown))
}

/// Posts a test event at once and tells what the receiver answered.
pub(in crate::http::page) async fn test(
    call: &Call,
    reader: &Reader,
    s: &Snapshot,
) -> Result<Reply, ApiError> {
    let Some(row) = call.state.store.webhook_of(Some(s.id)).await? else {
        return Ok(go(&format!("{}/webhook", address(s)), None));
    };
    let event = test_event(s.id, s.name.as_str(), call.state.clock.as_ref());
    let answer = call.state.courier.test(&event, &row.webhook.target).await;
    let shown = room(call, reader, s, None, &News::Tested(answer)).await?;
    Ok(answered(reader, s, Room::Webhook, StatusCode::OK, &shown))
}

/// Sends one delivery again, or all that were given up.
pub(in crate::http::page) async fn again(
    call: &Call,
    session: &Session,
    form: &Form,
    s: &Snapshot,
) -> Result<Reply, ApiError> {
    let own = !matches!(session.caller, Caller::Global);
    let (id, base) = (form.get("id"), address(s));
    if id.is_empty() {
        call.state.store.redeliver(s.id, own, None).await?;
    } else if let Ok(id) = id.parse() {
        call.state.store.redeliver(s.id, own, Some(id)).await?;
    }
    Ok(go(&format!("{base}/webhook"), None))
}
