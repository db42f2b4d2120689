//! Why a run of the engine ended, decided once, when it has ended.

use std::time::Duration;

use whatsapp_rust::OwnedNodeRef;
use whatsapp_rust::wacore::types::events::{ConnectFailureReason, Event};

use super::transport::DialError;
use crate::link::outcome::{capital, of_network};
use crate::link::{Cause, RetryHint};
use crate::model::{Reason, ReasonDetail, Stamp};

/// WhatsApp asked for patience without saying how much.
const PATIENCE: Duration = Duration::from_mins(1);

/// An event of the engine that ends an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Terminal {
    LoggedOut,
    AccountLocked,
    Replaced,
    /// With what WhatsApp told of its end.
    Banned(Option<Duration>),
    Outdated,
    /// `<failure>` with this number.
    Failure(i32),
    /// `<stream:error>` with this code.
    Stream(String),
    /// The connection was lost.
    Dropped,
}

impl Terminal {
    pub(super) fn of(event: &Event) -> Option<Self> {
        Some(match event {
            // Without the stanza it is our own log-out, which says nothing of what WhatsApp did.
            Event::LoggedOut(out) if out.raw.is_none() && !out.on_connect => return None,
            Event::LoggedOut(out) if out.reason == ConnectFailureReason::AccountLocked => Self::AccountLocked,
            Event::LoggedOut(_) => Self::LoggedOut,
            Event::StreamReplaced(_) => Self::Replaced,
            Event::TemporaryBan(ban) => Self::Banned(ban.expire.to_std().ok()),
            Event::ClientOutdated(_) => Self::Outdated,
            Event::ConnectFailure(failure) => Self::Failure(number(failure.reason)),
            Event::StreamError(error) => Self::Stream(error.code.clone()),
            Event::Disconnected(_) => Self::Dropped,
            _ => return None,
        })
    }
}

fn number(reason: ConnectFailureReason) -> i32 {
    match reason {
        ConnectFailureReason::Generic => 400,
        ConnectFailureReason::LoggedOut => 401,
        ConnectFailureReason::TempBanned => 402,
        ConnectFailureReason::AccountLocked => 403,
        ConnectFailureReason::ClientOutdated => 405,
        ConnectFailureReason::UnknownLogout => 406,
        ConnectFailureReason::BadUserAgent => 409,
        ConnectFailureReason::CatExpired => 413,
        ConnectFailureReason::CatInvalid => 414,
        ConnectFailureReason::NotFound => 415,
        ConnectFailureReason::ClientUnknown => 418,
        ConnectFailureReason::InternalServerError => 500,
        ConnectFailureReason::Experimental => 501,
        ConnectFailureReason::ServiceUnavailable => 503,
        ConnectFailureReason::Unknown(code) => code,
    }
}

/// The code of a `<stream:error>`, which the engine tells of in no event when it is 429, 503 or 515.
pub(super) fn stream_code(node: &OwnedNodeRef) -> Option<String> {
    node.get().get_attr("code").map(std::string::ToString::to_string)
}

/// All that was seen of an attempt.
#[expect(clippy::struct_excessive_bools, reason = "independent observations, not states of one thing")]
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// The first event that ended it.
    pub(super) terminal: Option<Terminal>,
    /// The code of a stream error.
    pub(super) stream_error: Option<String>,
    /// Why dialling failed.
    pub(super) dial: Option<DialError>,
    /// The connection stood.
    pub(super) opened: bool,
    /// The server sent at least one thing.
    pub(super) heard: bool,
    /// How the connection was lost.
    pub(super) lost: Option<String>,
    /// We were logged in.
    pub(super) logged_in: bool,
    /// All codes were shown.
    pub(super) exhausted: bool,
    /// A passkey was demanded.
    pub(super) passkey: bool,
    /// We ended it because the log-in was not answered.
    pub(super) unanswered: bool,
    /// We ended it because nothing that came could be read.
    pub(super) unread: bool,
    /// When something last moved.
    pub(super) silent: Duration,
}

