//! tetherd keeps WhatsApp accounts linked from a small box at home.
//!
//! The map of the rooms, and which may use which, is in `ARCHITECTURE.md`.
#![forbid(unsafe_code)]

pub mod model;

pub mod instance;
pub mod link;
