//! A webhook in a body, over the one that was.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::events::{Courier, check_header, check_secret, check_url};
use crate::http::error::short;
use crate::http::fields::Fields;
use crate::model::{EventKind, Secret, Spelling, Webhook, WebhookTarget};

/// Secrets that are good at once: the one in use, and the one before.
const SECRETS: usize = 2;
/// What stands for a header's value when it is shown. Sent back, it changes nothing.
pub(super) const HIDDEN: &str = "…";
/// The original keeps the key of its token among the headers.
const JWT: &str = "jwt_key";

/// A webhook, as create and `set` take it; what `set` is not given stays as it is.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, clippy::struct_excessive_bools, reason = "describes what `read` takes out of a body")]
pub(crate) struct WebhookBody {
    /// `http://…` or `https://…`; needed the first time.
    url: Option<String>,
    enabled: Option<bool>,
    /// A path piece per kind of event.
    by_events: Option<bool>,
    /// The same.
    webhook_by_events: Option<bool>,
    /// Media bytes within the event.
    base64: Option<bool>,
    /// The same.
    webhook_base64: Option<bool>,
    /// Sent with each request. `jwt_key` among them is the key that signs a JWT for each request.
    #[schema(value_type = Option<HashMap<String, String>>)]
    headers: (),
    /// Kinds of events, in either spelling; none is all.
    events: Option<Vec<String>>,
    /// Signs as Standard Webhooks say: one of your own (`whsec_…`), `generate` to have one made, `none` to sign no more.
    secret: Option<String>,
    #[schema(rename = "jwt_key")]
    jwt_key: Option<String>,
    /// How events are named: `upper` or `dotted`.
    #[schema(pattern = "^(upper|dotted)?$")]
    spelling: Option<String>,
}

/// What a body sets.
pub(crate) struct Set {
    pub(crate) webhook: Webhook,
    /// A secret that was made just now.
    pub(crate) fresh: Option<Secret>,
}

/// The webhook in a body over the one that was.
pub(crate) fn read(body: &mut Fields, known: Option<Webhook>, courier: &Courier) -> Set {
    let first = known.is_none();
    let mut webhook = known.unwrap_or_else(|| Webhook::to(""));
    let target = &mut webhook.target;
    let given = body.has("url");
    if let Some(url) = body.text("url") {
        if let Err(bad) = check_url(&url) {
            body.fault("url", bad);
        } else if let Some(why) = courier.refuses(&url) {
            body.fault("url", format_args!("leads where no webhook may: {why}"));
        }
        target.url = url;
    } else if first && !given {
        body.fault("url", "is missing; it takes http://… or https://…");
    }
    if let Some(enabled) = body.flag("enabled") {
        webhook.enabled = enabled;
    }
    if let Some(by_events) = flag(body, ["byEvents", "webhookByEvents", "webhook_by_events"]) {
        target.by_events = by_events;
    }
    if let Some(base64) = flag(body, ["base64", "webhookBase64", "webhook_base64"]) {
        target.base64 = base64;
    }
    if let Some(word) = body.text("spelling") {
        match Spelling::from_word(&word) {
            Some(spelling) => target.spelling = Some(spelling),
            None => body.fault("spelling", "takes \"upper\" or \"dotted\""),
        }
    }
    headers(body, target);
    let fresh = secret(body, target);
    if body.mentions("events") {
        webhook.events = events(body);
    }
    Set { webhook, fresh }
}

/// The same by any of its names; all are taken out.
fn flag(body: &mut Fields, names: [&str; 3]) -> Option<bool> {
    names.map(|name| body.flag(name)).into_iter().flatten().next()
}

/// Headers as given, in the place of those before; `jwt_key` among them is a key, not a header.
fn headers(body: &mut Fields, target: &mut WebhookTarget) {
    if let Some(given) = body.object("headers") {
        let before = std::mem::take(&mut target.headers);
        let key = target.jwt_key.take();
        for (name, value) in given.into_members() {
            let path = format!("headers.{name}");
            let Value::String(value) = value else {
                body.fault(&path, "must be a string");
                continue;
            };
            let hidden = value == HIDDEN;
            if name == JWT {
                target.jwt_key = if hidden { key.clone() } else { Some(value).filter(|key| !key.is_empty()) };
                continue;
            }
            let value = if hidden { before.get(&name).cloned() } else { Some(value) };
            let Some(value) = value else { continue };
            match check_header(&name, &value) {
                Ok(()) => {
                    target.headers.insert(name, value);
                }
                Err(why) => body.fault(&path, why),
            }
        }
    }
    if let Some(key) = body.secret(JWT).filter(|key| key.expose() != HIDDEN) {
        target.jwt_key = Some(key.expose().to_owned());
    }
}

/// `secret`: one of the owner's, `"generate"` to have one made, `"none"` to sign no more. The one before
/// stays good beside a new one.
fn secret(body: &mut Fields, target: &mut WebhookTarget) -> Option<Secret> {
    let given = body.secret("secret")?;
    let (secret, fresh) = match given.expose() {
        "none" => {
            target.secrets.clear();
            return None;
        }
        "generate" => {
            let Ok(made) = fresh_secret() else {
                body.fault("secret", "cannot be made: this box has no randomness");
                return None;
            };
            (made.expose().to_owned(), Some(made))
        }
        own => {
            if let Err(why) = check_secret(own) {
                body.fault("secret", format_args!("{why}; \"generate\" makes one"));
            }
            (own.to_owned(), None)
        }
    };
    sign_with(target, secret);
    fresh
}

/// A secret of Standard Webhooks' form; an error where the system has no randomness.
pub(crate) fn fresh_secret() -> Result<Secret, getrandom::Error> {
    let mut bytes = [0_u8; 24];
    getrandom::fill(&mut bytes)?;
    Ok(Secret::new(format!("whsec_{}", STANDARD.encode(bytes))))
}

/// Signs with this one from now on, and with the one before.
pub(crate) fn sign_with(target: &mut WebhookTarget, secret: String) {
    target.secrets.retain(|known| *known != secret);
    target.secrets.insert(0, secret);
    target.secrets.truncate(SECRETS);
}

/// The kinds that are wanted; missing or empty is all.
fn events(body: &mut Fields) -> Option<Vec<EventKind>> {
    let names = body.texts("events").filter(|names| !names.is_empty())?;
    let mut kinds = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        match name.parse() {
            Ok(kind) if kinds.contains(&kind) => {}
            Ok(kind) => kinds.push(kind),
            Err(unknown) => {
                let name = short(name);
                body.fault(&format!("events[{at}]"), format_args!("{name:?} {unknown}"));
            }
        }
    }
    Some(kinds)
}
