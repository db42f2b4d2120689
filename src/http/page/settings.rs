//! An account's settings, what its programs need, and what Meta needs.

use http::StatusCode;
use maud::{Markup, html};

use super::form::Form;
use super::frame::answered;
use super::outcome::{after, sentence};
use super::reader::Reader;
use super::rooms::{Room, address};
use super::session::{self, Session};
use super::shell::go;
use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::instance::token as api;
use crate::http::meta::verify_token;
use crate::http::reply::Reply;
use crate::instance::{Handle, Snapshot};
use crate::model::{Integration, Reason, Secret, Settings};

/// What was done just now.
pub(super) enum News<'a> {
    None,
    Saved,
    /// A new key of the account, shown this once.
    Key(&'a str),
    /// About Meta.
    Meta(&'a str),
    /// Meta refuses.
    MetaFailed(&'a str),
}

/// The room.
pub(super) fn room(call: &Call, reader: &Reader, s: &Snapshot, news: &News<'_>) -> Markup {
    html! {
        @if s.integration == Integration::Cloud { (meta(call, reader, s, news)) }
        @else { (switches(reader, s, matches!(news, News::Saved))) }
        (programs(call, reader, s, news))
    }
}

fn switches(reader: &Reader, s: &Snapshot, saved: bool) -> Markup {
    let w = reader.tongue.words();
    let kept = &s.settings;
    let switches = [
        ("alwaysOnline", w.s_online, Some(w.s_online_help), kept.always_online),
        ("readMessages", w.s_read, None, kept.read_messages),
        ("readStatus", w.s_status, None, kept.read_status),
        ("groupsIgnore", w.s_groups, None, kept.groups_ignore),
        ("syncFullHistory", w.s_history, Some(w.s_history_help), kept.sync_full_history),
        ("rejectCall", w.s_reject, None, kept.reject_call),
    ];
    html! {
        section.card {
            @if saved { p.note.good role="status" { (w.saved) } }
            form.stack method="post" action={ (address(s)) "/settings" } {
                (reader.proof())
                div.field {
                    @for (name, text, help, on) in switches {
                        label.switch {
                            span { (text) @if let Some(help) = help { small { (help) } } }
                            input type="checkbox" role="switch" name=(name) value="on" checked[on];
                        }
                    }
                }
                label { (w.s_text) input name="msgCall" maxlength="500" value=(kept.msg_call); }
                button.main type="submit" { (w.save) }
            }
        }
    }
}

/// What a program has to know to use this account.
fn programs(call: &Call, reader: &Reader, s: &Snapshot, news: &News<'_>) -> Markup {
    let w = reader.tongue.words();
    let name = percent_encoding::utf8_percent_encode(s.name.as_str(), percent_encoding::NON_ALPHANUMERIC);
    html! {
        section.card {
            h2 { (w.programs) }
            p { (w.programs_lead) }
            div.copied {
                code #address { (call.base_url()) "/instance/connectionState/" (name) }
                button #copy-address type="button" data-copy="address" data-script hidden { (w.copy) }
            }
            @if let News::Key(key) = news {
                div.note.good.stack role="status" {
                    p { (w.shown_once) }
                    div.copied {
                        code #fresh-key { (key) }
                        button.main #copy-key type="button" data-copy="fresh-key" data-script hidden { (w.copy) }
                    }
                }
            }
            details.asks #ask-key {
                summary { (w.account_key) "…" }
                form.stack method="post" action={ (address(s)) "/token" } {
                    (reader.proof())
                    p { (w.account_key_ask) }
                    button.danger type="submit" { (w.account_key_make) }
                }
            }
        }
    }
}

/// Meta's token, and what is to be typed in at Meta.
fn meta(call: &Call, reader: &Reader, s: &Snapshot, news: &News<'_>) -> Markup {
    let w = reader.tongue.words();
    let base = address(s);
    let config = call.state.config();
    let secret = config.app_secret.as_ref();
    html! {
        section.card {
            @match news {
                News::Meta(text) => p.note.good role="status" { (text) },
                News::MetaFailed(text) => p.note.bad role="alert" { (text) },
                _ => {}
            }
            dl.facts {
                dt { (w.cloud_number) } dd { code { (s.number.as_deref().unwrap_or("–")) } }
                @if let Some(id) = &s.business_id { dt { (w.cloud_business) } dd { code { (id) } } }
            }
            (token_form(reader, s))
        }
        section.card {
            h2 { (w.cloud_hook) }
            @if let Some(secret) = secret {
                dl.facts {
                    dt { (w.cloud_hook_url) }
                    dd.copied { code #hook-url { (call.base_url()) "/webhook/meta" }
                        button #copy-hook-url type="button" data-copy="hook-url" data-script hidden { (w.copy) } }
                    dt { (w.cloud_hook_token) }
                    dd.copied { code #hook-token { (verify_token(secret, &s.uuid).expose()) }
                        button #copy-hook-token type="button" data-copy="hook-token" data-script hidden { (w.copy) } }
                }
                form method="post" action={ (base) "/meta-subscribe" } {
                    (reader.proof()) button type="submit" { (w.cloud_subscribe) }
                }
            } @else {
                p.quiet { (w.cloud_hook_off) }
            }
        }
    }
}

/// On the first room: another access token, where the one that is kept does not do.
pub(super) fn token_wanted(reader: &Reader, s: &Snapshot) -> Markup {
    let reasons = [Reason::TokenInvalid, Reason::PermissionMissing, Reason::LoggedOut];
    let wanted =
        s.integration == Integration::Cloud && s.reason.is_some_and(|reason| reasons.contains(&reason));
    html! { @if wanted { section.card { (token_form(reader, s)) } } }
}

/// Another access token of Meta's.
fn token_form(reader: &Reader, s: &Snapshot) -> Markup {
    let w = reader.tongue.words();
    html! {
        form.stack method="post" action={ (address(s)) "/meta-token" } {
            (reader.proof())
            label { (w.cloud_replace)
                input #meta-token type="password" name="token" required autocomplete="off" spellcheck="false" aria-describedby="meta-token-help";
            }
            p.small.quiet #meta-token-help { (w.cloud_token_help) }
            button type="submit" { (w.save) }
        }
    }
}

/// Keeps the settings: a box that is not ticked is not sent.
pub(super) async fn set(reader: &Reader, form: &Form, handle: &Handle) -> Result<Reply, ApiError> {
    let s = handle.snapshot();
    let wanted = Settings {
        reject_call: form.has("rejectCall"),
        msg_call: form.get("msgCall").chars().take(500).collect(),
        groups_ignore: form.has("groupsIgnore"),
        always_online: form.has("alwaysOnline"),
        read_messages: form.has("readMessages"),
        read_status: form.has("readStatus"),
        sync_full_history: form.has("syncFullHistory"),
        wavoip_token: s.settings.wavoip_token.clone(),
    };
    Ok(after(reader, handle.set_settings(wanted).await, &format!("{}/settings?saved", address(&s))))
}

/// Makes a new key of the account and shows it this once. Who came with the one before stays.
pub(super) async fn fresh_key(
    call: &Call,
    session: &Session,
    reader: &Reader,
    s: &Snapshot,
) -> Result<Reply, ApiError> {
    let key = api::fresh_key(call, &s.name).await?;
    let shown = room(call, reader, s, &News::Key(key.expose()));
    let mut reply = answered(reader, s, Room::Settings, StatusCode::OK, &shown);
    if matches!(session.caller, Caller::Instance { .. }) {
        let cookie = session::start(call, key).await?;
        if let Ok(cookie) = cookie.parse() {
            reply.headers_mut().insert(http::header::SET_COOKIE, cookie);
        }
    }
    Ok(reply)
}

/// Takes another access token of Meta's and asks Meta with it.
pub(super) async fn replace_token(
    call: &Call,
    reader: &Reader,
    form: &Form,
    handle: &Handle,
) -> Result<Reply, ApiError> {
    let s = handle.snapshot();
    let w = reader.tongue.words();
    if s.integration != Integration::Cloud || form.get("token").is_empty() {
        return Ok(go(&format!("{}/settings", address(&s)), None));
    }
    match handle.set_cloud_token(Secret::new(form.get("token"))).await {
        Ok(()) => Ok(meta_answered(call, reader, handle, StatusCode::OK, &News::Meta(w.cloud_replaced))),
        Err(error) => {
            let why = sentence(reader, &error);
            Ok(meta_answered(call, reader, handle, StatusCode::BAD_GATEWAY, &News::MetaFailed(&why)))
        }
    }
}

/// Asks Meta to send what happens to this account.
pub(super) async fn subscribe(call: &Call, reader: &Reader, handle: &Handle) -> Result<Reply, ApiError> {
    let w = reader.tongue.words();
    match handle.subscribe().await {
        Ok(()) => Ok(meta_answered(call, reader, handle, StatusCode::OK, &News::Meta(w.cloud_subscribed))),
        Err(error) => {
            let why = sentence(reader, &error);
            Ok(meta_answered(call, reader, handle, StatusCode::BAD_GATEWAY, &News::MetaFailed(&why)))
        }
    }
}

fn meta_answered(
    call: &Call,
    reader: &Reader,
    handle: &Handle,
    status: StatusCode,
    news: &News<'_>,
) -> Reply {
    let s = handle.snapshot();
    answered(reader, &s, Room::Settings, status, &room(call, reader, &s, news))
}
