//! Wrong keys per address: guessing must cost time, and cost the guesser only.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::model::Digest;

/// Wrong keys that an address may send in a row.
const BURST: u32 = 20;
/// After so long one more is allowed.
const REFILL: Duration = Duration::from_secs(3);
/// Addresses remembered at once; when full, one that never knew a key is forgotten, the longest known of them.
const REMEMBERED: usize = 1024;
/// Right keys remembered per address: behind a proxy many programs share one.
const KNOWN: usize = 16;

/// Remembers who sent wrong keys.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    table: Mutex<HashMap<Option<IpAddr>, Entry>>,
}

#[derive(Debug)]
struct Entry {
    failures: u32,
    since: Instant,
    /// Keys that were right from here, the newest last: who knows one already is not kept waiting for a
    /// neighbour's guesses.
    good: Vec<Digest>,
}

/// How a key of an address is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Met {
    /// It was right before, from there.
    Known,
    /// It may be looked at.
    New,
    /// Too many were wrong: not before so long.
    Wait(Duration),
}

impl Throttle {
    /// Whether a key of this address is looked at.
    pub(crate) fn meet(&self, address: Option<IpAddr>, key: &Digest, now: Instant) -> Met {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(entry) = table.get_mut(&site(address)) else { return Met::New };
        entry.refill(now);
        if entry.good.contains(key) {
            return Met::Known;
        }
        if entry.failures < BURST {
            return Met::New;
        }
        let wait = REFILL.saturating_sub(now.saturating_duration_since(entry.since));
        Met::Wait(wait.max(Duration::from_secs(1)))
    }

    /// A wrong key came from this address.
    pub(crate) fn failed(&self, address: Option<IpAddr>, now: Instant) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entry(&mut table, site(address), now);
        entry.refill(now);
        entry.failures = (entry.failures + 1).min(BURST);
    }

    /// A right key came from this address.
    pub(crate) fn succeeded(&self, address: Option<IpAddr>, key: Digest, now: Instant) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entry(&mut table, site(address), now);
        if entry.good.contains(&key) {
            return;
        }
        if entry.good.len() >= KNOWN {
            entry.good.remove(0);
        }
        entry.good.push(key);
    }
}

fn entry(table: &mut HashMap<Option<IpAddr>, Entry>, site: Option<IpAddr>, now: Instant) -> &mut Entry {
    if table.len() >= REMEMBERED && !table.contains_key(&site) {
        let least = table.iter().min_by_key(|(_, entry)| (!entry.good.is_empty(), entry.since));
        if let Some(least) = least.map(|(site, _)| *site) {
            table.remove(&least);
        }
    }
    table.entry(site).or_insert_with(|| Entry { failures: 0, since: now, good: Vec::new() })
}

impl Entry {
    fn refill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since);
        let refilled = u32::try_from(passed.as_millis() / REFILL.as_millis()).unwrap_or(u32::MAX);
        if self.failures == 0 || refilled >= self.failures {
            self.failures = 0;
            self.since = now;
        } else {
            self.failures -= refilled;
            self.since += REFILL * refilled;
        }
    }
}

/// Who has one address of IPv6 has the whole /64.
fn site(address: Option<IpAddr>) -> Option<IpAddr> {
    address.map(|address| match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{BURST, Met, REFILL, REMEMBERED, Throttle};
    use crate::model::Digest;
    use std::net::IpAddr;
    use std::time::Instant;

    fn exhausted(address: &str, now: Instant) -> (Throttle, Option<IpAddr>) {
        let (throttle, address) = (Throttle::default(), Some(address.parse().unwrap()));
        for _ in 0..BURST {
            assert_eq!(throttle.meet(address, &Digest::of("x"), now), Met::New);
            throttle.failed(address, now);
        }
        (throttle, address)
    }

    #[test]
    fn guesses_run_out_and_come_back() {
        let now = Instant::now();
        let (throttle, address) = exhausted("192.0.2.1", now);
        assert_eq!(throttle.meet(address, &Digest::of("x"), now), Met::Wait(REFILL));
        assert_eq!(throttle.meet(address, &Digest::of("x"), now + REFILL), Met::New);
        assert_eq!(throttle.meet(Some("192.0.2.2".parse().unwrap()), &Digest::of("x"), now), Met::New);
    }

    #[test]
    fn a_known_key_is_not_kept_waiting() {
        let now = Instant::now();
        let (throttle, address) = exhausted("192.0.2.1", now);
        throttle.succeeded(address, Digest::of("good"), now);
        assert_eq!(throttle.meet(address, &Digest::of("good"), now), Met::Known);
        assert!(matches!(throttle.meet(address, &Digest::of("guess"), now), Met::Wait(_)));
    }

    #[test]
    fn who_was_let_in_before_the_guessing_began_is_not_kept_waiting_either() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let address = Some("127.0.0.1".parse().unwrap());
        throttle.succeeded(address, Digest::of("one"), now);
        throttle.succeeded(address, Digest::of("another"), now);
        for _ in 0..BURST {
            throttle.failed(address, now);
        }
        for n in 0..u32::try_from(REMEMBERED).unwrap() {
            throttle.failed(Some(IpAddr::from((0x0a00_0000 + n).to_be_bytes())), now);
        }
        assert_eq!(throttle.meet(address, &Digest::of("one"), now), Met::Known);
        assert_eq!(throttle.meet(address, &Digest::of("another"), now), Met::Known);
        assert!(matches!(throttle.meet(address, &Digest::of("guess"), now), Met::Wait(_)));
    }

    #[test]
    fn a_v6_network_is_one_guesser() {
        let now = Instant::now();
        let (throttle, _) = exhausted("2001:db8::1", now);
        let neighbour = Some("2001:db8::2".parse().unwrap());
        assert!(matches!(throttle.meet(neighbour, &Digest::of("x"), now), Met::Wait(_)));
    }

    #[test]
    fn the_table_is_bounded() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..u32::try_from(REMEMBERED).unwrap() * 2 {
            throttle.failed(Some(IpAddr::from((0x0a00_0000 + n).to_be_bytes())), now);
        }
        assert_eq!(throttle.table.lock().unwrap().len(), REMEMBERED);
    }
}
