//! What happened, and who is told: envelopes, and a courier that delivers them.

mod attempt;
mod circuit;
mod circuits;
mod courier;
mod drain;
mod envelope;
mod lanes;
mod media;
pub(crate) mod meta;
mod notes;
mod signature;
#[cfg(test)]
mod tests;
mod url;

pub use attempt::check_header;
pub use circuit::{CircuitShown, CircuitState};
pub use circuits::Attempts;
pub use courier::{Courier, CourierParts, TRIED_AT_LEAST, TestOutcome, test_event};
pub(crate) use envelope::streamed;
pub use media::{MediaSource, NoMedia};
pub use signature::check_secret;
pub use url::{BadUrl, check_url};
