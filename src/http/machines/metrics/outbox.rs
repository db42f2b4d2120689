//! Events and their receivers.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::events::{Attempts, CircuitShown, CircuitState};
use crate::instance::Snapshot;
use crate::store::{OutboxFigures, Waiting};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InStatus {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CameTo {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Receiver {
    instance: String,
    destination: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    instance: String,
    destination: &'static str,
    circuit: &'static str,
}

type Count = Counter<u64, AtomicU64>;

pub(super) fn events(registry: &mut Registry, figures: OutboxFigures) {
    let counter = |value| {
        let counter = Count::default();
        counter.inc_by(value);
        counter
    };
    registry.register("events_stored", "Events stored", counter(figures.stored));
    registry.register("events_lost", "Events that went before a receiver got them", counter(figures.lost));
    let bytes: Gauge = Gauge::default();
    bytes.set(figures.bytes);
    registry.register_with_unit("events_size", "What the kept events weigh", Unit::Bytes, bytes);
}

pub(super) fn deliveries(registry: &mut Registry, counts: [i64; 3], attempts: Attempts) {
    let kept = Family::<InStatus, Gauge>::default();
    for (status, count) in ["pending", "delivered", "dead"].into_iter().zip(counts) {
        kept.get_or_create(&InStatus { status }).set(count);
    }
    registry.register("webhook_deliveries", "Deliveries that are kept, by status", kept);
    let family = Family::<CameTo, Count>::default();
    for (outcome, count) in
        [("taken", attempts.taken), ("refused", attempts.refused), ("failed", attempts.failed)]
    {
        family.get_or_create(&CameTo { outcome }).inc_by(count);
    }
    registry.register("webhook_attempts", "Requests to receivers, by what came of them", family);
}

/// A receiver with something to get.
pub(super) struct Backlog {
    pub(super) receiver: Receiver,
    pub(super) count: i64,
    /// Of the oldest delivery.
    pub(super) age: Duration,
    pub(super) circuit: CircuitShown,
}

/// Receivers with something to get; the others are well, and silent.
pub(super) fn receivers(registry: &mut Registry, receivers: impl Iterator<Item = Backlog>) {
    let pending = Family::<Receiver, Gauge>::default();
    let oldest = Family::<Receiver, Gauge<f64, AtomicU64>>::default();
    let circuits = Family::<InState, Gauge>::default();
    for Backlog { receiver, count, age, circuit } in receivers {
        for state in CircuitState::ALL {
            let labels = InState {
                instance: receiver.instance.clone(),
                destination: receiver.destination,
                circuit: state.as_str(),
            };
            circuits.get_or_create(&labels).set((state == circuit.state).into());
        }
        pending.get_or_create(&receiver).inc_by(count);
        let oldest = oldest.get_or_create(&receiver);
        oldest.set(oldest.get().max(age.as_secs_f64()));
    }
    registry.register("webhook_pending", "Deliveries that wait, by receiver", pending);
    let help = "How long the oldest delivery has waited, by receiver";
    registry.register_with_unit("webhook_oldest", help, Unit::Seconds, oldest);
    registry.register(
        "webhook_circuit",
        "How the circuit of a receiver stands that waits for events",
        circuits,
    );
}

/// Whose receiver it is; an instance that is gone has none any more.
pub(super) fn named(waiting: &Waiting, snapshots: &[Arc<Snapshot>]) -> Receiver {
    match waiting.instance {
        None => Receiver { instance: String::new(), destination: "global" },
        Some(id) => {
            let snapshot = snapshots.iter().find(|s| s.id == id);
            let instance = snapshot.map(|s| s.name.to_string()).unwrap_or_default();
            Receiver { instance, destination: "instance" }
        }
    }
}
