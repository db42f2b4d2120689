//! What all supervisors share.

use std::sync::Arc;

use tokio::sync::{Notify, Semaphore};

use crate::instance::port::Ledger;
use crate::link::{LinkFactory, LinkOptions};
use crate::model::{Clock, InstanceRecord, ProxyConfig};

/// Handed to each when it starts.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) links: Arc<dyn LinkFactory>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Bounds the attempts that are dialling.
    pub(crate) dialling: Arc<Semaphore>,
    /// From 0 to 1.
    pub(crate) chance: fn() -> f64,
    /// Codes in a row at most (`qr.limit`).
    pub(crate) code_limit: u32,
    /// For instances without one of their own.
    pub(crate) proxy: Option<ProxyConfig>,
    /// Told of whatever readers see anew.
    pub(crate) news: Arc<Notify>,
}

impl Shared {
    /// What an instance's link goes by.
    pub(super) fn options(&self, record: &InstanceRecord) -> LinkOptions {
        let proxy = record.proxy.clone().or_else(|| self.proxy.clone());
        LinkOptions { settings: record.settings.clone(), proxy }
    }
}
