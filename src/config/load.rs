//! From a file, variables and flags to one table, each fault named by where it is.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize as _;
use toml::de::{DeTable, DeValue};

use super::{BadConfig, Config, Fault};

/// How a value of the environment is written.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Number,
    /// `true` or `false`.
    Flag,
    List,
    /// Names with values: in the file only.
    Table,
}

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
        // As a whole, so that an unknown key or a wrong type is told with its line.
        toml::from_str::<Config>(&text).map_err(|error| wrong(&error))?;
        let table = toml::from_str(&text).map_err(|error| wrong(&error))?;
        let spanned = DeTable::parse(&text).map_err(|error| wrong(&error))?;
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
        let value = parse(kind, text, from)?;
        let (section, name) =
            key.split_once('.').map_or((None, key), |(section, name)| (Some(section), name));
        let mut one = toml::Table::from_iter([(name.to_owned(), value.clone())]);
        if let Some(section) = section {
            one = toml::Table::from_iter([(section.to_owned(), toml::Value::Table(one))]);
        }
        Config::deserialize(one).map_err(|error| BadConfig(format!("{from}: {}", error.message())))?;
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

fn parse(kind: Kind, text: &str, from: &str) -> Result<toml::Value, BadConfig> {
    // The text may be a secret that was put into the wrong variable.
    let shown = || text.chars().take(12).collect::<String>();
    Ok(match kind {
        Kind::Text => toml::Value::String(text.to_owned()),
        Kind::Number => {
            let number = text.parse();
            let number =
                number.map_err(|_| BadConfig(format!("{from} is {:?}; it takes a number", shown())))?;
            toml::Value::Integer(number)
        }
        Kind::Flag => match text {
            "true" | "1" => toml::Value::Boolean(true),
            "false" | "0" => toml::Value::Boolean(false),
            _ => return Err(BadConfig(format!("{from} is {:?}; it takes true or false", shown()))),
        },
        Kind::Table => return Err(BadConfig(format!("{from} can be set in the configuration file only"))),
        Kind::List => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            toml::Value::Array(items.map(|item| toml::Value::String(item.to_owned())).collect())
        }
    })
}
