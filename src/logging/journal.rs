//! systemd's journal in its native protocol (<https://systemd.io/JOURNAL_NATIVE_PROTOCOL>): a line for a person,
//! and a field of its own for every part of it.
//!
//! `tracing-journald` leaves the parts out of the line, so that `journalctl` would not say which
//! instance a line is about.

use std::fmt::{self, Write as _};
use std::os::unix::net::UnixDatagram;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

const SOCKET: &str = "/run/systemd/journal/socket";
/// Longer values are cut: a datagram has a bound, and what is longer is no line for a person.
const LONGEST: usize = 8 * 1024;

/// Sends each event as one datagram. The journal takes hundreds without reading one; what does not fit
/// then is lost, as nobody may wait for a log.
pub(super) struct Journal(UnixDatagram);

impl Journal {
    /// When standard error goes to the journal: systemd names that stream in `JOURNAL_STREAM` as device
    /// and inode (systemd.exec(5)).
    pub(super) fn of_standard_error() -> Option<Self> {
        let named = std::env::var("JOURNAL_STREAM").ok()?;
        let stat = rustix::fs::fstat(std::io::stderr()).ok()?;
        if named != format!("{}:{}", stat.st_dev, stat.st_ino) {
            return None;
        }
        let socket = UnixDatagram::unbound().ok()?;
        socket.set_nonblocking(true).ok()?;
        socket.connect(SOCKET).ok()?;
        Some(Self(socket))
    }
}

impl<S: Subscriber> Layer<S> for Journal {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let _ = self.0.send(&entry(event));
    }
}

fn entry(event: &Event<'_>) -> Vec<u8> {
    let mut parts = Parts::default();
    event.record(&mut parts);
    let mut entry = Vec::with_capacity(512);
    put(&mut entry, "PRIORITY", priority(*event.metadata().level()));
    put(&mut entry, "SYSLOG_IDENTIFIER", "tetherd");
    put(&mut entry, "TARGET", event.metadata().target());
    let mut line = parts.message;
    for (name, value) in &parts.fields {
        line.extend([" ", name, "=", value]);
        put(&mut entry, &format!("TETHERD_{}", name.to_uppercase().replace('.', "_")), value);
    }
    put(&mut entry, "MESSAGE", &line);
    entry
}

/// As syslog(3) counts them.
fn priority(level: Level) -> &'static str {
    match level {
        Level::ERROR => "3",
        Level::WARN => "4",
        Level::INFO => "6",
        _ => "7",
    }
}

/// Name, length and value, so that a value may hold anything.
fn put(entry: &mut Vec<u8>, name: &str, value: &str) {
    let value = value.get(..value.floor_char_boundary(LONGEST)).unwrap_or_default();
    entry.extend_from_slice(name.as_bytes());
    entry.push(b'\n');
    entry.extend_from_slice(&u64::try_from(value.len()).unwrap_or_default().to_le_bytes());
    entry.extend_from_slice(value.as_bytes());
    entry.push(b'\n');
}

#[derive(Default)]
struct Parts {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Visit for Parts {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record(field, format_args!("{value:?}"));
    }
}

impl Parts {
    fn record(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        if field.name() == "message" {
            let _ = self.message.write_fmt(value);
        } else {
            self.fields.push((field.name(), value.to_string()));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Journal, Level, priority};
    use std::os::unix::net::UnixDatagram;
    use tracing_subscriber::layer::SubscriberExt as _;

    #[test]
    fn a_line_names_its_parts_and_each_part_is_a_field() {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let subscriber = tracing_subscriber::registry().with(Journal(ours));
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(instance = %"shop", reason = "offline", "no network\nhere");
        });
        let mut buffer = [0; 1024];
        let length = theirs.recv(&mut buffer).unwrap();
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        assert!(text.contains("TETHERD_INSTANCE\n\u{4}\0\0\0\0\0\0\0shop\n"), "{text:?}");
        assert!(text.contains("no network\nhere instance=shop reason=offline\n"), "{text:?}");
        assert!(text.contains("PRIORITY\n\u{1}\0\0\0\0\0\0\u{0}4\n"), "{text:?}");
        assert_eq!(priority(Level::DEBUG), "7");
    }
}
