//! Why a link is as it is: the words and numbers of the contract.

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use super::Stamp;

/// The three states that the API speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Visible {
    /// Linked and logged in.
    Open,
    /// On the way: dialling, showing a code, or between two tries.
    Connecting,
    /// Nothing is running.
    Close,
}

impl Visible {
    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Connecting => "connecting",
            Self::Close => "close",
        }
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $number:literal;)+) => {
        /// Why the link is in its state (contract `http-api.md`, "States, reasons, numbers").
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Reason {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        // Written out, for the derived one does not see the words of a macro.
        impl utoipa::PartialSchema for Reason {
            fn schema() -> RefOr<Schema> {
                let words = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([$($word),+]));
                words.description(Some("Why the link is in its state.")).into()
            }
        }

        impl utoipa::ToSchema for Reason {}

        impl Reason {
            /// All of them, for metrics and documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word of the API.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The original's number (`statusReason`).
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $number),+ }
            }

            /// The reason of a word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

reasons! {
    /// Dialling, shaking hands or logging in.
    Connecting = "connecting", 200;
    /// A code is shown.
    WaitingForScan = "waiting_for_scan", 200;
    /// Logged in.
    Open = "open", 200;
    /// Unlinked, by the phone or by us.
    LoggedOut = "logged_out", 401;
    /// Banned until a moment that WhatsApp told, or for an unknown time.
    TemporarilyBanned = "temporarily_banned", 402;
    /// WhatsApp locked the account.
    AccountLocked = "account_locked", 403;
    /// The account may be linked only with a passkey, which a box cannot give.
    PasskeyRequired = "passkey_required", 403;
    /// WhatsApp refuses this version of the client.
    ClientOutdated = "client_outdated", 405;
    /// No answer in time.
    TimedOut = "timed_out", 408;
    /// Codes were shown and nobody scanned one.
    CodeExpired = "code_expired", 408;
    /// The connection ended.
    Disconnected = "disconnected", 428;
    /// No network here.
    Offline = "offline", 428;
    /// WhatsApp's name could not be resolved.
    NameResolution = "name_resolution", 428;
    /// The encrypted connection could not be made.
    Tls = "tls", 428;
    /// The encrypted connection could not be made because this box's clock is wrong.
    ClockWrong = "clock_wrong", 428;
    /// The same session was opened elsewhere.
    Replaced = "replaced", 440;
    /// WhatsApp reported a fault.
    ServerError = "server_error", 500;
    /// WhatsApp is not available.
    ServerUnavailable = "server_unavailable", 503;
    /// WhatsApp asked for a new connection.
    RestartRequired = "restart_required", 515;
    /// Cloud: Meta's token is expired, revoked or wrong.
    TokenInvalid = "token_invalid", 401;
    /// Cloud: the token may not see this number.
    PermissionMissing = "permission_missing", 403;
    /// Cloud: no such phone number id.
    NumberUnknown = "number_unknown", 400;
    /// Cloud: the number is not registered for the Cloud API.
    NumberNotRegistered = "number_not_registered", 400;
    /// Cloud: Meta blocked the number.
    Blocked = "blocked", 403;
    /// Cloud: too many requests.
    RateLimited = "rate_limited", 429;
}

/// What is known beside the reason's word.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonDetail {
    /// A sentence for a person; never holds a secret.
    pub message: Option<String>,
    /// When a ban ends, milliseconds since the Unix epoch.
    pub expires_ms: Option<i64>,
}

impl ReasonDetail {
    /// Only a sentence.
    #[must_use]
    pub fn message(text: impl Into<String>) -> Self {
        Self { message: Some(text.into()), expires_ms: None }
    }

    /// When a ban ends.
    #[must_use]
    pub fn expires(&self) -> Option<Stamp> {
        self.expires_ms.map(Stamp::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn words_and_numbers_are_those_of_the_contract() {
        let rows = [
            ("open", 200),
            ("logged_out", 401),
            ("temporarily_banned", 402),
            ("account_locked", 403),
            ("client_outdated", 405),
            ("timed_out", 408),
            ("code_expired", 408),
            ("disconnected", 428),
            ("clock_wrong", 428),
            ("replaced", 440),
            ("server_error", 500),
            ("server_unavailable", 503),
            ("restart_required", 515),
            ("rate_limited", 429),
        ];
        for (word, number) in rows {
            assert_eq!(Reason::from_word(word).map(Reason::status), Some(number), "{word}");
        }
        for reason in Reason::ALL {
            assert_eq!(Reason::from_word(reason.as_str()), Some(*reason));
        }
    }
}
