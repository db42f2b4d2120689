//! An account's state in words and in tone: what is the case, since when, why, and what comes next.

use maud::{Markup, html};

use super::words::Words;
use crate::instance::Snapshot;
use crate::model::{Clock, Integration, LinkTruth, Reason, Stamp, Visible};

/// What a state means to the reader; the page's only colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// It works.
    Good,
    /// It is on its way.
    Busy,
    /// It does not work now and sees to that itself.
    Care,
    /// It waits for a person.
    Bad,
    /// Nobody has asked for anything yet.
    Idle,
}

impl Tone {
    pub(super) fn of(s: &Snapshot) -> Self {
        match s.visible {
            Visible::Open => Self::Good,
            Visible::Connecting if s.code.is_none() && s.next_retry.is_some() => Self::Care,
            Visible::Connecting => Self::Busy,
            Visible::Close if s.truth == LinkTruth::Never && !needs_a_person(s) => Self::Idle,
            Visible::Close => Self::Bad,
        }
    }

    /// Its class.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Busy => "busy",
            Self::Care => "care",
            Self::Bad => "bad",
            Self::Idle => "idle",
        }
    }
}

/// Closed for more than that nobody scanned a code.
fn needs_a_person(s: &Snapshot) -> bool {
    s.reason.is_some_and(|reason| reason != Reason::CodeExpired)
}

/// The word on the chip.
pub(super) fn word(w: &Words, s: &Snapshot) -> &'static str {
    match (s.visible, &s.truth) {
        (Visible::Open, _) => w.state_open,
        (Visible::Connecting, _) if s.scanned => w.state_scanned,
        (Visible::Connecting, _) if s.code.is_some() => w.state_scan,
        (Visible::Connecting, _) if s.next_retry.is_none() => w.state_connecting,
        (Visible::Connecting, _) if s.integration == Integration::Cloud => w.meta_away,
        (Visible::Connecting, LinkTruth::Linked { .. }) => w.state_paused,
        (Visible::Connecting, _) => w.state_away,
        (Visible::Close, LinkTruth::Never) => w.state_never,
        (Visible::Close, LinkTruth::Linked { .. }) if s.integration == Integration::Web => w.state_held,
        (Visible::Close, _) => w.state_close,
    }
}

/// The chip.
pub(super) fn chip(w: &Words, s: &Snapshot) -> Markup {
    html! { span class={ "chip " (Tone::of(s).class()) } { (word(w, s)) } }
}

/// Why, and what to do.
pub(super) fn sentence(w: &Words, s: &Snapshot) -> &'static str {
    match (s.integration, s.reason) {
        (Integration::Web, _) if s.scanned => w.r_scanned,
        (Integration::Web, None) => w.r_never,
        (Integration::Cloud, None) => w.m_never,
        (integration, Some(reason)) => why(w, integration, reason),
    }
}

/// What a reason means, in a sentence.
pub(super) fn why(w: &Words, integration: Integration, reason: Reason) -> &'static str {
    match integration {
        Integration::Web => at_whatsapp(w, reason),
        Integration::Cloud => at_meta(w, reason),
    }
}

fn at_whatsapp(w: &Words, reason: Reason) -> &'static str {
    match reason {
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
        Reason::ServerUnavailable => w.r_unavailable,
        Reason::RestartRequired => w.r_restart,
        // The others are Meta's.
        _ => w.r_server,
    }
}

fn at_meta(w: &Words, reason: Reason) -> &'static str {
    match reason {
        Reason::Connecting | Reason::WaitingForScan | Reason::RestartRequired => w.m_asking,
        Reason::Open => w.r_open,
        Reason::LoggedOut => w.m_out,
        Reason::TokenInvalid => w.m_token,
        Reason::PermissionMissing => w.m_permission,
        Reason::NumberUnknown => w.m_unknown,
        Reason::NumberNotRegistered => w.m_unregistered,
        Reason::Blocked | Reason::TemporarilyBanned | Reason::AccountLocked => w.m_blocked,
        Reason::RateLimited => w.m_limited,
        Reason::Offline => w.r_offline,
        Reason::ClockWrong => w.r_clock,
        Reason::TimedOut | Reason::Disconnected | Reason::NameResolution | Reason::Tls => w.m_unreached,
        _ => w.m_fault,
    }
}

/// What was reported beside the reason's word, where that says more than the word.
pub(super) fn report(w: &Words, s: &Snapshot) -> Markup {
    let more = match s.reason {
        Some(Reason::Disconnected | Reason::NameResolution | Reason::Tls | Reason::ServerError) => true,
        Some(Reason::Open | Reason::Connecting | Reason::LoggedOut) | None => false,
        Some(_) => s.integration == Integration::Cloud,
    };
    let told = s.detail.message.as_deref().filter(|_| more);
    html! {
        @if let Some(end) = s.detail.expires().filter(|_| s.visible != Visible::Open) { p { (w.until) " " (time(end)) } }
        @if let Some(told) = told { p.quiet.small { (w.told.replacen("{}", told, 1)) } }
    }
}

/// Since when; none before anything happened.
pub(super) fn since(w: &Words, s: &Snapshot) -> Markup {
    html! { @if s.reason.is_some() { (w.since) " " (time(s.since)) } }
}

/// When the next try is, and the how manieth.
pub(super) fn next_try(w: &Words, s: &Snapshot, clock: &dyn Clock) -> Markup {
    html! {
        @if let Some(next) = s.next_retry {
            (w.next_try) " " strong.number { (left(next.left(clock).as_millis(), None, Some(w.now))) }
            @if s.attempt > 0 { " · " (w.attempt.replace("{}", &s.attempt.to_string())) }
        }
    }
}

/// A moment; the script shows it in the reader's zone.
pub(super) fn time(at: Stamp) -> Markup {
    let text = at.rfc3339();
    html! { time datetime=(text) { (text.get(..16).unwrap_or(&text).replace('T', " ")) " UTC" } }
}

/// What is left of a time; the script counts it down and says it when it nears its end. `zero` stands
/// in its place when nothing is left.
pub(super) fn left(millis: u128, says: Option<&str>, zero: Option<&str>) -> Markup {
    html! { span data-left=(millis) data-says=[says] data-zero=[zero] { (span(millis.div_ceil(1000))) } }
}

fn span(seconds: u128) -> String {
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6000 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}

/// Who it is: the name that the account gave itself, and its number as people write it.
pub(super) fn who(s: &Snapshot) -> String {
    let profile = s.profile();
    let name = profile.and_then(|profile| profile.name.clone());
    let number = profile.and_then(|profile| Some(format!("+{}", profile.jid.as_ref()?.user())));
    [name, number].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
