//! Instances.

use std::sync::atomic::AtomicU64;
use std::time::Instant;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::instance::Snapshot;
use crate::model::Visible;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Named {
    instance: String,
    integration: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Because {
    instance: String,
    state: &'static str,
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    instance: String,
}

type Count = Family<Of, Counter<u64, AtomicU64>>;

pub(super) fn all<'a>(
    registry: &mut Registry,
    snapshots: impl Iterator<Item = &'a Snapshot> + Clone,
    now: Instant,
) {
    states(registry, snapshots.clone());
    counts(registry, snapshots, now);
}

fn states<'a>(registry: &mut Registry, snapshots: impl Iterator<Item = &'a Snapshot>) {
    let by_state = Family::<InState, Gauge>::default();
    for visible in [Visible::Open, Visible::Connecting, Visible::Close] {
        by_state.get_or_create(&InState { state: visible.as_str() }).set(0);
    }
    let up = Family::<Named, Gauge>::default();
    let state = Family::<Because, Gauge>::default();
    let failed = Family::<Of, Gauge>::default();
    for s in snapshots {
        let named = Named { instance: s.name.to_string(), integration: s.integration.as_str() };
        by_state.get_or_create(&InState { state: s.visible.as_str() }).inc();
        up.get_or_create(&named).set((s.visible == Visible::Open).into());
        failed.get_or_create(&of(s)).set(s.attempt.into());
        let because = Because {
            instance: s.name.to_string(),
            state: s.visible.as_str(),
            reason: s.reason.map_or("", |reason| reason.as_str()),
        };
        state.get_or_create(&because).set(1);
    }
    registry.register("instances", "Instances by state", by_state);
    registry.register("instance_up", "Whether an instance is linked and logged in", up);
    registry.register("instance_state", "The state of an instance and why it is so", state);
    registry.register(
        "instance_attempts_in_a_row",
        "Attempts in a row that failed, the running one counted",
        failed,
    );
}

/// Since the process began.
fn counts<'a>(registry: &mut Registry, snapshots: impl Iterator<Item = &'a Snapshot>, now: Instant) {
    let [attempts, reconnects, codes, scans] = [(); 4].map(|()| Count::default());
    let open = Family::<Of, Counter<f64, AtomicU64>>::default();
    for s in snapshots {
        let (of, tally) = (of(s), s.tally);
        attempts.get_or_create(&of).inc_by(tally.attempts);
        reconnects.get_or_create(&of).inc_by(tally.reconnects);
        codes.get_or_create(&of).inc_by(tally.codes);
        scans.get_or_create(&of).inc_by(tally.scans);
        open.get_or_create(&of).inc_by(tally.open(now).as_secs_f64());
    }
    registry.register("instance_attempts", "Attempts to connect that were started", attempts);
    registry.register("instance_reconnects", "Log-ins after the first one", reconnects);
    registry.register("instance_qr_shown", "Codes that were shown", codes);
    registry.register("instance_qr_scanned", "Codes that a phone scanned", scans);
    registry.register_with_unit("instance_open", "Time that an instance was open", Unit::Seconds, open);
}

fn of(snapshot: &Snapshot) -> Of {
    Of { instance: snapshot.name.to_string() }
}
