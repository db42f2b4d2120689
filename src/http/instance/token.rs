//! `PUT /instance/token/{name}`: another key for an instance, or another token of Meta's.

use serde::Serialize;

use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::instance::create::{NO_TOKEN, is_token};
use crate::http::reply::{Reply, ok};
use crate::model::{Digest, InstanceName, Integration, Secret, Token};

/// What was changed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenSet {
    instance_name: String,
    /// The new instance key, shown this once; only when one was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    /// Meta's access token was replaced.
    token_replaced: bool,
}

/// What it takes: one of them, or both.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes what `put` takes out of a body")]
pub(crate) struct TokenBody {
    /// Another access token of Meta's, for WHATSAPP-BUSINESS.
    token: Option<String>,
    /// Make another key for the instance.
    rotate: Option<bool>,
}

/// Replaces Meta's token (`token`), or makes a new instance key (`rotate`).
pub(crate) async fn put(call: &mut Call, caller: &Caller) -> Result<Reply, ApiError> {
    let handle = call.instance(caller)?;
    let snapshot = handle.snapshot();
    let mut body = call.fields().await?;
    let meta = body.secret("token");
    let rotate = body.flag("rotate").unwrap_or(false);
    if meta.is_some() && snapshot.integration == Integration::Web {
        body.fault(
            "token",
            "is Meta's access token, which only WHATSAPP-BUSINESS instances have; for a new key send rotate",
        );
    }
    if let Some(meta) = &meta
        && call.state.registry.by_token(&Digest::of(meta.expose())).is_some()
    {
        body.fault("token", "is the key of an instance here, and not Meta's access token");
    }
    if meta.as_ref().is_some_and(|meta| !is_token(meta.expose())) {
        body.fault("token", NO_TOKEN);
    }
    if meta.is_none() && !rotate && !body.has_faults() {
        body.fault("rotate", "or token is needed: what shall be replaced?");
    }
    body.finish()?;
    let failed = |error| ApiError::of_instance(error, &snapshot.name);
    let token_replaced = meta.is_some();
    if let Some(meta) = meta {
        handle.set_cloud_token(meta).await.map_err(failed)?;
    }
    let mut hash = None;
    if rotate {
        hash = Some(fresh_key(call, &snapshot.name).await?.expose().to_owned());
    }
    Ok(ok(&TokenSet { instance_name: snapshot.name.to_string(), hash, token_replaced }))
}

/// Gives an instance a new key in the place of the one before.
pub(crate) async fn fresh_key(call: &Call, name: &InstanceName) -> Result<Secret, ApiError> {
    let key = Token::generate()?;
    let set = call.state.registry.set_token(name, Digest::of(key.expose())).await;
    let found = set.map_err(|error| ApiError::of_instance(error, name))?;
    if found { Ok(key) } else { Err(ApiError::NoInstance(name.to_string())) }
}
