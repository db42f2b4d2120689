//! A state in words: what is the case, since when, why, and what happens next.

use maud::{Markup, html};

use super::words::Words;
use crate::instance::Snapshot;
use crate::model::{Clock, Integration, LinkTruth, Reason, Stamp, Visible};

/// The word on the chip.
pub(super) fn word(w: &Words, s: &Snapshot) -> &'static str {
    match (s.visible, &s.truth) {
        (Visible::Open, _) => w.state_open,
        (Visible::Connecting, LinkTruth::Linked { .. }) if s.next_retry.is_some() => w.state_paused,
        (Visible::Connecting, _) if s.code.is_some() => w.state_scan,
        (Visible::Connecting, _) => w.state_connecting,
        (Visible::Close, LinkTruth::Never) => w.state_never,
        (Visible::Close, _) => w.state_close,
    }
}

/// The chip.
pub(super) fn chip(w: &Words, s: &Snapshot) -> Markup {
    let class = match (s.visible, &s.truth) {
        (Visible::Close, LinkTruth::Never) => "never",
        (visible, _) => visible.as_str(),
    };
    html! { span class={ "chip " (class) } { (word(w, s)) } }
}

/// Why, and what to do.
pub(super) fn sentence(w: &Words, s: &Snapshot) -> String {
    let Some(reason) = s.reason else { return w.r_never.to_owned() };
    let cloud = s.integration == Integration::Cloud;
    let text = match reason {
        Reason::Connecting if cloud => w.r_asking,
        Reason::LoggedOut if cloud => w.cloud_out,
        // Those sentences speak of WhatsApp's own servers; Meta's story is in the words of the link.
        Reason::ServerError | Reason::TimedOut | Reason::Disconnected | Reason::Offline if cloud => {
            return s.detail.message.clone().unwrap_or_else(|| reason.as_str().to_owned());
        }
        Reason::Connecting => w.r_connecting,
        Reason::WaitingForScan => w.r_waiting,
        Reason::Open => w.r_open,
        Reason::LoggedOut => w.r_logged_out,
        Reason::TemporarilyBanned => w.r_banned,
        Reason::AccountLocked => w.r_locked,
        Reason::PasskeyRequired => w.r_passkey,
        Reason::ClientOutdated => w.r_outdated,
        Reason::TimedOut => w.r_timed_out,
        Reason::CodeExpired => w.r_expired,
        Reason::Disconnected => w.r_disconnected,
        Reason::Offline => w.r_offline,
        Reason::NameResolution => w.r_name,
        Reason::Tls => w.r_tls,
        Reason::ClockWrong => w.r_clock,
        Reason::Replaced => w.r_replaced,
        Reason::ServerError => w.r_server,
        Reason::ServerUnavailable => w.r_unavailable,
        Reason::RestartRequired => w.r_restart,
        Reason::TokenInvalid
        | Reason::PermissionMissing
        | Reason::NumberUnknown
        | Reason::NumberNotRegistered
        | Reason::Blocked
        | Reason::NotSupportedYet
        | Reason::RateLimited => {
            return w.r_cloud.replace("{}", s.detail.message.as_deref().unwrap_or(reason.as_str()));
        }
    };
    text.to_owned()
}

/// Since when, and when the next try is.
pub(super) fn times(w: &Words, s: &Snapshot, clock: &dyn Clock) -> Markup {
    html! {
        @if s.reason.is_some() { (w.since) " " (time(s.since)) }
        @if let Some(next) = s.next_retry {
            " · " (w.next_try) " " (left(next.left(clock).as_millis(), None))
            " (" (w.attempt.replace("{}", &s.attempt.to_string())) ")"
        }
        @if s.visible == Visible::Open && !s.synced { " · " (w.syncing) }
    }
}

/// A moment; the script shows it in the reader's zone.
pub(super) fn time(at: Stamp) -> Markup {
    let text = at.rfc3339();
    html! { time datetime=(text) { (text.get(..16).unwrap_or(&text).replace('T', " ")) " UTC" } }
}

/// What is left of a time; the script counts it down, and says it when it nears its end.
pub(super) fn left(millis: u128, says: Option<&str>) -> Markup {
    html! { span data-left=(millis) data-says=[says] { (millis.div_ceil(1000)) " s" } }
}

/// The account's number as people write it.
pub(super) fn number(s: &Snapshot) -> Option<String> {
    let jid = s.profile()?.jid.as_ref()?;
    Some(format!("+{}", jid.user()))
}
