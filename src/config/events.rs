//! `[events]`: how they are named and how long they are kept.

use serde::Deserialize;

use super::load::Kind;
use crate::model::Spelling;

/// `[events]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Events {
    /// How events are named where a webhook does not say: `upper` or `dotted`.
    pub spelling: Spelling,
    /// Hours that an event is kept after everybody has it, 1 to 8760.
    pub keep_delivered: u32,
    /// Days that an event is kept after it was given up, 1 to 3650.
    pub keep_dead: u32,
    /// Megabytes that all events may take, 1 to 100000.
    pub size: u32,
}

pub(super) const KEYS: &[(&str, Kind)] = &[
    ("spelling", Kind::Text),
    ("keep_delivered", Kind::Number),
    ("keep_dead", Kind::Number),
    ("size", Kind::Number),
];

impl Default for Events {
    fn default() -> Self {
        Self { spelling: Spelling::Upper, keep_delivered: 24, keep_dead: 14, size: 64 }
    }
}

impl Events {
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, value, most, unit) in [
            ("keep_delivered", self.keep_delivered, 8760, "hours"),
            ("keep_dead", self.keep_dead, 3650, "days"),
            ("size", self.size, 100_000, "megabytes"),
        ] {
            if !(1..=most).contains(&value) {
                return Err(format!("events.{name} is {value}; it takes 1 to {most} {unit}"));
            }
        }
        Ok(())
    }
}
