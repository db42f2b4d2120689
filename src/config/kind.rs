//! What a key takes: how the environment writes it, and what is said of a value that is something else.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer};

use super::BadConfig;

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// A text that is not shown, whatever is wrong with it.
    Secret,
    Number,
    Flag,
    /// An address to listen on.
    Address,
    List,
    /// A list of networks.
    Networks,
    /// Names with values: in the file only.
    Table,
}

impl Kind {
    /// A value as the environment or a flag has it.
    pub(super) fn read(self, text: &str, from: &str) -> Result<toml::Value, BadConfig> {
        let other = || BadConfig(format!("{from} is {:?}; it takes {}", begin(text), self.takes()));
        Ok(match self {
            Self::Text | Self::Secret | Self::Address => toml::Value::String(text.to_owned()),
            Self::Number => {
                let number = text.parse();
                toml::Value::Integer(number.map_err(|_| other())?)
            }
            Self::Flag => match text {
                "true" | "1" => toml::Value::Boolean(true),
                "false" | "0" => toml::Value::Boolean(false),
                _ => return Err(other()),
            },
            Self::Table => {
                return Err(BadConfig(format!("{from} can be set in the configuration file only")));
            }
            Self::List | Self::Networks => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                toml::Value::Array(items.map(|item| toml::Value::String(item.to_owned())).collect())
            }
        })
    }

    /// What is said of a value that was refused: what it is, and what is taken. `got` is the value as it was written,
    /// `why` the reader's reason.
    pub(super) fn refused(self, name: &str, got: &str, why: &str) -> BadConfig {
        const OF_THE_READER: [&str; 4] =
            ["invalid type", "invalid value", "invalid socket address", "invalid IP address"];
        let takes = match why.strip_prefix("unknown variant").and_then(|rest| rest.split_once("expected ")) {
            Some((_, variants)) => variants.replace('`', "\""),
            None if OF_THE_READER.iter().any(|begin| why.starts_with(begin)) => self.takes().to_owned(),
            // Our own words, which say what is taken.
            None => return BadConfig(format!("{name}: {why}")),
        };
        if self == Self::Secret {
            return BadConfig(format!("{name} is something else than it takes, which is {takes}"));
        }
        let (shown, more) = match got.char_indices().nth(60) {
            Some((end, _)) => (got.get(..end).unwrap_or_default(), "…"),
            None => (got, ""),
        };
        BadConfig(format!("{name} is {shown}{more}; it takes {takes}"))
    }

    fn takes(self) -> &'static str {
        match self {
            Self::Text | Self::Secret => "a text in quotation marks",
            Self::Number => "a whole number that is not negative",
            Self::Flag => "true or false",
            Self::Address => "an address with a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"",
            Self::List => "a list of texts, such as [\"one\", \"another\"]",
            Self::Networks => "a list of networks, such as [\"192.168.0.0/16\"]",
            Self::Table => "names with texts, such as { X-Token = \"…\" }",
        }
    }
}

/// A network; a single address is one too.
struct Network(IpNet);

impl<'de> Deserialize<'de> for Network {
    /// By a visitor: the fault is then told of this item, not of the list.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(OfText).map(Self)
    }
}

struct OfText;

impl Visitor<'_> for OfText {
    type Value = IpNet;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a network")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<IpNet, E> {
        let one = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse().or_else(|_| one()).map_err(|_| E::custom("invalid IP address syntax"))
    }
}

/// A list of networks.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    Ok(Vec::<Network>::deserialize(deserializer)?.into_iter().map(|Network(network)| network).collect())
}

/// As much of a value as is shown: it may be a secret that was put into the wrong variable.
pub(super) fn begin(text: &str) -> String {
    const SHOWN: usize = 12;
    let begin: String = text.chars().take(SHOWN).collect();
    if begin.len() < text.len() { begin + "…" } else { begin }
}
