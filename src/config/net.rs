//! `[net]`: the way out.

use std::path::PathBuf;

use serde::Deserialize;

use super::{Keys, Kind, When};

/// `[net]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Net {
    /// PEM files with further authorities.
    pub extra_ca: Vec<PathBuf>,
}

pub(super) const KEYS: Keys = &[("extra_ca", Kind::List, When::Restart)];
