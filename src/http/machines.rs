//! For programs and machines: who are you, are you well.

mod about;
pub(super) mod health;
pub(super) mod metrics;
pub(super) mod openapi;
pub(super) mod root;
pub(super) mod verify;
