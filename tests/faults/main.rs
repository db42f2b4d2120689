//! Every fault that the sandbox knows, met by tetherd: what it says of it, and that it comes back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "../support/here.rs"]
mod here;
mod hurry;
mod scene;

mod ends;
mod frames;
mod handshake;
mod lines;
mod login;
mod plans;
mod stalls;
mod stanzas;
mod tls;
mod upgrade;
