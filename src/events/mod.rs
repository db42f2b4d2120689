//! What happened, and who is told: envelopes, and a worker that delivers them.

mod envelope;
pub(crate) mod meta;
mod signature;
mod url;
mod webhook;

pub(crate) use envelope::streamed;
pub use url::{BadUrl, check_url};
pub use webhook::{Courier, attempt_once};
