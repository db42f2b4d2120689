//! `[net]`: the way out.

use std::path::PathBuf;

use serde::Deserialize;

use super::load::Kind;

/// `[net]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Net {
    /// PEM files with further authorities.
    pub extra_ca: Vec<PathBuf>,
}

pub(super) const KEYS: &[(&str, Kind)] = &[("extra_ca", Kind::List)];
