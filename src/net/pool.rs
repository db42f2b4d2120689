//! Connections that wait for their next request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use tokio::time::Instant;

use super::Target;

/// Idle connections that are kept; for one more the oldest goes.
const IDLE: usize = 64;
/// How long an idle connection is trusted.
const IDLE_FOR: Duration = Duration::from_secs(50);

pub(super) type Sender = SendRequest<Full<Bytes>>;

/// Where a connection leads, and whether it was made within bounds: one that was made without must not
/// be used by what has some.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Way {
    pub(super) target: Target,
    pub(super) within: bool,
}

/// Idle connections by where they go. Requests through a proxy have connections of their own.
#[derive(Default)]
pub(super) struct Pool(Mutex<HashMap<Way, Vec<(Instant, Sender)>>>);

impl Pool {
    pub(super) fn take(&self, way: &Way) -> Option<Sender> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.get_mut(way)?;
        while let Some((since, sender)) = kept.pop() {
            if since.elapsed() < IDLE_FOR && sender.is_ready() {
                return Some(sender);
            }
        }
        None
    }

    pub(super) fn put(&self, way: Way, sender: Sender) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for kept in idle.values_mut() {
            kept.retain(|(since, sender)| since.elapsed() < IDLE_FOR && !sender.is_closed());
        }
        idle.retain(|_, kept| !kept.is_empty());
        if idle.values().map(Vec::len).sum::<usize>() >= IDLE {
            let oldest = idle.values_mut().min_by_key(|kept| kept.first().map(|(since, _)| *since));
            if let Some(kept) = oldest {
                kept.remove(0);
            }
        }
        idle.entry(way).or_default().push((Instant::now(), sender));
    }
}
