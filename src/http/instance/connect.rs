//! `GET /instance/connect/{name}`: make sure that it is linking, and show what there is to show.

use std::time::Duration;

use serde::Serialize;

use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::reply::{Reply, ok};
use crate::instance::{Handle, Shown, ShownCode, Snapshot};
use crate::model::{Clock, Integration, PhoneNumber, Reason, Stamp, Visible};

/// Seconds that connect and restart wait unless asked otherwise, and at most.
pub(super) const WAIT: u64 = 15;
pub(super) const WAIT_MOST: u64 = 55;

/// One of the answers of connect.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub(crate) enum Connected {
    /// It is linked and logged in, or has no code to show by its nature.
    State(Stated),
    /// Scan this.
    Code(Box<CodeShown>),
    /// Nothing to show yet, and why.
    Nothing(Box<NothingYet>),
}

/// Only the state.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Stated {
    pub(crate) instance: NameAndState,
}

/// An instance's name and state.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NameAndState {
    pub(crate) instance_name: String,
    pub(crate) state: Visible,
}

/// A code that can be scanned now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CodeShown {
    /// To be typed on the phone: `ABCD-EFGH`; null unless it was asked for with `number`.
    pairing_code: Option<String>,
    /// The text of the QR code, untouched.
    code: String,
    /// A PNG of exactly `code`, as a data URL.
    base64: String,
    /// The code's number in this row of codes.
    count: u32,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Stamp,
    /// Whole seconds left.
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pairing_code_expires_at: Option<Stamp>,
    /// Why there is no pairing code although one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    instance: NameAndState,
}

/// Why there is nothing to show yet.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct NothingYet {
    /// Always 0.
    count: u32,
    instance: Why,
}

/// The state, why it is so, and when the next try is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Why {
    instance_name: String,
    state: Visible,
    reason: Option<Reason>,
    message: Option<String>,
    attempt: u32,
    /// When the next try starts; of a try that goes on and has shown nothing, when it is given up at the latest.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_retry_at: Option<Stamp>,
}

/// Connects and answers as soon as there is something to show.
pub(crate) async fn get(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let handle = call.instance(caller).map_err(on_connect)?;
    let query = call.query();
    let wait = query.number("wait", 0, WAIT_MOST)?.unwrap_or(WAIT);
    let integration = handle.snapshot().integration;
    let number = match query.text("number")? {
        Some(text) if integration == Integration::Web => {
            Some(PhoneNumber::parse(text).map_err(|bad| ApiError::invalid(format!("number {bad}")))?)
        }
        _ => None,
    };
    let wait = Duration::from_secs(wait);
    let shown = connect(&handle, number, wait, call.state.clock.as_ref()).await.map_err(on_connect)?;
    Ok(ok(&shown))
}

/// What connect answers, for those that connect on the way (create).
pub(super) async fn connect(
    handle: &Handle,
    number: Option<PhoneNumber>,
    wait: Duration,
    clock: &dyn Clock,
) -> Result<Connected, ApiError> {
    let asked_pairing = number.is_some();
    let shown = handle
        .connect(number, wait)
        .await
        .map_err(|error| ApiError::of_instance(error, &handle.snapshot().name))?;
    let snapshot = match shown {
        Shown::Open(snapshot) => return Ok(Connected::State(stated(&snapshot))),
        Shown::Code(snapshot) | Shown::Nothing(snapshot) => snapshot,
    };
    if snapshot.integration == Integration::Cloud {
        return Ok(Connected::State(stated(&snapshot)));
    }
    Ok(match alive(&snapshot, clock) {
        Some(code) => Connected::Code(Box::new(code_shown(&snapshot, code, asked_pairing, clock))),
        None => Connected::Nothing(Box::new(nothing(&snapshot, asked_pairing))),
    })
}

/// The code of a snapshot, unless its time is over.
pub(super) fn alive<'a>(snapshot: &'a Snapshot, clock: &dyn Clock) -> Option<&'a ShownCode> {
    snapshot.code.as_ref().filter(|code| !code.expires.left(clock).is_zero())
}

/// A code with all that is to be told of it.
pub(super) fn code_shown(
    snapshot: &Snapshot,
    code: &ShownCode,
    asked_pairing: bool,
    clock: &dyn Clock,
) -> CodeShown {
    let pairing = snapshot.pairing.as_ref().filter(|p| !p.expires.left(clock).is_zero());
    CodeShown {
        pairing_code: pairing.map(|p| p.text.expose().to_owned()),
        code: code.text.expose().to_owned(),
        base64: code.picture.data_url().to_owned(),
        count: code.count,
        expires_at: code.expires.shown,
        expires_in: code.expires.left(clock).as_secs(),
        pairing_code_expires_at: pairing.map(|p| p.expires.shown),
        message: snapshot.pairing_error.clone().filter(|_| asked_pairing && pairing.is_none()),
        instance: name_and_state(snapshot),
    }
}

fn nothing(snapshot: &Snapshot, asked_pairing: bool) -> NothingYet {
    let refused = snapshot.pairing_error.clone().filter(|_| asked_pairing);
    let unanswered = snapshot.given_up.map(|_| "WhatsApp has not answered yet.".to_owned());
    NothingYet {
        count: 0,
        instance: Why {
            instance_name: snapshot.name.to_string(),
            state: snapshot.visible,
            reason: snapshot.reason,
            message: refused.or_else(|| snapshot.detail.message.clone()).or(unanswered),
            attempt: snapshot.attempt,
            next_retry_at: snapshot.next_retry.map(|next| next.shown).or(snapshot.given_up),
        },
    }
}

fn stated(snapshot: &Snapshot) -> Stated {
    Stated { instance: name_and_state(snapshot) }
}

fn name_and_state(snapshot: &Snapshot) -> NameAndState {
    NameAndState { instance_name: snapshot.name.to_string(), state: snapshot.visible }
}

/// `connect-page.txt` says 400 for an instance that does not exist.
fn on_connect(error: ApiError) -> ApiError {
    match error {
        ApiError::NoInstance(name) => ApiError::NoInstanceOnConnect(name),
        other => other,
    }
}
