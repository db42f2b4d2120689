//! The domain: instances, their state machine, and the only way in. Knows no HTTP, no SQL, no engine.

mod attempt;
mod backoff;
mod command;
mod error;
mod handle;
mod ledger;
mod lookers;
mod media;
mod port;
pub mod qr;
mod registry;
mod snapshot;
mod state;
mod supervisor;
mod tally;
mod tell;
#[cfg(test)]
mod tests;

pub use error::InstanceError;
pub use handle::{Handle, Shown};
pub use lookers::Looking;
pub use port::{Ledger, LedgerError};
pub use registry::{CreateError, Parts, Registry};
pub use snapshot::{ShownCode, Snapshot};
pub use tally::Tally;
