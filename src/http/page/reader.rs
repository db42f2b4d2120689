//! Who reads.

use http::header::ACCEPT_LANGUAGE;
use maud::{Markup, html};

use super::session::{Session, cookie};
use super::tongue::Tongue;
use crate::http::auth::Caller;
use crate::http::call::Call;

/// As far as a view needs to know.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states of one thing")]
pub(super) struct Reader {
    pub(super) tongue: Tongue,
    /// Carried by every form.
    pub(super) csrf: String,
    /// Signed in, so that there is something to end.
    pub(super) signed_in: bool,
    /// Signed in with the global key: sees all accounts.
    pub(super) global: bool,
    /// Where the language switch leads back to.
    pub(super) here: String,
    /// Came over an encrypted connection.
    pub(super) secure: bool,
    /// There is a demo phone.
    pub(super) demo: bool,
}

impl Reader {
    /// Who sent this, in this session when there is one.
    pub(super) fn of(call: &Call, session: Option<&Session>) -> Self {
        let headers = &call.parts.headers;
        let tongue =
            Tongue::choose(cookie(headers, "tetherd_language"), call.header(ACCEPT_LANGUAGE.as_str()));
        Self {
            tongue,
            csrf: session.map(|session| session.csrf.clone()).unwrap_or_default(),
            signed_in: session.is_some(),
            global: session.is_some_and(|session| matches!(session.caller, Caller::Global)),
            here: call.parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            secure: call.client.secure,
            demo: call.state.demo_phone.is_some(),
        }
    }

    /// The hidden field of a form.
    pub(super) fn proof(&self) -> Markup {
        html! { input type="hidden" name="csrf" value=(self.csrf); }
    }
}
