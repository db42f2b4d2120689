//! `POST /instance/create`.

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;

use super::connect::{Connected, WAIT, connect};
use super::proxy::{self, Names};
use super::settings;
use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::{ApiError, short};
use crate::http::fields::Fields;
use crate::http::meta;
use crate::http::reply::{Reply, json};
use crate::http::webhook::{self, Set, WebhookBody};
use crate::instance::Handle;
use crate::model::{
    Digest, InstanceName, InstanceUuid, Integration, NewInstance, PhoneNumber, ProxyConfig, Secret, Settings,
    Token, Visible, Webhook,
};

/// The members of a proxy in the body.
const PROXY: Names = Names {
    host: "proxyHost",
    port: "proxyPort",
    protocol: "proxyProtocol",
    username: "proxyUsername",
    password: "proxyPassword",
};

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
#[allow(dead_code, reason = "describes what `read` takes out of a body")]
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

/// What is asked for.
struct Wanted {
    instance: NewInstance,
    token: Secret,
    webhook: CreatedWebhook,
    link_now: bool,
    number: Option<PhoneNumber>,
}

/// Creates it, and with `qrcode: true` starts linking and waits as connect does.
pub(crate) async fn post(call: &mut Call, caller: &Caller) -> Result<Reply, ApiError> {
    caller.must_be_global()?;
    let mut body = call.fields().await?;
    let wanted = read(&mut body, call)?;
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
        webhook: wanted.webhook,
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

/// Reads the body; none when it has faults, which the body then holds.
fn read(body: &mut Fields, call: &Call) -> Result<Option<Wanted>, ApiError> {
    let name = name(body);
    let integration = integration(body);
    let settings = settings::read(body, Settings::default());
    let proxy = proxy_of(body);
    let link_now = body.flag("qrcode").unwrap_or(false);
    let webhook = webhook_of(body, call);
    let business_id = body.text("businessId");
    let number = body.text("number");
    let (token, instance_token) = (body.secret("token"), body.secret("instanceToken"));
    // As the original: said before anything else that may be wrong.
    if let Some(taken) = name.as_ref().filter(|name| call.state.registry.get(name).is_some()) {
        return Err(ApiError::NameTaken(taken.to_string()));
    }
    let (Some(name), Some(integration)) = (name, integration) else { return Ok(None) };
    let mut phone = None;
    let (key, cloud_token) = match integration {
        Integration::Web => {
            phone = number.as_deref().and_then(|text| phone_number(body, text));
            (key(body, call, "token", token.or(instance_token))?, None)
        }
        Integration::Cloud => {
            cloud_members(body, token.is_some(), number.as_deref());
            (key(body, call, "instanceToken", instance_token)?, token)
        }
    };
    let instance = NewInstance {
        uuid: InstanceUuid::generate(),
        name,
        integration,
        settings,
        proxy,
        number,
        business_id,
        token: Digest::of(key.expose()),
        cloud_token,
        webhook: webhook.as_ref().map(|set| set.webhook.clone()),
    };
    let link_now = link_now && integration == Integration::Web;
    let webhook = webhook.map(echo).unwrap_or_default();
    Ok(Some(Wanted { instance, token: key, webhook, link_now, number: phone }))
}

fn name(body: &mut Fields) -> Option<InstanceName> {
    let text = body.required("instanceName", "1 to 64 letters, digits, '.', '_', '-' or spaces")?;
    InstanceName::parse(&text).map_err(|bad| body.fault("instanceName", bad)).ok()
}

fn integration(body: &mut Fields) -> Option<Integration> {
    const TAKES: &str = "WHATSAPP-BAILEYS or WHATSAPP-BUSINESS";
    let Some(text) = body.text("integration") else {
        body.fault("integration", format_args!("is missing; it takes {TAKES} (Invalid integration)"));
        return None;
    };
    let parsed = text.parse::<Integration>();
    parsed
        .map_err(|bad| {
            let text = short(&text);
            body.fault("integration", format_args!("is {text:?}; it takes {TAKES} ({bad})"));
        })
        .ok()
}

/// A proxy when any of it is given: half a one is a fault, not silence.
fn proxy_of(body: &mut Fields) -> Option<ProxyConfig> {
    let given = [PROXY.host, PROXY.port, PROXY.protocol].iter().any(|name| body.has(name));
    let proxy = if given { proxy::read(body, &PROXY, None) } else { None };
    for name in [PROXY.host, PROXY.port, PROXY.protocol, PROXY.username] {
        body.text(name);
    }
    body.secret(PROXY.password);
    proxy
}

/// The webhook that comes with it.
fn webhook_of(body: &mut Fields, call: &Call) -> Option<Set> {
    let mut inner = body.object("webhook")?;
    // Published clients send an empty webhook for none; what else is in it must make sense all the same.
    let empty = !inner.has("url");
    let read = webhook::read(&mut inner, empty.then(|| Webhook::to("")), &call.state.courier);
    body.absorb(inner);
    (!empty).then_some(read)
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

fn phone_number(body: &mut Fields, text: &str) -> Option<PhoneNumber> {
    PhoneNumber::parse(text).map_err(|bad| body.fault("number", bad)).ok()
}

fn cloud_members(body: &mut Fields, has_token: bool, number: Option<&str>) {
    if !has_token {
        body.fault("token", "is required: Meta's access token");
    }
    match number {
        None => {
            body.fault(
                "number",
                "is required: the phone number id that Meta shows, not the telephone number",
            );
        }
        Some(text) if looks_like_a_telephone_number(text) => {
            body.fault(
                "number",
                "looks like a telephone number; it takes the phone number id that Meta shows beside it (15 to 17 digits)",
            );
        }
        Some(id) if !is_number_id(id) => {
            body.fault("number", "must be the phone number id that Meta shows: digits only");
        }
        Some(_) => {}
    }
}

/// Whether it can be a phone number id of Meta's.
pub(crate) fn is_number_id(text: &str) -> bool {
    let digits = !text.is_empty() && text.len() <= 32 && text.bytes().all(|b| b.is_ascii_digit());
    digits && !looks_like_a_telephone_number(text)
}

/// The commonest mistake with these instances. Meta's ids have no signs and are longer.
fn looks_like_a_telephone_number(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let only_signs = text.chars().all(|c| c.is_ascii_digit() || "+-() .".contains(c));
    only_signs && digits >= 7 && (digits < text.len() || (10..=13).contains(&digits))
}

/// The instance's key: the one given, which must be able to travel in a header and be nobody else's,
/// or a fresh one.
fn key(body: &mut Fields, call: &Call, name: &str, given: Option<Secret>) -> Result<Secret, ApiError> {
    let Some(given) = given else {
        return Ok(Token::generate()?);
    };
    let text = given.expose();
    if text.len() > 512 || !text.bytes().all(|b| b.is_ascii_graphic()) {
        body.fault(name, "must be 1 to 512 visible ASCII characters without spaces, to travel in a header");
    }
    let digest = Digest::of(text);
    if call.state.keys.holds(&digest) || call.state.registry.by_token(&digest).is_some() {
        body.fault(name, "is a key that is in use already; leave it out to get a fresh one");
    }
    Ok(given)
}
