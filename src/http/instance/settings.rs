//! `/settings/set/{name}` and `/settings/find/{name}`.

use serde::Serialize;

use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::fields::Fields;
use crate::http::reply::{Reply, created, ok};
use crate::model::Settings;

/// The longest text sent back to a refused caller, in characters.
const MESSAGE: usize = 4096;

/// The settings as they are now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct SettingsSet {
    settings: SettingsOf,
}

/// Whose settings.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsOf {
    instance_name: String,
    settings: Settings,
}

/// Changes what is given and leaves the rest as it is.
pub(crate) async fn set(call: &mut Call, caller: &Caller) -> Result<Reply, ApiError> {
    let handle = call.instance(caller)?;
    let mut body = call.fields().await?;
    let settings = read(&mut body, handle.snapshot().settings.clone());
    body.finish()?;
    let kept = handle.set_settings(settings.clone()).await;
    let name = handle.snapshot().name.clone();
    kept.map_err(|error| ApiError::of_instance(error, &name))?;
    Ok(created(&SettingsSet { settings: SettingsOf { instance_name: name.to_string(), settings } }))
}

/// Tells them.
pub(crate) fn find(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    Ok(ok(&call.instance(caller)?.snapshot().settings))
}

/// The settings in a body, over those that were.
pub(super) fn read(body: &mut Fields, mut settings: Settings) -> Settings {
    let mut flag = |name: &str, setting: &mut bool| {
        if let Some(given) = body.flag(name) {
            *setting = given;
        }
    };
    flag("rejectCall", &mut settings.reject_call);
    flag("groupsIgnore", &mut settings.groups_ignore);
    flag("alwaysOnline", &mut settings.always_online);
    flag("readMessages", &mut settings.read_messages);
    flag("readStatus", &mut settings.read_status);
    flag("syncFullHistory", &mut settings.sync_full_history);
    text(body, "msgCall", &mut settings.msg_call);
    text(body, "wavoipToken", &mut settings.wavoip_token);
    settings
}

fn text(body: &mut Fields, name: &str, setting: &mut String) {
    if !body.mentions(name) {
        return;
    }
    let given = body.text(name).unwrap_or_default();
    let length = given.chars().count();
    if length > MESSAGE {
        body.fault(name, format_args!("has {length} characters; it takes at most {MESSAGE}"));
    }
    *setting = given;
}
