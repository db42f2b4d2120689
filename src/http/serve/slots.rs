//! How many connections there may be.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::http::address::Peer;

/// Counts connections, in all and per address: one neighbour cannot take all there are.
#[derive(Clone)]
pub(super) struct Slots {
    taken: Arc<Mutex<Taken>>,
    most: usize,
    most_per_address: usize,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One connection's place; free again when dropped.
pub(super) struct Slot {
    taken: Arc<Mutex<Taken>>,
    address: Option<IpAddr>,
}

impl Slots {
    pub(super) fn new(most: usize, most_per_address: usize) -> Self {
        Self { taken: Arc::default(), most, most_per_address }
    }

    /// A place for a connection from there; none when all are taken.
    pub(super) fn take(&self, peer: Peer) -> Option<Slot> {
        let address = match peer {
            Peer::Ip(address) => Some(address.to_canonical()).filter(|address| !address.is_loopback()),
            Peer::Local | Peer::Owner => None,
        };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let here = address.and_then(|address| taken.by_address.get(&address).copied()).unwrap_or(0);
        if taken.all >= self.most || here >= self.most_per_address {
            return None;
        }
        taken.all += 1;
        if let Some(address) = address {
            taken.by_address.insert(address, here + 1);
        }
        Some(Slot { taken: Arc::clone(&self.taken), address })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        let Some(address) = self.address else { return };
        match taken.by_address.get_mut(&address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                taken.by_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Slots;
    use crate::http::address::Peer;

    #[test]
    fn places_are_counted_and_given_back() {
        let slots = Slots::new(3, 2);
        let far = |n: u8| Peer::Ip([192, 0, 2, n].into());
        let first = slots.take(far(1)).unwrap();
        let _second = slots.take(far(1)).unwrap();
        assert!(slots.take(far(1)).is_none(), "no third from one address");
        let _third = slots.take(far(2)).unwrap();
        assert!(slots.take(Peer::Local).is_none(), "no fourth at all");
        drop(first);
        let _again = slots.take(far(1)).unwrap();
        assert_eq!(slots.taken.lock().unwrap().by_address.len(), 2);
    }
}
