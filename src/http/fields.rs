//! Reading members of a body into types, gathering every fault on the way.

use std::collections::HashSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::{Map, Value};

use super::body::kind;
use super::error::ApiError;
use crate::model::Secret;

/// Names warned about at most: a caller must not fill the log or the memory with names.
const WARNED: usize = 256;

/// A body's members, taken out one by one. What is left at the end was not understood.
pub(crate) struct Fields {
    path: String,
    members: Map<String, Value>,
    faults: Vec<String>,
}

impl Fields {
    /// Of a whole body.
    pub(crate) fn new(members: Map<String, Value>) -> Self {
        Self { path: String::new(), members, faults: Vec::new() }
    }

    /// Whether a member is there and says something: `null` and `""` say nothing.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|v| !v.is_null() && v.as_str() != Some(""))
    }

    /// Whether a member is there, whatever it says.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Whether anything was wrong so far.
    pub(crate) fn has_faults(&self) -> bool {
        !self.faults.is_empty()
    }

    /// One more fault, of a member of this object.
    pub(crate) fn fault(&mut self, name: &str, what: impl std::fmt::Display) {
        self.faults.push(format!("{}{name} {what}", self.path));
    }

    /// A string; absent, `null` and `""` are none.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        match self.members.remove(name)? {
            Value::Null => None,
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(text),
            other => {
                self.fault(name, format_args!("must be a string, got {}", shown(&other)));
                None
            }
        }
    }

    /// A string that must be there.
    pub(crate) fn required(&mut self, name: &str, takes: &str) -> Option<String> {
        let missing = !self.has(name);
        if missing {
            self.members.remove(name);
            self.fault(name, format_args!("is missing; it takes {takes}"));
            return None;
        }
        self.text(name)
    }

    /// A string that must not be seen, so its value is in no fault.
    pub(crate) fn secret(&mut self, name: &str) -> Option<Secret> {
        match self.members.remove(name)? {
            Value::Null => None,
            Value::String(text) if text.is_empty() => None,
            Value::String(text) => Some(Secret::new(text)),
            other => {
                self.fault(name, format_args!("must be a string, got {}", kind(&other)));
                None
            }
        }
    }

    /// A boolean; absent and `null` are none, `""` is false (published clients send it).
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        match self.members.remove(name)? {
            Value::Null => None,
            Value::Bool(flag) => Some(flag),
            Value::String(text) if text.is_empty() => Some(false),
            other => {
                self.fault(name, format_args!("must be true or false, got {}", shown(&other)));
                None
            }
        }
    }

    /// A port, as a number or as text.
    pub(crate) fn port(&mut self, name: &str) -> Option<u16> {
        let value = self.members.remove(name)?;
        let port = match &value {
            Value::Null => return None,
            Value::String(text) if text.is_empty() => return None,
            Value::String(text) => text.trim().parse::<u16>().ok(),
            Value::Number(number) => number.as_u64().and_then(|n| u16::try_from(n).ok()),
            _ => None,
        };
        let port = port.filter(|port| *port != 0);
        if port.is_none() {
            self.fault(name, format_args!("must be a port from 1 to 65535, got {}", shown(&value)));
        }
        port
    }

    /// A whole number within bounds.
    pub(crate) fn number(&mut self, name: &str, least: u64, most: u64) -> Option<u64> {
        let value = self.members.remove(name)?;
        if value.is_null() {
            return None;
        }
        let number = value.as_u64().filter(|n| (least..=most).contains(n));
        if number.is_none() {
            self.fault(name, format_args!("must be a number from {least} to {most}, got {}", shown(&value)));
        }
        number
    }

    /// A list of strings; absent and `null` are none.
    pub(crate) fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let items = match self.members.remove(name)? {
            Value::Null => return None,
            Value::String(text) if text.is_empty() => return None,
            Value::Array(items) => items,
            other => {
                self.fault(name, format_args!("must be an array of strings, got {}", shown(&other)));
                return None;
            }
        };
        let mut texts = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text),
                other => self
                    .fault(&format!("{name}[{at}]"), format_args!("must be a string, got {}", shown(&other))),
            }
        }
        Some(texts)
    }

    /// An object of members of its own; absent, `null` and `""` are none.
    pub(crate) fn object(&mut self, name: &str) -> Option<Self> {
        match self.members.remove(name)? {
            Value::Null => None,
            Value::String(text) if text.is_empty() => None,
            Value::Object(members) => {
                Some(Self { path: format!("{}{name}.", self.path), members, faults: Vec::new() })
            }
            other => {
                self.fault(name, format_args!("must be an object, got {}", shown(&other)));
                None
            }
        }
    }

    /// The members themselves, of an object whose names are the caller's own.
    pub(crate) fn into_members(self) -> Map<String, Value> {
        self.members
    }

    /// Takes the faults of an inner object over, and warns of what it did not understand.
    pub(crate) fn absorb(&mut self, inner: Self) {
        warn_of_rest(&inner);
        self.faults.extend(inner.faults);
    }

    /// All faults at once, or that there are none.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        warn_of_rest(&self);
        if self.faults.is_empty() { Ok(()) } else { Err(ApiError::Invalid(self.faults)) }
    }
}

