//! tetherd keeps WhatsApp accounts linked from a small box at home.
//!
//! The map of the rooms, and which may use which, is in `ARCHITECTURE.md`.
#![forbid(unsafe_code)]

pub mod model;

pub mod net;

pub mod world;

pub mod store;

pub mod events;
pub mod link;

pub mod instance;

pub mod http;

pub mod config;

pub mod daemon;
mod systemd;

pub mod cli;
mod logging;
