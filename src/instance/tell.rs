//! The `data` of the events that an instance tells of itself (`evolution-2.3.md` §3.1, §3.4, §4.3).

use serde_json::{Value, json};

use super::snapshot::{ShownCode, Snapshot};
use crate::model::{
    AccountJid, Ended, EventKind, InstanceName, InstanceUuid, NewEvent, Reason, Stamp, Visible,
};

/// State or reason changed.
pub(crate) fn connection_update(s: &Snapshot) -> NewEvent {
    let profile = s.profile().filter(|_| s.visible == Visible::Open);
    let mut data = json!({
        "instance": s.name.as_str(),
        "state": s.visible.as_str(),
        "statusReason": s.status().unwrap_or(200),
        "reason": s.reason.map(Reason::as_str),
        "since": s.since,
    });
    if let (Some(profile), Some(map)) = (profile, data.as_object_mut()) {
        map.insert("wuid".into(), json!(profile.jid.as_ref().map(AccountJid::as_str)));
        map.insert("profileName".into(), json!(profile.name));
        map.insert("profilePictureUrl".into(), json!(profile.picture_url));
    }
    if let (Some(next), Some(map)) = (s.next_retry, data.as_object_mut()) {
        map.insert("nextRetryAt".into(), json!(next.shown));
    }
    if let (Some(message), Some(map)) = (&s.detail.message, data.as_object_mut()) {
        map.insert("message".into(), json!(message));
    }
    NewEvent::new(EventKind::ConnectionUpdate, data)
}

/// A code can be scanned.
pub(crate) fn qrcode_updated(s: &Snapshot, code: &ShownCode) -> NewEvent {
    let data = json!({"qrcode": {
        "instance": s.name.as_str(),
        "pairingCode": s.pairing.as_ref().map(|p| p.text.expose()),
        "code": code.text.expose(),
        "base64": code.picture.data_url(),
        "count": code.count,
        "expiresAt": code.expires.shown,
    }});
    NewEvent::new(EventKind::QrcodeUpdated, data)
}

/// Codes were shown and nobody scanned one.
pub(crate) fn qrcode_limit() -> NewEvent {
    let data = json!({"message": "QR code limit reached, please login again", "statusCode": 500});
    NewEvent::new(EventKind::QrcodeUpdated, data)
}

/// The account is no longer linked.
pub(crate) fn status_instance(name: &InstanceName, ended: &Ended) -> NewEvent {
    let object = json!({"reason": ended.reason.as_str(), "message": ended.detail.message});
    let data = json!({
        "instance": name.as_str(),
        "status": "closed",
        "disconnectionAt": ended.at,
        "disconnectionReasonCode": ended.reason.status(),
        "disconnectionObject": object.to_string(),
    });
    NewEvent::new(EventKind::StatusInstance, data)
}

/// The process began.
pub(crate) fn started(name: &InstanceName, at: Stamp) -> NewEvent {
    let data = json!({"instance": name.as_str(), "version": env!("CARGO_PKG_VERSION"), "startedAt": at});
    NewEvent::new(EventKind::ApplicationStartup, data)
}

/// An instance came to be.
pub(crate) fn created(name: &InstanceName, uuid: &InstanceUuid) -> NewEvent {
    NewEvent::new(EventKind::InstanceCreate, json!({"instanceName": name.as_str(), "instanceId": uuid}))
}

/// An instance is no more.
pub(crate) fn deleted(name: &InstanceName, uuid: &InstanceUuid) -> Vec<NewEvent> {
    let data = json!({"instanceName": name.as_str(), "instanceId": uuid});
    vec![
        NewEvent::new(EventKind::RemoveInstance, Value::Null),
        NewEvent::new(EventKind::InstanceDelete, data),
    ]
}

/// Its credentials are forgotten.
pub(crate) fn logged_out() -> NewEvent {
    NewEvent::new(EventKind::LogoutInstance, Value::Null)
}