/// The one decision. `now` is for the end of a ban.
pub(super) fn classify(seen: &Seen, now: Stamp) -> Cause {
    if seen.passkey {
        return Cause::new(Reason::PasskeyRequired)
            .saying(
                "This account may only be linked with a passkey, which a box without a person cannot give.",
            )
            .hinting(RetryHint::Never);
    }
    if seen.exhausted {
        return Cause::new(Reason::CodeExpired);
    }
    match (&seen.terminal, &seen.stream_error) {
        (Some(terminal), _) if *terminal != Terminal::Dropped => by_event(terminal, now),
        (_, Some(code)) => by_stream_code(code),
        _ => by_connection(seen),
    }
}

fn by_event(terminal: &Terminal, now: Stamp) -> Cause {
    match terminal {
        Terminal::LoggedOut => Cause::new(Reason::LoggedOut).saying("The account was unlinked on the phone."),
        Terminal::AccountLocked => Cause::new(Reason::AccountLocked)
            .saying("WhatsApp locked this account; open WhatsApp on the phone to see why.")
            .hinting(RetryHint::Never),
        Terminal::Replaced => Cause::new(Reason::Replaced).saying("The same session was opened elsewhere."),
        Terminal::Banned(span) => Cause {
            reason: Reason::TemporarilyBanned,
            detail: ReasonDetail {
                message: Some("WhatsApp banned this account for a while.".into()),
                expires_ms: span.map(|span| now.plus(span).millis()),
            },
            hint: RetryHint::Backoff,
        },
        Terminal::Outdated => Cause::new(Reason::ClientOutdated)
            .saying("WhatsApp does not take this version any more; update tetherd."),
        Terminal::Failure(code) => by_failure(*code),
        Terminal::Stream(code) => by_stream_code(code),
        Terminal::Dropped => Cause::new(Reason::Disconnected),
    }
}

fn by_failure(code: i32) -> Cause {
    let said = format!("WhatsApp refused the log-in ({code}).");
    match code {
        402 => {
            Cause::new(Reason::TemporarilyBanned).saying("WhatsApp banned this account for an unknown time.")
        }
        503 => Cause::new(Reason::ServerUnavailable).saying(said),
        500 | 501 => Cause::new(Reason::ServerError).saying(said),
        // Trying soon would be the same question again.
        _ => Cause::new(Reason::ServerError).saying(said).hinting(RetryHint::NotBefore(PATIENCE)),
    }
}

fn by_stream_code(code: &str) -> Cause {
    match code {
        "515" => Cause::new(Reason::RestartRequired).hinting(RetryHint::AtOnce),
        "503" => Cause::new(Reason::ServerUnavailable).saying("WhatsApp is not available at the moment."),
        "429" => Cause::new(Reason::ServerUnavailable)
            .saying("WhatsApp asked for patience.")
            .hinting(RetryHint::NotBefore(PATIENCE)),
        "401" | "516" => by_event(&Terminal::LoggedOut, Stamp::from_millis(0)),
        "409" => by_event(&Terminal::Replaced, Stamp::from_millis(0)),
        other => Cause::new(Reason::ServerError).saying(format!("WhatsApp reported a fault ({other}).")),
    }
}

