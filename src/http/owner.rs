//! What only the owner of the data may ask, over the socket in the data folder: the command line's way
//! into the running daemon. No key is needed there: who may open that socket may read the database too.

use http::Method;
use serde::Serialize;

use super::call::Call;
use super::error::ApiError;
use super::reply::{Reply, created, ok};
use crate::model::{Digest, InstanceName, Secret, Stamp, Token};
use crate::store::SealingKey;

/// Where all of it is.
const ROOM: &str = "/owner/";

/// A global key as it is listed.
#[derive(Serialize)]
struct Listed {
    name: String,
    created: Stamp,
}

/// A key, shown this once.
#[derive(Serialize)]
struct Made<'a> {
    name: &'a str,
    key: &'a str,
}

/// Whether it is asked in here.
pub(super) fn answers(call: &Call) -> bool {
    call.client.is_owner() && call.parts.uri.path().starts_with(ROOM)
}

/// Answers it.
pub(super) async fn answer(mut call: Call) -> Result<Reply, ApiError> {
    let path = call.parts.uri.path().strip_prefix(ROOM).unwrap_or_default().to_owned();
    let pieces: Vec<String> = path.split('/').map(super::call::decode).collect();
    let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
    match (&call.parts.method, pieces.as_slice()) {
        (&Method::GET, ["keys"]) => list(&call).await,
        (&Method::POST, ["keys"]) => make(&mut call).await,
        (&Method::DELETE, ["keys", name]) => revoke(&call, name).await,
        (&Method::POST, ["seal"]) => rotate(&mut call).await,
        (&Method::POST, ["wrap"]) => wrap(&mut call).await,
        (&Method::GET, ["check"]) => check(&call).await,
        (method, _) => Err(ApiError::NoRoute(method.clone(), call.parts.uri.path().to_owned())),
    }
}

async fn list(call: &Call) -> Result<Reply, ApiError> {
    let keys = call.state.store.api_keys().await?;
    let keys: Vec<_> = keys.into_iter().map(|key| Listed { name: key.name, created: key.created }).collect();
    Ok(ok(&keys))
}

/// A key under a name; in the place of one of the same name.
async fn make(call: &mut Call) -> Result<Reply, ApiError> {
    let mut body = call.fields().await?;
    let name = body.required("name", "the name of the key").unwrap_or_default();
    if let Err(bad) = InstanceName::parse(&name) {
        body.fault("name", bad);
    }
    body.finish()?;
    let key = Token::generate()?;
    call.state.store.put_api_key(name.clone(), Digest::of(key.expose())).await?;
    take_over(call).await?;
    tracing::info!(name, "a global key was made");
    Ok(created(&Made { name: &name, key: Secret::expose(&key) }))
}

async fn revoke(call: &Call, name: &str) -> Result<Reply, ApiError> {
    let known = call.state.store.remove_api_key(name.to_owned()).await?;
    if !known {
        let message = format!("there is no key of the name {name:?}; see: tetherd key list");
        return Err(ApiError::Missing { code: "no_key", message });
    }
    take_over(call).await?;
    tracing::info!(name, "a global key was taken back");
    list(call).await
}

/// Another sealing key: the one in the body, or a fresh one in the place of the one in use.
async fn rotate(call: &mut Call) -> Result<Reply, ApiError> {
    let mut body = call.fields().await?;
    let new = body.secret("key").map(|text| SealingKey::parse(text.expose().as_bytes()));
    if new.as_ref().is_some_and(Option::is_none) {
        body.fault("key", "takes 64 hexadecimal digits");
    }
    body.finish()?;
    call.state.store.rotate_key(new.flatten()).await?;
    tracing::info!("the sealing key was replaced");
    Ok(ok(&serde_json::json!({"rotated": true})))
}

/// The data key, wrapped with the key in the body: for a backup that opens with a passphrase.
async fn wrap(call: &mut Call) -> Result<Reply, ApiError> {
    let mut body = call.fields().await?;
    let key = body.secret("key").and_then(|text| SealingKey::parse(text.expose().as_bytes()));
    if key.is_none() {
        body.fault("key", "takes 64 hexadecimal digits");
    }
    body.finish()?;
    let Some(key) = key else { return Err(ApiError::Internal) };
    let wrapped = call.state.store.wrap_for(key).await?;
    Ok(ok(&serde_json::json!({"wrapped": wrapped})))
}

/// What is wrong with the database, and with the key that its next start will look for.
async fn check(call: &Call) -> Result<Reply, ApiError> {
    let faults = call.state.store.check().await?;
    let key = call.state.store.finds_its_key().await.err().map(|error| error.to_string());
    Ok(ok(&serde_json::json!({"faults": faults, "key": key})))
}

/// The keys in memory are those on disk.
async fn take_over(call: &Call) -> Result<(), ApiError> {
    let keys = call.state.store.api_keys().await?;
    call.state.keys.keep(keys.into_iter().map(|key| key.digest).collect());
    Ok(())
}
