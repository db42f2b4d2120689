//! What the body of create asks for.

use super::number_id;
use crate::http::call::Call;
use crate::http::error::{ApiError, short};
use crate::http::fields::Fields;
use crate::http::instance::proxy::{self, Names};
use crate::http::instance::settings;
use crate::http::webhook::{self, Set};
use crate::model::{
    Digest, InstanceName, InstanceUuid, Integration, NewInstance, PhoneNumber, ProxyConfig, Secret, Settings,
    Token, Webhook,
};

/// The members of a proxy in the body.
const PROXY: Names = Names {
    host: "proxyHost",
    port: "proxyPort",
    protocol: "proxyProtocol",
    username: "proxyUsername",
    password: "proxyPassword",
};

/// What is asked for.
pub(super) struct Wanted {
    pub(super) instance: NewInstance,
    pub(super) token: Secret,
    pub(super) webhook: Option<Set>,
    pub(super) link_now: bool,
    pub(super) number: Option<PhoneNumber>,
}

/// Reads the body; none when it has faults, which the body then holds.
pub(super) fn read(body: &mut Fields, call: &Call) -> Result<Option<Wanted>, ApiError> {
    let name = name(body);
    let integration = integration(body);
    let settings = settings::read(body, Settings::default());
    let proxy = proxy_of(body);
    let link_now = body.flag("qrcode").unwrap_or(false);
    let webhook = webhook_of(body, call);
    let business_id = body.text("businessId");
    let number_given = body.has("number");
    let number = body.text("number");
    let token_given = body.has("token");
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
            number_id::demand(body, token_given, number_given, number.as_deref());
            if business_id.as_deref().is_some_and(|id| !number_id::is_id(id)) {
                body.fault("businessId", "must be the id of the WhatsApp business account that Meta shows: digits only, 32 at most");
            }
            if token.as_ref().is_some_and(|token| !number_id::is_token(token.expose())) {
                body.fault("token", number_id::NO_TOKEN);
            }
            if token.is_some() && token == instance_token {
                body.fault(
                    "instanceToken",
                    "is Meta's access token, which opens more than this instance; choose another, or none",
                );
            }
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
    Ok(Some(Wanted { instance, token: key, webhook, link_now, number: phone }))
}

fn name(body: &mut Fields) -> Option<InstanceName> {
    let text = body.required("instanceName", "1 to 64 letters, digits, '.', '_', '-' or spaces")?;
    InstanceName::parse(&text).map_err(|bad| body.fault("instanceName", bad)).ok()
}

fn integration(body: &mut Fields) -> Option<Integration> {
    const TAKES: &str = "WHATSAPP-BAILEYS or WHATSAPP-BUSINESS";
    let text = body.required("integration", &format!("{TAKES} (Invalid integration)"))?;
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

fn phone_number(body: &mut Fields, text: &str) -> Option<PhoneNumber> {
    PhoneNumber::parse(text).map_err(|bad| body.fault("number", bad)).ok()
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
