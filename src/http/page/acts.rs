//! Does what the forms of an account's rooms ask for. Each answers with where to go on, so that reading
//! again repeats nothing.

use http::StatusCode;

use super::account::overview;
use super::form::Form;
use super::linking::Mistyped;
use super::outcome::{SHOW, after, failed, link_by_code, link_by_number, mistyped};
use super::reader::Reader;
use super::rooms::{Way, address};
use super::session::Session;
use super::shell::{View, go, gone, page, told};
use super::{demo, invite, settings, webhook};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::reply::Reply;
use crate::instance::Handle;
use crate::model::PhoneNumber;

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
                let typed = Mistyped { text: form.get("number").to_owned(), why };
                let view = overview(call, reader, &s, Way::Number, Some(&typed), None).await?;
                Ok(mistyped(reader, &base, view))
            }
        },
        "restart" => Ok(after(reader, handle.restart(SHOW).await, &base)),
        "logout" => Ok(after(reader, handle.logout().await, &base)),
        "delete" => Ok(after(reader, call.state.registry.delete(&s.name).await, "/")),
        "invite" => match invite::make(call, reader, form, &s).await? {
            Some(shown) => {
                let view = overview(call, reader, &s, Way::Code, None, Some(&shown)).await?;
                // Read again, it would be gone.
                Ok(page(StatusCode::OK, reader, &View { refresh: None, at: Some(base), ..view }))
            }
            None => Ok(go(&base, None)),
        },
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
        "webhook" => webhook::acts::set(call, reader, form, &s).await,
        "webhook-secret" => webhook::acts::fresh(call, reader, &s).await,
        "webhook-test" => webhook::acts::test(call, reader, &s).await,
        "redeliver" => webhook::acts::again(call, session, form, &s).await,
        _ => Ok(gone(reader)),
    }
}
