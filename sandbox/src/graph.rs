//! A simulated Graph API of Meta's: phone numbers, their health, and everything that goes wrong with it.
//!
//! Error bodies are those that Meta documents. Served beside the control API under `/graph/`.

mod sender;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Mutex;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, LOCATION, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::told::Refused;
pub use sender::{Delivery, send};

/// An answer of any shape, also one that breaks off.
pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

/// Longer than any client waits.
const HANG: Duration = Duration::from_mins(2);
const SLOW: Duration = Duration::from_secs(3);
/// What no client should read to its end.
const HUGE: usize = 100 << 20;

/// A phone number at Meta.
#[derive(Debug, Clone, Deserialize)]
pub struct Number {
    /// Its phone number id.
    pub id: String,
    /// The business account (WABA) that it belongs to.
    #[serde(default = "waba")]
    pub waba: String,
    /// The access token that may ask for it.
    pub token: String,
    /// As Meta writes it.
    #[serde(default = "display")]
    pub display: String,
    /// The name that Meta verified.
    #[serde(default = "name")]
    pub name: String,
    /// What is the matter with it.
    #[serde(default)]
    pub condition: Condition,
}

fn waba() -> String {
    "102290129340398".into()
}

fn display() -> String {
    "+1 631-555-5555".into()
}

fn name() -> String {
    "Jasper's Market".into()
}

/// What Meta has against a number, a token, or everybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Condition {
    /// Nothing.
    #[default]
    Good,
    /// The token has expired.
    Expired,
    /// The token was revoked.
    Revoked,
    /// The token may not see this number.
    Permission,
    /// The number id does not exist.
    Unknown,
    /// The number is not registered for the Cloud API.
    Unregistered,
    /// Meta blocks it.
    Blocked,
    /// Too many requests; with the seconds of `Retry-After`.
    Limited {
        /// Seconds; none sends no header.
        retry_after: Option<u64>,
    },
    /// A fault of Meta's.
    Broken,
    /// An answer after some seconds.
    Slow,
    /// No answer.
    Hanging,
    /// An answer that breaks off.
    Cut,
    /// No JSON.
    Garbage,
    /// JSON of wrong types.
    WrongTypes,
    /// A hundred megabytes.
    Huge,
    /// To another host's name, at the same port.
    Redirect,
}

/// What there is at Meta.
#[derive(Debug, Default)]
pub struct Graph {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    numbers: HashMap<String, Number>,
    asked: u64,
    /// Requests that were redirected and came all the same, with a token.
    leaked: u64,
    subscribed: Vec<String>,
}

impl Graph {
    /// Adds a number, or replaces it.
    pub fn put(&self, number: Number) {
        self.lock().numbers.insert(number.id.clone(), number);
    }

    /// Changes what is the matter with a number.
    ///
    /// # Errors
    /// When there is none of this id.
    pub fn condition(&self, id: &str, condition: Condition) -> Result<(), Refused> {
        let mut state = self.lock();
        let number = state.numbers.get_mut(id).ok_or_else(|| Refused(format!("no number {id} at Meta")))?;
        number.condition = condition;
        Ok(())
    }

    /// Replaces a number's token: the old one is invalid from now on.
    ///
    /// # Errors
    /// When there is none of this id.
    pub fn token(&self, id: &str, token: &str) -> Result<(), Refused> {
        let mut state = self.lock();
        let number = state.numbers.get_mut(id).ok_or_else(|| Refused(format!("no number {id} at Meta")))?;
        token.clone_into(&mut number.token);
        Ok(())
    }

    /// How often it was asked, which accounts are subscribed, and tokens that went where they should not.
    #[must_use]
    pub fn shown(&self) -> Value {
        let state = self.lock();
        json!({"asked": state.asked, "subscribed": state.subscribed, "leaked": state.leaked})
    }

    /// Answers one request below `/graph`.
    pub(crate) async fn answer(&self, head: &Parts) -> Response<Body> {
        let path = head.uri.path().trim_start_matches("/graph/").to_owned();
        let token =
            head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let mut pieces = path.split('/');
        let (version, id, edge) = (pieces.next().unwrap_or_default(), pieces.next(), pieces.next());
        if version == "elsewhere" {
            self.lock().leaked += u64::from(token.is_some());
            return say(StatusCode::OK, &json!({}));
        }
        match (&head.method, version.starts_with('v'), id, edge) {
            (&Method::GET, true, Some(id), None) => self.number(id, token, head).await,
            (&Method::POST, true, Some(waba), Some("subscribed_apps")) => self.subscribe(waba, token),
            _ => fault(StatusCode::BAD_REQUEST, 2500, None, "Unknown path components"),
        }
    }

    async fn number(&self, id: &str, token: Option<&str>, head: &Parts) -> Response<Body> {
        let found = {
            let mut state = self.lock();
            state.asked += 1;
            state.numbers.get(id).cloned()
        };
        let Some(token) = token else {
            let said = "An access token is required to request this resource.";
            return fault(StatusCode::UNAUTHORIZED, 104, None, said);
        };
        let Some(number) = found else { return unknown(id) };
        if number.token != token {
            return fault(StatusCode::UNAUTHORIZED, 190, None, &format!("Malformed access token {token}"));
        }
        if number.condition == Condition::Redirect {
            return elsewhere(head);
        }
        number.answer(id, head.uri.query().unwrap_or_default()).await
    }

