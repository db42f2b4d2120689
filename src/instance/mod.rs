//! The domain: instances, their state machine, and the only way in. Knows no HTTP, no SQL, no engine.

mod attempt;
mod backoff;
mod command;
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

pub use handle::{ConnectError, Handle, InstanceError, Shown};
pub use lookers::Looking;
pub use port::{Change, Ledger, LedgerError, NewInstance, Record};
pub use registry::{CreateError, Parts, Registry};
pub use snapshot::{ShownCode, Snapshot};
pub use tally::Tally;