/// A value as a person may see it in a fault: what it is, and how it begins.
fn shown(value: &Value) -> String {
    const LENGTH: usize = 40;
    let text = value.to_string();
    match text.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{} ({}…)", kind(value), text.get(..end).unwrap_or_default()),
        None => format!("{} ({text})", kind(value)),
    }
}

/// Members of the original that tetherd does not serve; they are no news.
const IGNORED: &[&str] = &[
    "chatwoot",
    "rabbitmq",
    "sqs",
    "nats",
    "websocket",
    "kafka",
    "pusher",
    "typebot",
    "status",
    "ownerJid",
    "profileName",
    "profilePicUrl",
    "webhookUrl",
    "webhookEvents",
    "webhookByEvents",
    "webhookBase64",
    "instanceId",
    "Integration",
    "msgBufferTimeout",
];

fn warn_of_rest(fields: &Fields) {
    static WARNED_OF: OnceLock<Mutex<HashSet<String>>> = OnceLock::new();
    for name in fields.members.keys() {
        if IGNORED.iter().any(|known| *known == name || (name.starts_with(known) && fields.path.is_empty())) {
            continue;
        }
        let name: String = format!("{}{name}", fields.path).chars().take(80).collect();
        let mut warned = WARNED_OF.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        if warned.len() < WARNED && warned.insert(name.clone()) {
            tracing::warn!(field = name, "a request has a field that tetherd does not know; it is ignored");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::Fields;
    use crate::http::error::ApiError;
    use serde_json::{Value, json};

    fn fields(value: Value) -> Fields {
        let Value::Object(members) = value else { panic!("an object, please") };
        Fields::new(members)
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let mut body = fields(json!({"a": 5, "b": "yes", "p": 70000, "w": {"e": ["X", 1]}, "s": 123_456}));
        body.required("instanceName", "a name");
        body.text("a");
        body.flag("b");
        body.port("p");
        body.secret("s");
        let mut inner = body.object("w").unwrap();
        inner.texts("e");
        body.absorb(inner);
        let Err(ApiError::Invalid(faults)) = body.finish() else { panic!("faults expected") };
        assert_eq!(
            faults,
            [
                "instanceName is missing; it takes a name",
                "a must be a string, got a number (5)",
                "b must be true or false, got a string (\"yes\")",
                "p must be a port from 1 to 65535, got a number (70000)",
                "s must be a string, got a number",
                "w.e[1] must be a string, got a number (1)",
            ]
        );
    }

    #[test]
    fn published_clients_are_understood() {
        let mut body = fields(json!({"e": "", "p": "1080", "q": "", "n": null, "o": ""}));
        assert_eq!(body.flag("e"), Some(false));
        assert_eq!(body.port("p"), Some(1080));
        assert_eq!(body.port("q"), None);
        assert_eq!(body.text("n"), None);
        assert!(body.object("o").is_none());
        assert!(body.finish().is_ok());
    }

    #[test]
    fn long_values_are_cut() {
        let mut body = fields(json!({"a": ["x".repeat(1000)]}));
        body.text("a");
        let Err(ApiError::Invalid(faults)) = body.finish() else { panic!("faults expected") };
        assert!(faults.iter().all(|fault| fault.len() < 120));
    }
}
