//! `GET /metrics`: Prometheus text, made anew from what is true at each scrape.

mod outbox;

use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::host::check_host;
use crate::http::reply::{Reply, bytes};
use crate::instance::{Handle, Snapshot};
use crate::model::Visible;
use crate::store::{StoreError, Waiting};

/// What a scrape asks for and gets (`OpenMetrics` 1.0, which Prometheus reads).
const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Version {
    version: &'static str,
}

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

/// Needs the global key, unless who asks is on this box.
pub(crate) async fn get(call: &Call) -> Result<Reply, ApiError> {
    if call.client.loopback {
        // A page in a browser on this box may be anybody's.
        check_host(&call.parts.headers, &call.parts.uri, &call.state.config().hosts)?;
    } else {
        call.state.guard().admit(&call.parts.headers, &call.client)?.must_be_global()?;
    }
    let snapshots: Vec<_> = call.state.registry.all().iter().map(Handle::snapshot).collect();
    let storage = |error: StoreError| ApiError::Storage(error.to_string());
    let counts = call.state.store.delivery_counts().await.map_err(storage)?;
    let waiting = call.state.store.waiting().await.map_err(storage)?;
    let mut registry = Registry::with_prefix("tetherd");
    build(&mut registry);
    instances(&mut registry, snapshots.iter().map(AsRef::as_ref));
    outbox::events(&mut registry, call.state.store.outbox_figures());
    outbox::deliveries(&mut registry, counts, call.state.courier.attempts());
    let name = |w: &Waiting| outbox::named(w, &snapshots);
    outbox::receivers(
        &mut registry,
        waiting.iter().map(|w| (name(w), w.count, call.state.courier.circuit(w.webhook))),
    );
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|_| ApiError::Internal)?;
    Ok(bytes(StatusCode::OK, KIND, text))
}

fn build(registry: &mut Registry) {
    let family = Family::<Version, Gauge>::default();
    family.get_or_create(&Version { version: env!("CARGO_PKG_VERSION") }).set(1);
    registry.register("build_info", "Which tetherd this is", family);
}

fn instances<'a>(registry: &mut Registry, snapshots: impl Iterator<Item = &'a Snapshot>) {
    let by_state = Family::<InState, Gauge>::default();
    for visible in [Visible::Open, Visible::Connecting, Visible::Close] {
        by_state.get_or_create(&InState { state: visible.as_str() }).set(0);
    }
    let up = Family::<Named, Gauge>::default();
    let state = Family::<Because, Gauge>::default();
    let attempts = Family::<Named, Gauge>::default();
    for s in snapshots {
        let named = Named { instance: s.name.to_string(), integration: s.integration.as_str() };
        by_state.get_or_create(&InState { state: s.visible.as_str() }).inc();
        up.get_or_create(&named).set((s.visible == Visible::Open).into());
        attempts.get_or_create(&named).set(s.attempt.into());
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
        "instance_attempts",
        "Attempts in a row that failed, the running one counted",
        attempts,
    );
}
