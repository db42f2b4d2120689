//! `[qr]`: codes.

use serde::Deserialize;

use super::load::Kind;

/// `[qr]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Qr {
    /// Codes shown in a row at most, 1 to 1000.
    pub limit: u32,
}

pub(super) const KEYS: &[(&str, Kind)] = &[("limit", Kind::Number)];

impl Default for Qr {
    fn default() -> Self {
        Self { limit: 30 }
    }
}

impl Qr {
    pub(super) fn check(&self) -> Result<(), String> {
        if !(1..=1000).contains(&self.limit) {
            return Err(format!("qr.limit is {}; it takes 1 to 1000", self.limit));
        }
        Ok(())
    }
}
