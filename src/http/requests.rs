//! How long requests take, by route.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Seconds: what nobody notices, what everybody does, and connect's waits.
const BUCKETS: [f64; 9] = [0.001, 0.005, 0.025, 0.1, 0.25, 1.0, 5.0, 15.0, 60.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    method: &'static str,
    /// The pattern: names are the owner's, and invitations are secrets.
    route: &'static str,
}

/// Kept for as long as the process lives.
pub(crate) struct Requests(Family<Asked, Histogram, fn() -> Histogram>);

impl Default for Requests {
    fn default() -> Self {
        Self(Family::new_with_constructor(|| Histogram::new(BUCKETS)))
    }
}

impl Requests {
    /// One was answered.
    pub(crate) fn answered(&self, method: &http::Method, route: Option<&'static str>, took: Duration) {
        // Methods and paths that nobody serves are the asker's invention: they make no rows.
        let asked = Asked { method: known(method), route: route.unwrap_or("other") };
        self.0.get_or_create(&asked).observe(took.as_secs_f64());
    }

    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "How long it took until an answer began";
        registry.register_with_unit("http_request", help, Unit::Seconds, self.0.clone());
    }
}

fn known(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        _ => "other",
    }
}
