//! `GET /instance/fetchInstances`: rows as the original has them.

use serde::Serialize;

use super::proxy::{ProxyShown, shown};
use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::reply::{Reply, ok};
use crate::instance::{Handle, Snapshot};
use crate::model::{AccountJid, Ended, InstanceName, Integration, Reason, Settings, Stamp, Visible};

/// One instance.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Row {
    id: String,
    name: String,
    connection_status: Visible,
    reason: Option<Reason>,
    owner_jid: Option<String>,
    profile_name: Option<String>,
    profile_pic_url: Option<String>,
    #[schema(value_type = String)]
    integration: Integration,
    number: Option<String>,
    business_id: Option<String>,
    /// Only in the row of the token that asked: no other is known, only its hash is kept.
    token: Option<String>,
    client_name: &'static str,
    disconnection_reason_code: Option<u16>,
    /// JSON in a string, as the original has it.
    disconnection_object: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    disconnection_at: Option<Stamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Stamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Stamp,
    #[serde(rename = "Proxy")]
    proxy: Option<ProxyShown>,
    #[serde(flatten)]
    absent: Absent,
    #[serde(rename = "Setting")]
    setting: SettingRow,
    #[serde(rename = "_count")]
    count: Counts,
}

/// Transports of the original that tetherd does not have: always null.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Absent {
    #[schema(value_type = Option<String>)]
    chatwoot: (),
    #[schema(value_type = Option<String>)]
    rabbitmq: (),
    #[schema(value_type = Option<String>)]
    nats: (),
    #[schema(value_type = Option<String>)]
    sqs: (),
    #[schema(value_type = Option<String>)]
    websocket: (),
}

/// The settings as a row.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingRow {
    id: String,
    #[serde(flatten)]
    settings: Settings,
    #[schema(value_type = String, format = DateTime)]
    created_at: Stamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Stamp,
    instance_id: String,
}

/// tetherd keeps no messages, contacts or chats.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Counts {
    message: u32,
    contact: u32,
    chat: u32,
}

/// All rows that the caller reaches and the filters let through.
pub(crate) fn get(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let query = call.query();
    let (id, number, name) = (query.text("instanceId")?, query.text("number")?, query.text("instanceName")?);
    match caller {
        Caller::Instance { handle, token } => {
            let snapshot = handle.snapshot();
            let other =
                name.is_some_and(|n| !is_named(&snapshot, n)) || id.is_some_and(|i| snapshot.uuid.0 != i);
            if other {
                return Err(ApiError::Unauthorized);
            }
            Ok(ok(&[row(&snapshot, token.as_ref().map(|t| t.expose().to_owned()))]))
        }
        Caller::Global => {
            let all = call.state.registry.all();
            let (wanted, found) = match (id, number, name) {
                (Some(id), _, _) => (Some(id), pick(&all, |s| s.uuid.0 == id)),
                (None, Some(number), _) => (Some(number), pick(&all, |s| has_number(s, number))),
                (None, None, Some(name)) => (Some(name), pick(&all, |s| is_named(s, name))),
                (None, None, None) => (None, pick(&all, |_| true)),
            };
            match wanted {
                Some(wanted) if found.is_empty() => {
                    Err(ApiError::NoMatch(wanted.chars().take(100).collect()))
                }
                _ => Ok(ok(&found)),
            }
        }
    }
}

fn pick(all: &[Handle], wanted: impl Fn(&Snapshot) -> bool) -> Vec<Row> {
    all.iter().map(Handle::snapshot).filter(|s| wanted(s)).map(|s| row(&s, None)).collect()
}

fn is_named(snapshot: &Snapshot, name: &str) -> bool {
    InstanceName::parse(name).is_ok_and(|name| name == snapshot.name)
}

fn has_number(snapshot: &Snapshot, number: &str) -> bool {
    snapshot.number.as_deref() == Some(number)
        || snapshot.profile().and_then(|p| p.jid.as_ref()).is_some_and(|jid| jid.user() == number)
}

fn row(s: &Snapshot, token: Option<String>) -> Row {
    let profile = s.profile();
    let ended = s.truth.ended();
    Row {
        id: s.uuid.to_string(),
        name: s.name.to_string(),
        connection_status: s.visible,
        reason: s.reason,
        owner_jid: profile.and_then(|p| p.jid.as_ref()).map(|jid| AccountJid::as_str(jid).to_owned()),
        profile_name: profile.and_then(|p| p.name.clone()),
        profile_pic_url: profile.and_then(|p| p.picture_url.clone()),
        integration: s.integration,
        number: s.number.clone(),
        business_id: s.business_id.clone(),
        token,
        client_name: "tetherd",
        disconnection_reason_code: ended.map(|e| e.reason.status()),
        disconnection_object: ended.map(disconnection),
        disconnection_at: ended.map(|e| e.at),
        created_at: s.created,
        updated_at: s.updated,
        proxy: s.proxy.as_ref().map(shown),
        absent: Absent::default(),
        setting: SettingRow {
            id: s.uuid.to_string(),
            settings: s.settings.clone(),
            created_at: s.created,
            updated_at: s.updated,
            instance_id: s.uuid.to_string(),
        },
        count: Counts::default(),
    }
}

/// In the original's nesting, where its clients look for the status code.
fn disconnection(ended: &Ended) -> String {
    let (code, reason) = (ended.reason.status(), ended.reason.as_str());
    let message = ended.detail.message.as_deref().unwrap_or(reason);
    let payload = serde_json::json!({"statusCode": code, "error": reason, "message": message});
    let error = serde_json::json!({"output": {"statusCode": code, "payload": payload}});
    serde_json::json!({"error": error, "date": ended.at}).to_string()
}
