//! Whether WhatsApp's address answers: one TCP connection, or one word with the proxy, for all instances
//! that go the same way.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::Parts;
use crate::model::ProxyConfig;
use crate::net::Target;

/// Longer than a connection to the other side of the world takes.
const LIMIT: Duration = Duration::from_secs(4);
/// So long one answer is good for all who ask.
const FRESH: Duration = Duration::from_secs(2);
/// Ways remembered at most.
const WAYS: usize = 64;

/// What was found, by way. Who asks while somebody is finding out waits for that.
#[derive(Default)]
pub(super) struct Probes(Mutex<HashMap<Way, (Instant, bool)>>);

type Way = Option<(String, u16)>;

pub(super) async fn reachable(parts: &Parts, proxy: Option<&ProxyConfig>) -> Option<bool> {
    // To be reached, and not spoken to.
    let target = Target { tls: false, ..parts.config.server.target()? };
    let way = proxy.map(|proxy| (proxy.host.clone(), proxy.port));
    let mut known = parts.probes.0.lock().await;
    let now = parts.clock.instant();
    if let Some((at, answer)) = known.get(&way)
        && now.saturating_duration_since(*at) < FRESH
    {
        return Some(*answer);
    }
    let answer = parts.net.connect(&target, proxy, LIMIT).await.is_ok();
    if known.len() >= WAYS {
        known.clear();
    }
    known.insert(way, (parts.clock.instant(), answer));
    Some(answer)
}
