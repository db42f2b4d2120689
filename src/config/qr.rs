//! `[qr]`: codes.

use serde::Deserialize;

use super::{Fault, Keys, Kind, When};

/// `[qr]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Qr {
    /// Codes shown in a row at most, 1 to 1000.
    pub limit: u32,
}

pub(super) const KEYS: Keys = &[("limit", Kind::Number, When::Restart)];

impl Default for Qr {
    fn default() -> Self {
        Self { limit: 30 }
    }
}

impl Qr {
    pub(super) fn check(&self) -> Result<(), Fault> {
        if !(1..=1000).contains(&self.limit) {
            return Err(Fault::new("qr.limit", format!("is {}; it takes 1 to 1000", self.limit)));
        }
        Ok(())
    }
}
