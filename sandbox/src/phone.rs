//! The virtual phone: everything a primary device computes, and nothing that touches a socket.
//!
//! The simulated server decides when a phone acts; these functions decide what it says. Signatures and
//! MACs are real in both directions: what a linked device sends is verified, and each way it can be
//! wrong is an error variant.

pub mod account;
pub mod adv;
pub mod code;
mod crypto;
pub mod envelope;
pub mod qr;
pub mod signal;

pub use account::{Account, DeviceSlot, NewAccount};
pub use crypto::RawKey;
pub use signal::{Bundle, Envelope, Signal};
