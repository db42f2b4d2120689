//! From a file, variables and flags to one table, each fault named by where it is.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize as _;
use toml::de::{DeTable, DeValue};

use super::kind::{Kind, begin};
use super::{BadConfig, Config, Fault, keys};

/// What was read so far, and where each key of it is from.
#[derive(Default)]
pub(super) struct Gathered {
    table: toml::Table,
    /// `tetherd.toml:7`, `TETHERD_QR_LIMIT`, `--listen`.
    origins: BTreeMap<String, String>,
}

impl Gathered {
    /// The file, with every fault named by line.
    pub(super) fn read(path: &Path) -> Result<Self, BadConfig> {
        let text =
            std::fs::read_to_string(path).map_err(|e| BadConfig(format!("{}: {e}", path.display())))?;
        let at = |offset: usize| {
            let line = text.get(..offset).unwrap_or(&text).matches('\n').count() + 1;
            format!("{}:{line}", path.display())
        };
        let wrong = |error: &toml::de::Error| {
            BadConfig(format!("{}: {}", at(error.span().map_or(0, |span| span.start)), error.message()))
        };
        let spanned = DeTable::parse(&text).map_err(|error| wrong(&error))?;
        // As a whole, so that an unknown key or a wrong value is told with its line.
        toml::from_str::<Config>(&text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let Some(key) = key_of_value(spanned.get_ref(), span.start) else { return wrong(&error) };
            let got = text.get(span.clone()).unwrap_or_default();
            let BadConfig(says) = match keys().find(|(known, ..)| *known == key) {
                Some((_, kind, _)) => kind.refused(&key, got, error.message()),
                None => {
                    BadConfig(format!("{key} is {got}; it takes a section, [{key}] with keys of its own"))
                }
            };
            BadConfig(format!("{}: {says}", at(span.start)))
        })?;
        let table = toml::from_str(&text).map_err(|error| wrong(&error))?;
        let mut origins = BTreeMap::new();
        for (key, value) in spanned.get_ref() {
            let name = key.get_ref();
            origins.insert(name.to_string(), at(key.span().start));
            if let DeValue::Table(section) = value.get_ref() {
                for key in section.keys() {
                    origins.insert(format!("{name}.{}", key.get_ref()), at(key.span().start));
                }
            }
        }
        Ok(Self { table, origins })
    }

    /// Lays one value over what there is.
    pub(super) fn lay(&mut self, key: &str, kind: Kind, text: &str, from: &str) -> Result<(), BadConfig> {
        let value = kind.read(text, from)?;
        let (section, name) =
            key.split_once('.').map_or((None, key), |(section, name)| (Some(section), name));
        let mut one = toml::Table::from_iter([(name.to_owned(), value.clone())]);
        if let Some(section) = section {
            one = toml::Table::from_iter([(section.to_owned(), toml::Value::Table(one))]);
        }
        Config::deserialize(one)
            .map_err(|error| kind.refused(from, &format!("{:?}", begin(text)), error.message()))?;
        let place = match section {
            None => &mut self.table,
            Some(section) => {
                let empty = || toml::Value::Table(toml::Table::new());
                let entry = self.table.entry(section).or_insert_with(empty);
                entry.as_table_mut().ok_or_else(|| BadConfig(format!("{section} must be a section")))?
            }
        };
        place.insert(name.to_owned(), value);
        self.origins.insert(key.to_owned(), from.to_owned());
        Ok(())
    }

    /// What it comes to.
    pub(super) fn finish(self) -> Result<Config, BadConfig> {
        let marks = super::marks(&self.table);
        let config =
            Config::deserialize(self.table).map_err(|error| BadConfig(error.message().to_owned()))?;
        config.check().map_err(|Fault { key, says }| {
            let from = self.origins.get(key).map_or_else(String::new, |from| format!("{from}: "));
            BadConfig(format!("{from}{key} {says}"))
        })?;
        Ok(Config { marks, ..config })
    }
}

/// The key in whose value this place of the file is.
fn key_of_value(table: &DeTable<'_>, offset: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| match value.get_ref() {
        DeValue::Table(section) => {
            let (inner, _) = section.iter().find(|(_, value)| value.span().contains(&offset))?;
            Some(format!("{}.{}", key.get_ref(), inner.get_ref()))
        }
        _ => value.span().contains(&offset).then(|| key.get_ref().to_string()),
    })
}
