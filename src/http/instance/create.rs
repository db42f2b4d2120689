//! `POST /instance/create`.

mod asked;
mod number_id;

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;

use super::connect::{Connected, WAIT, connect};
use super::proxy;
use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::meta;
use crate::http::reply::{Reply, json};
use crate::http::webhook::{Set, WebhookBody};
use crate::instance::Handle;
use crate::model::{Integration, PhoneNumber, Settings, Visible};

pub(crate) use number_id::{NO_TOKEN, is_number_id, is_token};

/// An instance that came to be.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Created {
    instance: CreatedInstance,
    /// The instance's token, shown this once.
    hash: String,
    webhook: CreatedWebhook,
    websocket: Empty,
    rabbitmq: Empty,
    nats: Empty,
    sqs: Empty,
    settings: Settings,
    /// What connect answers; with `qrcode: true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    qrcode: Option<Connected>,
}

/// What it is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedInstance {
    instance_name: String,
    instance_id: String,
    #[schema(value_type = String)]
    integration: Integration,
    /// Where Meta is to post; for WHATSAPP-BUSINESS with an app secret in the config, without which there is no such route.
    webhook_wa_business: Option<String>,
    /// What to type in at Meta as verify token; for WHATSAPP-BUSINESS with an app secret in the config.
    #[serde(skip_serializing_if = "Option::is_none")]
    verify_token_wa_business: Option<String>,
    /// The same, under the name that the original has for it.
    access_token_wa_business: String,
    status: Visible,
}

/// The webhook that came with it, under the original's names for this one answer; empty without one.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreatedWebhook {
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_by_events: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_base64: Option<bool>,
    /// A secret that was made just now, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// A transport that is not there, in the original's shape.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct Empty {}

/// What create takes, beside the settings. Members of the original that tetherd does not serve are accepted and ignored.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes what `asked` takes out of a body")]
pub(crate) struct CreateBody {
    /// 1 to 64 letters, digits, `.`, `_`, `-` or spaces; upper and lower case are the same.
    #[schema(min_length = 1, max_length = 64)]
    instance_name: String,
    #[schema(pattern = "^WHATSAPP-(BAILEYS|BUSINESS)$")]
    integration: String,
    /// The instance's key, 1 to 512 visible ASCII characters; made when it is left out. For WHATSAPP-BUSINESS Meta's
    /// access token, and required.
    token: Option<String>,
    /// The instance's key, for both kinds.
    instance_token: Option<String>,
    /// The telephone number to link by a pairing code; for WHATSAPP-BUSINESS the phone number id that Meta shows, and required.
    number: Option<String>,
    /// For WHATSAPP-BUSINESS: Meta's id of the account.
    business_id: Option<String>,
    /// Connect at once, and answer with what connect answers.
    qrcode: Option<bool>,
    webhook: Option<WebhookBody>,
    proxy_host: Option<String>,
    #[schema(schema_with = proxy::port_schema, required = false)]
    proxy_port: (),
    /// `http` or `socks5`.
    proxy_protocol: Option<String>,
    proxy_username: Option<String>,
    proxy_password: Option<String>,
}

/// Creates it, and with `qrcode: true` starts linking and waits as connect does.
pub(crate) async fn post(call: &mut Call, caller: &Caller) -> Result<Reply, ApiError> {
    caller.must_be_global()?;
    let mut body = call.fields().await?;
    let wanted = asked::read(&mut body, call)?;
    body.finish()?;
    let wanted = wanted.ok_or(ApiError::Internal)?;
    if let Some(proxy) = &wanted.instance.proxy {
        proxy::tried(call, wanted.instance.integration, proxy).await?;
    }
    let settings = wanted.instance.settings.clone();
    let handle = call.state.registry.create(wanted.instance).await?;
    let qrcode = if wanted.link_now { Some(link(call, &handle, wanted.number).await?) } else { None };
    let snapshot = handle.snapshot();
    let cloud = snapshot.integration == Integration::Cloud;
    let verify_token = call
        .state
        .config()
        .app_secret
        .as_ref()
        .filter(|_| cloud)
        .map(|secret| meta::verify_token(secret, &snapshot.uuid).expose().to_owned());
    let created = Created {
        instance: CreatedInstance {
            instance_name: snapshot.name.to_string(),
            instance_id: snapshot.uuid.to_string(),
            integration: snapshot.integration,
            webhook_wa_business: verify_token.as_ref().map(|_| format!("{}/webhook/meta", call.base_url())),
            access_token_wa_business: verify_token.clone().unwrap_or_default(),
            verify_token_wa_business: verify_token,
            status: snapshot.visible,
        },
        hash: wanted.token.expose().to_owned(),
        webhook: wanted.webhook.map(echo).unwrap_or_default(),
        websocket: Empty {},
        rabbitmq: Empty {},
        nats: Empty {},
        sqs: Empty {},
        settings,
        qrcode,
    };
    Ok(json(StatusCode::CREATED, &created))
}

async fn link(call: &Call, handle: &Handle, number: Option<PhoneNumber>) -> Result<Connected, ApiError> {
    connect(handle, number, Duration::from_secs(WAIT), call.state.clock.as_ref()).await
}

fn echo(set: Set) -> CreatedWebhook {
    let target = set.webhook.target;
    CreatedWebhook {
        webhook_url: Some(target.url),
        webhook_by_events: Some(target.by_events),
        webhook_base64: Some(target.base64),
        secret: set.fresh.map(|secret| secret.expose().to_owned()),
    }
}
