//! What the process takes, under the names that Prometheus' own libraries use.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// Only `/proc/self` is there in the service (`ProcSubset=pid`).
const STATUS: &str = "/proc/self/status";

pub(super) fn of_this(registry: &mut Registry) {
    let Some(resident) = std::fs::read_to_string(STATUS).ok().as_deref().and_then(resident) else { return };
    let bytes: Gauge = Gauge::default();
    bytes.set(resident);
    registry.register_with_unit("process_resident_memory", "Resident memory", Unit::Bytes, bytes);
}

/// `VmRSS:     1234 kB`, in bytes.
fn resident(status: &str) -> Option<i64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = line.split_whitespace().next()?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::resident;

    #[test]
    fn resident_memory_is_in_bytes() {
        assert_eq!(resident("Name:\ttetherd\nVmRSS:\t   20480 kB\n"), Some(20_971_520));
        assert_eq!(resident("Name:\ttetherd\n"), None);
    }
}
