//! A simulated WhatsApp: the server, virtual phones, scripted faults.
#![forbid(unsafe_code)]

pub mod phone;
