//! Who looks at the page: a cookie that stands for a key, and what proves that a change was meant.

use std::time::Duration;

use http::HeaderMap;
use http::header::COOKIE;
use subtle::ConstantTimeEq;

use super::pass::{Pass, Ticket};
use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::model::{Digest, Secret, Token};
use crate::store;

const COOKIE_NAME: &str = "tetherd_session";
/// A box at home is looked at now and then: a month.
const LIFE: Duration = Duration::from_hours(30 * 24);

/// A signed-in browser.
pub(super) struct Session {
    /// Whom it stands for.
    pub(super) caller: Caller,
    /// What the page's forms carry. Made from the cookie, which no other site can read.
    pub(super) csrf: String,
    kept: store::Session,
}

impl Session {
    /// The session of a request's cookie, as long as the key it was made with is a key.
    pub(super) async fn of(call: &Call) -> Result<Option<Self>, ApiError> {
        let Some(secret) = cookie(&call.parts.headers, COOKIE_NAME) else { return Ok(None) };
        let digest = Digest::of(secret);
        let Some(kept) = call.state.store.session(digest).await? else { return Ok(None) };
        let Some(caller) = call.state.guard().stands_for(&kept.key) else { return Ok(None) };
        let csrf = hex::encode(Digest::of(&format!("form {secret}")).0);
        Ok(Some(Self { caller, csrf, kept }))
    }

    /// Whether a form was made by our page for this session.
    pub(super) fn made(&self, form: &str) -> bool {
        form.as_bytes().ct_eq(self.csrf.as_bytes()).into()
    }

    /// For a stream that outlives this request.
    pub(super) fn pass(&self, call: &Call) -> Pass {
        Pass::new(call, Ticket::Session(self.kept.clone()))
    }

    /// Ends it here, or everywhere.
    pub(super) async fn end(&self, call: &Call, everywhere: bool) -> Result<(), ApiError> {
        let only = (!everywhere).then_some(self.kept.digest);
        Ok(call.state.store.end_sessions(self.kept.key, only).await?)
    }
}

/// Starts a session for who knows this key; the value for `Set-Cookie`.
pub(super) async fn start(call: &Call, key: Secret) -> Result<String, ApiError> {
    let bound = Digest::of(key.expose());
    call.state.guard().admit_key(key, &call.client)?;
    let secret = Token::generate()?;
    let session = store::Session {
        digest: Digest::of(secret.expose()),
        key: bound,
        expires: call.state.clock.now().plus(LIFE),
    };
    call.state.store.put_session(session).await?;
    let secure = if call.client.secure { "; Secure" } else { "" };
    let (secret, life) = (secret.expose(), LIFE.as_secs());
    Ok(format!("{COOKIE_NAME}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={life}{secure}"))
}

/// Takes the cookie back.
pub(super) fn ended() -> String {
    format!("{COOKIE_NAME}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

/// A cookie's value.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}
