//! What receivers of an instance will never get, and the event that tells of it.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::StoreError;
use super::due::Appended;
use super::outbox::{self, Append};
use super::seal::Sealer;
use crate::model::{EventKind, InstanceId, NewEvent, Stamp};

/// Events of one instance that went.
#[derive(Default)]
pub(super) struct Loss {
    count: u64,
    first: Option<i64>,
    last: Option<i64>,
}

impl Loss {
    /// The event with this sequence went. With it went `told`, when it told of a loss itself.
    pub(super) fn add(&mut self, seq: i64, told: Option<&Value>) {
        let told = |name: &str| told.and_then(|told| told.get(name));
        self.count += 1 + told("lost").and_then(Value::as_u64).unwrap_or_default();
        let earlier = told("firstSeq").and_then(Value::as_i64);
        let first = earlier.into_iter().chain(self.first).fold(seq, i64::min);
        (self.first, self.last) = (Some(first), self.last.max(Some(seq)));
    }
}

/// An event about the events that are no more, for each instance that is still there.
pub(super) fn tell(
    connection: &Connection,
    sealer: &Sealer,
    lost: BTreeMap<i64, Loss>,
    why: &str,
    now: Stamp,
) -> Result<Appended, StoreError> {
    let mut added = Appended::default();
    for (instance, Loss { count, first, last }) in lost {
        let whose = match Append::lookup(connection, InstanceId(instance), now) {
            Ok(whose) => whose,
            Err(StoreError::Missing(_)) => continue,
            Err(error) => return Err(error),
        };
        let data = json!({"lost": count, "firstSeq": first, "lastSeq": last, "why": why});
        let event = NewEvent::new(EventKind::EventsLost, data);
        added = added.and(outbox::append(connection, sealer, &whose, &[event])?);
    }
    Ok(added)
}
