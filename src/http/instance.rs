//! One file per resource of instances.

pub(super) mod connect;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod fetch;
pub(super) mod invite;
pub(super) mod logout;
pub(super) mod presence;
pub(super) mod proxy;
pub(super) mod qrcode;
pub(super) mod restart;
pub(super) mod settings;
pub(super) mod state;
pub(super) mod token;