fn by_connection(seen: &Seen) -> Cause {
    if let Some(error) = &seen.dial {
        return by_dial(error);
    }
    if seen.unanswered && seen.heard {
        return Cause::new(Reason::TimedOut).saying("WhatsApp did not answer the log-in.");
    }
    if seen.unread {
        return Cause::new(Reason::TimedOut)
            .saying("Nothing that WhatsApp sent could be read any more, so the connection was made anew.");
    }
    if let Some(lost) = &seen.lost {
        return Cause::new(Reason::Disconnected).saying(format!("{}.", capital(lost)));
    }
    if !seen.opened {
        return Cause::new(Reason::TimedOut).saying("WhatsApp could not be reached in time.");
    }
    if seen.unanswered || !seen.heard {
        return Cause::new(Reason::TimedOut)
            .saying("WhatsApp accepted the connection and then said nothing.");
    }
    if seen.silent >= Duration::from_secs(15) {
        return Cause::new(Reason::TimedOut).saying("The connection went silent.");
    }
    if !seen.logged_in && seen.terminal.is_none() {
        return Cause::new(Reason::ServerError).saying(
            "The encrypted session could not be made: what answered is not WhatsApp, or something stands between.",
        );
    }
    Cause::new(Reason::Disconnected).saying("WhatsApp ended the connection.").hinting(RetryHint::AtOnce)
}

fn by_dial(error: &DialError) -> Cause {
    let net = match error {
        DialError::Upgrade(Some(429 | 503), _) => {
            return Cause::new(Reason::ServerUnavailable)
                .saying("WhatsApp is not available at the moment.")
                .hinting(RetryHint::NotBefore(Duration::from_secs(10)));
        }
        DialError::Upgrade(Some(status), _) => {
            return Cause::new(Reason::ServerUnavailable)
                .saying(format!("The server refused the connection ({status})."));
        }
        DialError::Upgrade(None, why) => {
            return Cause::new(Reason::ServerUnavailable)
                .saying(format!("What answered is no WhatsApp server: {why}."));
        }
        DialError::Net(net) => net,
    };
    of_network(net)
}

#[cfg(test)]
mod tests {
    use super::{Seen, Terminal, classify};
    use crate::link::RetryHint;
    use crate::link::web::transport::DialError;
    use crate::model::{Reason, Stamp};
    use crate::net::{Awaited, NetError};
    use std::time::Duration;

    fn up() -> Seen {
        Seen { opened: true, heard: true, ..Seen::default() }
    }

    fn event(terminal: Terminal) -> Seen {
        Seen { terminal: Some(terminal), ..up() }
    }

    fn stream(code: &str) -> Seen {
        Seen { stream_error: Some(code.into()), ..up() }
    }

    fn dial(error: NetError) -> Seen {
        Seen { dial: Some(DialError::Net(error)), ..Seen::default() }
    }

    fn upgrade(status: Option<u16>) -> Seen {
        Seen { dial: Some(DialError::Upgrade(status, "no".into())), ..Seen::default() }
    }

