//! `GET /metrics`: Prometheus text, made anew from what is true at each scrape.

mod instances;
mod outbox;
mod process;

use http::StatusCode;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::host::check_host;
use crate::http::reply::{Reply, bytes};
use crate::instance::Handle;
use crate::store::{Waiting, WriteFigures};

/// What a scrape asks for and gets (`OpenMetrics` 1.0, which Prometheus reads).
const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Version {
    version: &'static str,
}

/// Needs the global key, unless nobody but this box is listened to.
pub(crate) async fn get(call: &Call) -> Result<Reply, ApiError> {
    if call.state.local_only && call.client.loopback {
        // A page in a browser on this box may be anybody's.
        check_host(&call.parts.headers, &call.parts.uri, &call.state.config().hosts)?;
    } else {
        call.state.guard().admit(&call.parts.headers, &call.client)?.must_be_global()?;
    }
    let snapshots: Vec<_> = call.state.registry.all().iter().map(Handle::snapshot).collect();
    let counts = call.state.store.delivery_counts().await?;
    let waiting = call.state.store.waiting().await?;
    let now = call.state.clock.now();
    let mut registry = Registry::with_prefix("tetherd");
    build(&mut registry);
    instances::all(&mut registry, snapshots.iter().map(AsRef::as_ref), call.state.clock.instant());
    outbox::events(&mut registry, call.state.store.outbox_figures());
    outbox::deliveries(&mut registry, counts, call.state.courier.attempts());
    let name = |w: &Waiting| outbox::named(w, &snapshots);
    outbox::receivers(
        &mut registry,
        waiting.iter().map(|w| outbox::Backlog {
            receiver: name(w),
            count: w.count,
            age: w.since.until(now),
            circuit: call.state.courier.circuit(w.webhook),
        }),
    );
    writes(&mut registry, call.state.store.write_figures());
    call.state.requests.register(&mut registry);
    // Names that every program has, without ours before them.
    let mut common = Registry::default();
    process::of_this(&mut common);
    let mut text = String::new();
    for registry in [&registry, &common] {
        encode_registry(&mut text, registry).map_err(|_| ApiError::Internal)?;
    }
    encode_eof(&mut text).map_err(|_| ApiError::Internal)?;
    Ok(bytes(StatusCode::OK, KIND, text))
}

fn build(registry: &mut Registry) {
    let family = Family::<Version, Gauge>::default();
    family.get_or_create(&Version { version: env!("CARGO_PKG_VERSION") }).set(1);
    registry.register("build_info", "Which tetherd this is", family);
}

fn writes(registry: &mut Registry, figures: WriteFigures) {
    let help = "How long commits took that changed something, until they were on disk";
    registry.register_with_unit("store_commit", help, Unit::Seconds, figures.commits);
    if let Some(written) = figures.bytes {
        let bytes: Counter = Counter::default();
        bytes.inc_by(written);
        let help = "Bytes that storage wrote, its log and what was folded into the database";
        registry.register_with_unit("store_written", help, Unit::Bytes, bytes);
    }
}