    fn subscribe(&self, waba: &str, token: Option<&str>) -> Response<Body> {
        let mut state = self.lock();
        let allowed = state.numbers.values().any(|n| n.waba == waba && token == Some(&n.token));
        if !allowed {
            return fault(StatusCode::FORBIDDEN, 200, None, "Permissions error");
        }
        state.subscribed.push(waba.to_owned());
        say(StatusCode::OK, &json!({"success": true}))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Number {
    async fn answer(&self, id: &str, query: &str) -> Response<Body> {
        match self.condition {
            Condition::Expired => {
                let said =
                    "Error validating access token: Session has expired on Tuesday, 24-Nov-26 03:00:00 PST.";
                fault(StatusCode::UNAUTHORIZED, 190, Some(463), said)
            }
            Condition::Revoked => {
                let said = "Error validating access token: The session has been invalidated.";
                fault(StatusCode::UNAUTHORIZED, 190, Some(467), said)
            }
            Condition::Permission => {
                let said = "(#10) Application does not have permission for this action";
                fault(StatusCode::FORBIDDEN, 10, None, said)
            }
            Condition::Unknown => unknown(id),
            Condition::Limited { retry_after } => limited(retry_after),
            Condition::Broken => {
                let said = "An unknown error has occurred.";
                fault(StatusCode::INTERNAL_SERVER_ERROR, 1, None, said)
            }
            Condition::Hanging => {
                tokio::time::sleep(HANG).await;
                say(StatusCode::OK, &self.described(query))
            }
            Condition::Slow => {
                tokio::time::sleep(SLOW).await;
                say(StatusCode::OK, &self.described(query))
            }
            Condition::Cut => cut(&self.described(query)),
            Condition::Garbage => of(StatusCode::OK, "<html>not what you asked for</html>"),
            Condition::WrongTypes => say(StatusCode::OK, &json!({"id": 7, "status": ["CONNECTED"]})),
            Condition::Huge => of(StatusCode::OK, format!("{{\"id\":\"{}\"}}", "9".repeat(HUGE))),
            Condition::Good | Condition::Unregistered | Condition::Blocked | Condition::Redirect => {
                say(StatusCode::OK, &self.described(query))
            }
        }
    }

    /// Only what was asked for, and `id`.
    fn described(&self, query: &str) -> Value {
        let (platform, status) = match self.condition {
            Condition::Unregistered => ("NOT_APPLICABLE", "PENDING"),
            _ => ("CLOUD_API", "CONNECTED"),
        };
        let blocked = self.condition == Condition::Blocked;
        let health = if blocked {
            json!({"can_send_message": "BLOCKED", "entities": [{"entity_type": "BUSINESS", "id": self.waba,
                "can_send_message": "BLOCKED", "errors": [{"error_code": 141_006,
                "error_description": "There is an error with the payment method.",
                "possible_solution": "There was an error with your payment method. Please add a new payment method to the account."}]}]})
        } else {
            json!({"can_send_message": "AVAILABLE", "entities": [{"entity_type": "PHONE_NUMBER", "id": self.id,
                "can_send_message": "AVAILABLE"}]})
        };
        let all = json!({"display_phone_number": self.display, "verified_name": self.name, "status": status,
            "quality_rating": "GREEN", "platform_type": platform, "health_status": health});
        let fields = query.split('&').find_map(|pair| pair.strip_prefix("fields=")).unwrap_or_default();
        let fields = fields.replace("%2C", ",");
        let mut described = json!({"id": self.id});
        if let (Some(described), Some(all)) = (described.as_object_mut(), all.as_object()) {
            let wanted = all.iter().filter(|(name, _)| fields.split(',').any(|field| field == *name));
            described.extend(wanted.map(|(name, value)| (name.clone(), value.clone())));
        }
        described
    }
}

fn unknown(id: &str) -> Response<Body> {
    let said = format!(
        "Unsupported get request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, \
         or does not support this operation."
    );
    fault(StatusCode::BAD_REQUEST, 100, Some(33), &said)
}

fn limited(retry_after: Option<u64>) -> Response<Body> {
    let said = "(#80007) There have been too many calls to this WhatsApp Business account.";
    let mut answer = fault(StatusCode::TOO_MANY_REQUESTS, 80007, None, said);
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    answer
}

fn fault(status: StatusCode, code: i64, subcode: Option<i64>, message: &str) -> Response<Body> {
    let mut error =
        json!({"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1b2C3d4"});
    if let (Some(subcode), Some(error)) = (subcode, error.as_object_mut()) {
        error.insert("error_subcode".into(), subcode.into());
    }
    say(status, &json!({ "error": error }))
}

fn say(status: StatusCode, value: &Value) -> Response<Body> {
    of(status, value.to_string())
}

fn of(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let mut answer = Response::new(Full::new(text.into()).boxed_unsync());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    answer
}

/// This machine has two names; whoever follows is seen at the other one.
fn elsewhere(head: &Parts) -> Response<Body> {
    let asked = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let (host, port) = asked.rsplit_once(':').unwrap_or((asked, "80"));
    let other = if host == "localhost" { "127.0.0.1" } else { "localhost" };
    let mut answer = of(StatusCode::FOUND, "");
    if let Ok(place) = HeaderValue::from_str(&format!("http://{other}:{port}/graph/elsewhere/x")) {
        answer.headers_mut().insert(LOCATION, place);
    }
    answer
}

/// Promises all of it and gives half.
fn cut(value: &Value) -> Response<Body> {
    let text = value.to_string();
    let half = Bytes::from(text.get(..text.len() / 2).unwrap_or_default().to_owned());
    let frames = futures_util::stream::iter([Ok::<_, Infallible>(Frame::data(half))]);
    let mut answer = Response::new(StreamBody::new(frames).boxed_unsync());
    answer.headers_mut().insert(CONTENT_LENGTH, text.len().into());
    answer
}
