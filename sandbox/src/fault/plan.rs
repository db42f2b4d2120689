//! Faults in a small file.

use std::path::Path;

use serde_json::Value;

use super::Planned;
use crate::told::Refused;

/// Faults in the order in which they are set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan(pub Vec<Planned>);

/// Why a plan cannot be used: the file and the entry are named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPlan(String);

impl Plan {
    /// Reads a file: TOML when its name ends in `.toml`, otherwise JSON.
    ///
    /// # Errors
    /// When it cannot be read, or an entry is wrong.
    pub fn read(path: &Path) -> Result<Self, BadPlan> {
        let named = |why: &dyn std::fmt::Display| BadPlan(format!("the plan {}: {why}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
        let toml = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("toml"));
        let parsed = if toml { Self::from_toml(&text) } else { Self::from_json(&text) };
        parsed.map_err(|error| named(&error))
    }

    /// A list of entries, or an object with such a list as `fault`.
    ///
    /// # Errors
    /// When it is no JSON, or an entry is wrong.
    pub fn from_json(text: &str) -> Result<Self, BadPlan> {
        Self::from_value(serde_json::from_str(text).map_err(|error| BadPlan(format!("no JSON: {error}")))?)
    }

    /// Entries as `[[fault]]`.
    ///
    /// # Errors
    /// When it is no TOML, or an entry is wrong.
    pub fn from_toml(text: &str) -> Result<Self, BadPlan> {
        Self::from_value(toml::from_str(text).map_err(|error| BadPlan(format!("no TOML: {error}")))?)
    }

    pub(crate) fn from_value(value: Value) -> Result<Self, BadPlan> {
        let wrong = || BadPlan("a list of faults is wanted, or an object with the list as \"fault\"".into());
        let entries = match value {
            Value::Array(entries) => entries,
            Value::Object(mut object) => {
                if let Some(unknown) = object.keys().find(|name| *name != "fault") {
                    return Err(BadPlan(format!("unknown key {unknown:?}; a plan takes \"fault\"")));
                }
                match object.remove("fault") {
                    Some(Value::Array(entries)) => entries,
                    _ => return Err(wrong()),
                }
            }
            _ => return Err(wrong()),
        };
        let entry = |(n, value)| {
            Planned::parse(value).map_err(|Refused(why)| BadPlan(format!("entry {}: {why}", n + 1)))
        };
        entries.into_iter().enumerate().map(entry).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Plan;
    use crate::fault::{At, Fault, Planned};

    #[test]
    fn the_same_in_both_languages() {
        let toml = "[[fault]]\nkind = \"drop\"\nat = { stanza = 2, tag = \"iq\" }\n\n[[fault]]\nkind = \"stream\"\ncode = 503\n";
        let json = r#"[{"kind": "drop", "at": {"stanza": 2, "tag": "iq"}}, {"kind": "stream", "code": 503}]"#;
        let at = At { stanza: 2, tag: Some("iq".into()), ..At::default() };
        let plan = Plan(vec![Planned::from(Fault::Drop).at(at), Fault::Stream { code: 503 }.into()]);
        assert_eq!(Plan::from_toml(toml).unwrap(), plan);
        assert_eq!(Plan::from_json(json).unwrap(), plan);
    }

    #[test]
    fn errors_name_the_file_and_the_entry() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("night.json");
        let said = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Plan::read(&path).unwrap_err().to_string()
        };
        let of = |rest: &str| format!("the plan {}: {rest}", path.display());
        assert!(
            said(r#"[{"kind": "drop"}, {"kind": "dorp"}]"#)
                .starts_with(&of("entry 2: unknown variant `dorp`"))
        );
        assert!(said("[").starts_with(&of("no JSON: ")));
        assert!(said("{}").starts_with(&of("a list of faults is wanted")));
        assert!(said(r#"{"faults": []}"#).starts_with(&of("unknown key \"faults\"; a plan takes \"fault\"")));
    }
}
