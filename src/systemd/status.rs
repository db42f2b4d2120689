//! The state as a sentence, for `systemctl status`.

use std::time::{Duration, Instant};

use crate::instance::{Handle, Registry, Snapshot};
use crate::model::{Reason, Visible};

/// Instances told one by one; a status line is one line.
const NAMED: usize = 5;

/// `3 of 4 linked; shop: waiting for a scan; office: offline, next try in 40 s`.
pub(super) fn sentence(registry: &Registry, now: Instant) -> String {
    let all: Vec<_> = registry.all().iter().map(Handle::snapshot).collect();
    if all.is_empty() {
        return "no instances yet; the page makes the first one".into();
    }
    let linked = all.iter().filter(|s| s.truth.is_linked()).count();
    let mut parts = vec![format!("{linked} of {} linked", all.len())];
    let waiting: Vec<_> = all.iter().filter(|s| s.visible != Visible::Open).collect();
    parts.extend(waiting.iter().take(NAMED).map(|s| one(s, now)));
    if let Some(more) = waiting.len().checked_sub(NAMED).filter(|more| *more > 0) {
        parts.push(format!("{more} more are not open"));
    }
    parts.join("; ")
}

fn one(snapshot: &Snapshot, now: Instant) -> String {
    // In a row; the first is the connection that ended.
    let failed = snapshot.attempt.saturating_sub(u32::from(snapshot.next_retry.is_none()));
    let words = match snapshot.reason {
        None => "not linked yet",
        Some(Reason::Disconnected) if failed > 1 => "WhatsApp cannot be reached",
        Some(reason) => words(reason),
    };
    let next = snapshot.next_retry.map(|next| span(next.at.saturating_duration_since(now)));
    let next = next.map(|span| format!(", next try {span}")).unwrap_or_default();
    format!("{}: {words}{next}", snapshot.name)
}

/// A wait in words, rounded up; to five seconds, because the line is that old at most.
fn span(left: Duration) -> String {
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    match seconds {
        0 => "now".into(),
        1..=60 => format!("in {} s", seconds.div_ceil(5) * 5),
        61..=5400 => format!("in {} min", seconds.div_ceil(60)),
        _ => format!("in {} h", seconds.div_ceil(3600)),
    }
}

fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::Connecting => "connecting",
        Reason::WaitingForScan => "waiting for a scan",
        Reason::Open => "open",
        Reason::LoggedOut => "unlinked, to be linked again",
        Reason::TemporarilyBanned => "banned by WhatsApp for some time",
        Reason::AccountLocked => "locked by WhatsApp",
        Reason::PasskeyRequired => "a passkey is wanted, which a box cannot give",
        Reason::ClientOutdated => "WhatsApp wants a newer tetherd",
        Reason::TimedOut => "no answer from WhatsApp",
        Reason::CodeExpired => "nobody scanned the code",
        Reason::Disconnected => "the connection ended",
        Reason::Offline => "offline",
        Reason::NameResolution => "WhatsApp's name cannot be resolved",
        Reason::Tls => "no encrypted connection to WhatsApp",
        Reason::ClockWrong => "this box's clock is wrong",
        Reason::Replaced => "opened elsewhere",
        Reason::ServerError => "WhatsApp reports a fault",
        Reason::ServerUnavailable => "WhatsApp is not available",
        Reason::RestartRequired => "WhatsApp wants a new connection",
        Reason::TokenInvalid => "Meta refuses the token",
        Reason::PermissionMissing => "the token may not see this number",
        Reason::NumberUnknown => "Meta does not know this number",
        Reason::NumberNotRegistered => "the number is not registered at Meta",
        Reason::Blocked => "blocked by Meta",
        Reason::RateLimited => "too many requests at Meta",
    }
}

#[cfg(test)]
mod tests {
    use super::span;
    use std::time::Duration;

    #[test]
    fn waits_are_rounded_up() {
        let rows = [
            (0, "now"),
            (1, "in 5 s"),
            (5_000, "in 5 s"),
            (5_001, "in 10 s"),
            (40_000, "in 40 s"),
            (60_001, "in 2 min"),
            (300_000, "in 5 min"),
            (21_600_000, "in 6 h"),
        ];
        for (millis, text) in rows {
            assert_eq!(span(Duration::from_millis(millis)), text, "{millis}");
        }
    }
}