    /// Every row of the engine page's table "What happened".
    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn what_happened_and_the_reason() {
        let host = || "h".to_owned();
        let rows: Vec<(&str, Seen, Reason, RetryHint)> = vec![
            ("failure 401, 406", event(Terminal::LoggedOut), Reason::LoggedOut, RetryHint::Backoff),
            ("failure 403", event(Terminal::AccountLocked), Reason::AccountLocked, RetryHint::Never),
            (
                "failure 402 with an end",
                event(Terminal::Banned(Some(Duration::from_mins(1)))),
                Reason::TemporarilyBanned,
                RetryHint::Backoff,
            ),
            (
                "failure 402 bare",
                event(Terminal::Failure(402)),
                Reason::TemporarilyBanned,
                RetryHint::Backoff,
            ),
            ("failure 405", event(Terminal::Outdated), Reason::ClientOutdated, RetryHint::Backoff),
            (
                "failure 409",
                event(Terminal::Failure(409)),
                Reason::ServerError,
                RetryHint::NotBefore(super::PATIENCE),
            ),
            (
                "failure 429",
                event(Terminal::Failure(429)),
                Reason::ServerError,
                RetryHint::NotBefore(super::PATIENCE),
            ),
            ("failure 500", event(Terminal::Failure(500)), Reason::ServerError, RetryHint::Backoff),
            ("failure 501", event(Terminal::Failure(501)), Reason::ServerError, RetryHint::Backoff),
            ("failure 503", event(Terminal::Failure(503)), Reason::ServerUnavailable, RetryHint::Backoff),
            ("conflict replaced", event(Terminal::Replaced), Reason::Replaced, RetryHint::Backoff),
            ("stream 409", stream("409"), Reason::Replaced, RetryHint::Backoff),
            ("stream 401", stream("401"), Reason::LoggedOut, RetryHint::Backoff),
            ("stream 515", stream("515"), Reason::RestartRequired, RetryHint::AtOnce),
            ("stream 503", stream("503"), Reason::ServerUnavailable, RetryHint::Backoff),
            ("stream 429", stream("429"), Reason::ServerUnavailable, RetryHint::NotBefore(super::PATIENCE)),
            ("stream 500", event(Terminal::Stream("500".into())), Reason::ServerError, RetryHint::Backoff),
            ("stream end alone", Seen { logged_in: true, ..up() }, Reason::Disconnected, RetryHint::AtOnce),
            (
                "close frame, reset, end of file",
                Seen { lost: Some("gone".into()), terminal: Some(Terminal::Dropped), ..up() },
                Reason::Disconnected,
                RetryHint::Backoff,
            ),
            (
                "end of file before the hello",
                Seen { lost: Some("gone".into()), opened: true, ..Seen::default() },
                Reason::Disconnected,
                RetryHint::Backoff,
            ),
            ("wrong certificate", up(), Reason::ServerError, RetryHint::Backoff),
            ("refused", dial(NetError::Refused { host: host() }), Reason::Disconnected, RetryHint::Backoff),
            ("no network", dial(NetError::Offline { host: host() }), Reason::Offline, RetryHint::Backoff),
            (
                "no such name",
                dial(NetError::Name { host: host(), why: String::new() }),
                Reason::NameResolution,
                RetryHint::Backoff,
            ),
            (
                "TLS",
                dial(NetError::Tls { host: host(), why: String::new() }),
                Reason::Tls,
                RetryHint::Backoff,
            ),
            (
                "clock",
                dial(NetError::ClockWrong { host: host(), now: String::new(), why: String::new() }),
                Reason::ClockWrong,
                RetryHint::Backoff,
            ),
            ("upgrade 403", upgrade(Some(403)), Reason::ServerUnavailable, RetryHint::Backoff),
            (
                "upgrade 429",
                upgrade(Some(429)),
                Reason::ServerUnavailable,
                RetryHint::NotBefore(Duration::from_secs(10)),
            ),
            ("no WebSocket", upgrade(None), Reason::ServerUnavailable, RetryHint::Backoff),
            (
                "dial hangs",
                dial(NetError::Timeout { host: host(), awaited: Awaited::Connection }),
                Reason::TimedOut,
                RetryHint::Backoff,
            ),
            ("hello hangs", Seen { opened: true, ..Seen::default() }, Reason::TimedOut, RetryHint::Backoff),
            ("log-in unanswered", Seen { unanswered: true, ..up() }, Reason::TimedOut, RetryHint::Backoff),
            (
                "silence",
                Seen { logged_in: true, silent: Duration::from_secs(44), ..up() },
                Reason::TimedOut,
                RetryHint::Backoff,
            ),
            (
                "nothing is read",
                Seen { logged_in: true, unread: true, ..up() },
                Reason::TimedOut,
                RetryHint::Backoff,
            ),
            ("last code", Seen { exhausted: true, ..up() }, Reason::CodeExpired, RetryHint::Backoff),
            ("passkey", Seen { passkey: true, ..up() }, Reason::PasskeyRequired, RetryHint::Never),
        ];
        for (row, seen, reason, hint) in rows {
            let cause = classify(&seen, Stamp::from_millis(0));
            assert_eq!((cause.reason, cause.hint), (reason, hint), "{row}");
        }
    }

    #[test]
    fn a_ban_names_its_end() {
        let seen = event(Terminal::Banned(Some(Duration::from_mins(1))));
        assert_eq!(classify(&seen, Stamp::from_millis(1000)).detail.expires_ms, Some(61_000));
    }
}
