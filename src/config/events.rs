//! `[events]`: how they are named and how long they are kept.

use serde::Deserialize;

use super::{Fault, Keys, Kind, When};
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

pub(super) const KEYS: Keys = &[
    ("spelling", Kind::Text, When::Restart),
    ("keep_delivered", Kind::Number, When::Restart),
    ("keep_dead", Kind::Number, When::Restart),
    ("size", Kind::Number, When::Restart),
];

impl Default for Events {
    fn default() -> Self {
        Self { spelling: Spelling::Upper, keep_delivered: 24, keep_dead: 14, size: 64 }
    }
}

impl Events {
    pub(super) fn check(&self) -> Result<(), Fault> {
        for (key, value, most, unit) in [
            ("events.keep_delivered", self.keep_delivered, 8760, "hours"),
            ("events.keep_dead", self.keep_dead, 3650, "days"),
            ("events.size", self.size, 100_000, "megabytes"),
        ] {
            if !(1..=most).contains(&value) {
                return Err(Fault::new(key, format!("is {value}; it takes 1 to {most} {unit}")));
            }
        }
        Ok(())
    }
}
