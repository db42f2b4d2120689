//! How the values of an instance's row are written, and read again.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::model::{Ended, InstanceId, ProxyConfig, ProxyProtocol, Reason, ReasonDetail, Secret, Stamp};
use crate::store::StoreError;
use crate::store::seal::{Sealer, place};

/// An [`Ended`] as it is kept.
#[derive(Serialize, Deserialize)]
struct KeptEnd {
    reason: Reason,
    at: i64,
    detail: ReasonDetail,
}

pub(super) fn write_ended(ended: &Ended) -> Result<String, StoreError> {
    let kept = KeptEnd { reason: ended.reason, at: ended.at.millis(), detail: ended.detail.clone() };
    Ok(serde_json::to_string(&kept)?)
}

pub(super) fn read_ended(text: &str) -> Result<Ended, StoreError> {
    let kept: KeptEnd = serde_json::from_str(text)?;
    Ok(Ended { reason: kept.reason, at: Stamp::from_millis(kept.at), detail: kept.detail })
}

/// A [`ProxyConfig`] as it is kept, sealed.
#[derive(Serialize, Deserialize)]
struct KeptProxy {
    protocol: String,
    host: String,
    port: u16,
    username: Option<String>,
    password: Option<String>,
}

pub(super) fn seal_proxy(
    sealer: &Sealer,
    id: InstanceId,
    proxy: &ProxyConfig,
) -> Result<Vec<u8>, StoreError> {
    sealer.seal(&place::proxy(id.0), &Zeroizing::new(write_proxy(proxy)?))
}

pub(super) fn seal_token(sealer: &Sealer, id: InstanceId, token: &Secret) -> Result<Vec<u8>, StoreError> {
    sealer.seal(&place::cloud_token(id.0), token.expose().as_bytes())
}

fn write_proxy(proxy: &ProxyConfig) -> Result<Vec<u8>, StoreError> {
    let kept = KeptProxy {
        protocol: proxy.protocol.as_str().to_owned(),
        host: proxy.host.clone(),
        port: proxy.port,
        username: proxy.username.clone(),
        password: proxy.password.as_ref().map(|password| password.expose().to_owned()),
    };
    Ok(serde_json::to_vec(&kept)?)
}

/// From what was sealed.
pub(in crate::store) fn read_proxy(bytes: &[u8]) -> Result<ProxyConfig, StoreError> {
    let kept: KeptProxy = serde_json::from_slice(bytes)?;
    let unknown = |_| StoreError::Corrupt(format!("proxy protocol {}", kept.protocol));
    Ok(ProxyConfig {
        protocol: kept.protocol.parse::<ProxyProtocol>().map_err(unknown)?,
        host: kept.host,
        port: kept.port,
        username: kept.username,
        password: kept.password.map(Secret::new),
    })
}
