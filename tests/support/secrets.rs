//! What must never be seen in a log: collected from all that a test sends and is sent.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::Value;

/// Members of answers that hold secrets. `code` is also the word of an error, which is shorter.
const TOLD: &[&str] =
    &["hash", "code", "base64", "pairingCode", "key", "secret", "token", "verifyTokenWaBusiness"];
/// Members of requests that hold secrets.
const SENT: &[&str] = &["token", "instanceToken", "secret", "jwt_key", "password", "proxyPassword", "apikey"];
/// Shorter ones may be in a log by chance.
const SHORTEST: usize = 8;

pub(super) struct Secrets(Mutex<BTreeSet<String>>);

impl Secrets {
    pub(super) fn with(known: &[&str]) -> Self {
        Self(Mutex::new(known.iter().map(|&text| text.to_owned()).collect()))
    }

    pub(super) fn add(&self, text: &str) {
        self.0.lock().unwrap().insert(text.to_owned());
    }

    pub(super) fn of_request(&self, body: &[u8]) {
        if let Ok(value) = serde_json::from_slice(body) {
            self.collect(&value, SENT);
        }
    }

    pub(super) fn of_answer(&self, value: &Value) {
        if value["error"] != true {
            self.collect(value, TOLD);
        }
    }

    fn collect(&self, value: &Value, names: &[&str]) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.collect(item, names)),
            Value::Object(members) => {
                for (name, value) in members {
                    match value.as_str() {
                        Some(text) if names.contains(&name.as_str()) && text.len() >= SHORTEST => {
                            self.add(text);
                        }
                        // A one-time address is a secret as a whole.
                        Some(text) if name == "url" && text.contains("/link/") => {
                            self.add(text.rsplit('/').next().unwrap());
                        }
                        _ => self.collect(value, names),
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn are_not_in(&self, log: &str) {
        for secret in &*self.0.lock().unwrap() {
            let line = log.lines().find(|line| line.contains(secret.as_str()));
            assert!(line.is_none(), "a secret is in the log: {line:?}");
        }
    }
}
