//! `POST /instance/setPresence/{name}`: be seen as online or not.

use serde::Serialize;

use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::{ApiError, short};
use crate::http::reply::{Reply, created};
use crate::link::Presence;

/// What contacts see from now on.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct PresenceSet {
    presence: &'static str,
}

/// What it takes.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes what `post` takes out of a body")]
pub(crate) struct PresenceBody {
    /// Who types or speaks is shown as online.
    #[schema(pattern = "^(unavailable|available|composing|recording|paused)$")]
    presence: String,
}

const TAKES: &str = "one of unavailable, available, composing, recording, paused";

/// Sets it for as long as the link stands.
pub(crate) async fn post(call: &mut Call, caller: &Caller) -> Result<Reply, ApiError> {
    let handle = call.instance(caller)?;
    let mut body = call.fields().await?;
    let asked = body.required("presence", TAKES);
    let known = asked.as_deref().and_then(parse);
    if let (Some(asked), None) = (&asked, known) {
        let asked = short(asked);
        body.fault("presence", format_args!("is {asked:?}; it takes {TAKES}"));
    }
    body.finish()?;
    let Some((presence, word)) = known else { return Err(ApiError::Internal) };
    let set = handle.set_presence(presence).await;
    set.map_err(|error| ApiError::of_instance(error, &handle.snapshot().name))?;
    Ok(created(&PresenceSet { presence: word }))
}

/// Who types or speaks is there; whom for is not said here, so that is all it can mean.
fn parse(word: &str) -> Option<(Presence, &'static str)> {
    Some(match word {
        "available" => (Presence::Available, "available"),
        "composing" => (Presence::Available, "composing"),
        "recording" => (Presence::Available, "recording"),
        "paused" => (Presence::Available, "paused"),
        "unavailable" => (Presence::Unavailable, "unavailable"),
        _ => return None,
    })
}
