//! The domain: instances, their state machine, and the only way in. Knows no HTTP, no SQL, no engine.

#![allow(dead_code, reason = "the supervisor that uses it lands next")]

mod backoff;
mod command;
mod handle;
mod lookers;
mod port;
pub mod qr;
mod snapshot;
mod state;

pub use handle::{ConnectError, Handle, InstanceError, Shown};
pub use lookers::Looking;
pub use port::{Change, Ledger, LedgerError, NewInstance, Record};
pub use snapshot::{ShownCode, Snapshot};
