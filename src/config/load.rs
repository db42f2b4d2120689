//! From a file, variables and flags to one table, each fault named by where it is.

use std::path::Path;

use serde::Deserialize as _;

use super::{BadConfig, Config};

/// How a value of the environment is written.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Number,
    /// `true` or `false`.
    Flag,
    List,
}

/// The file with every fault named by line.
pub(super) fn read(path: &Path) -> Result<toml::Table, BadConfig> {
    let text = std::fs::read_to_string(path).map_err(|e| BadConfig(format!("{}: {e}", path.display())))?;
    let at = |error: &toml::de::Error| {
        let line =
            error.span().map_or(1, |span| text.get(..span.start).unwrap_or(&text).matches('\n').count() + 1);
        BadConfig(format!("{}:{line}: {}", path.display(), error.message()))
    };
    // As a whole, so that an unknown key or a wrong type is told with its line.
    toml::from_str::<Config>(&text).map_err(|error| at(&error))?;
    toml::from_str(&text).map_err(|error| at(&error))
}

pub(super) fn lay(
    table: &mut toml::Table,
    key: &str,
    kind: Kind,
    text: &str,
    from: &str,
) -> Result<(), BadConfig> {
    let value = match kind {
        Kind::Text => toml::Value::String(text.to_owned()),
        Kind::Number => {
            let number =
                text.parse().map_err(|_| BadConfig(format!("{from} is {text:?}; it takes a number")))?;
            toml::Value::Integer(number)
        }
        Kind::Flag => match text {
            "true" | "1" => toml::Value::Boolean(true),
            "false" | "0" => toml::Value::Boolean(false),
            _ => return Err(BadConfig(format!("{from} is {text:?}; it takes true or false"))),
        },
        Kind::List => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            toml::Value::Array(items.map(|item| toml::Value::String(item.to_owned())).collect())
        }
    };
    let (section, name) = key.split_once('.').map_or((None, key), |(section, name)| (Some(section), name));
    let one = match section {
        None => toml::Table::from_iter([(name.to_owned(), value.clone())]),
        Some(section) => {
            let inner = toml::Table::from_iter([(name.to_owned(), value.clone())]);
            toml::Table::from_iter([(section.to_owned(), toml::Value::Table(inner))])
        }
    };
    Config::deserialize(one).map_err(|error| BadConfig(format!("{from}: {}", error.message())))?;
    let place = match section {
        None => table,
        Some(section) => {
            let entry = table.entry(section).or_insert_with(|| toml::Value::Table(toml::Table::new()));
            entry.as_table_mut().ok_or_else(|| BadConfig(format!("{section} must be a section")))?
        }
    };
    place.insert(name.to_owned(), value);
    Ok(())
}
