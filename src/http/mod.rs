//! The HTTP API (contract `http-api.md`): authenticates, parses once into types that cannot be wrong,
//! asks the registry, and renders the answer. Nothing here waits for a link or the disk to tell a state.

mod address;
mod auth;
mod body;
mod call;
mod certificate;
mod cors;
mod demo_phone;
mod error;
mod fields;
mod host;
mod instance;
mod machines;
mod meta;
mod owner;
mod page;
mod query;
mod reply;
mod requests;
mod router;
mod routes;
mod serve;
mod sse;
mod state;
mod stream;
mod throttle;
mod webhook;

pub use auth::KeyRing;
pub use certificate::{Certificate, CertificateError, CertificateFiles};
pub use demo_phone::DemoPhone;
pub use serve::{Limits, Listener, Socket, serve};
pub use state::{HttpConfig, State};
