//! The virtual phone: everything a primary device computes, and nothing that touches a socket.
//!
//! * [`Account`]: who the phone is; the only state besides [`signal`] and [`appstate`] that must outlive a restart.
//! * [`qr`], [`code`], [`adv`]: the two ways to link a device, and the signatures both end in.
//!
//! The simulated server decides when a phone acts; these functions decide what it says. Signatures, MACs and ratchets
//! are real in both directions: what a linked device sends is verified, and each way it can be wrong is an error variant.

pub mod account;
pub mod adv;
pub mod code;
mod crypto;
pub mod qr;
#[cfg(test)]
mod vectors;

pub use account::{Account, DeviceSlot, NewAccount};
pub use crypto::RawKey;
