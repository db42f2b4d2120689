//! Faults that a test asks for.

mod pending;
mod plan;
mod planned;
mod stanza;

use serde::{Deserialize, Serialize};

use crate::phone::adv::AdvFault;

pub use plan::{BadPlan, Plan};
pub use planned::{At, Direction, Planned};
pub use stanza::{Content, Stanza};

pub(crate) use pending::{Pending, Upgrade};

/// One thing that goes wrong.
///
/// What its first word says is when: *now* is to connections that are open, or, with [`At`], when a
/// stanza comes or goes; *at the next* waits for connections or log-ins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// Now: close the connection without a word.
    Drop,
    /// Now: reset the TCP connection (RST instead of FIN).
    Reset,
    /// Now: close our half of the TCP connection, and go on reading.
    HalfClose,
    /// Now: read and ignore, for ever.
    Stall,
    /// Now: read nothing any more, so that the client's TCP window closes.
    StopReading,
    /// Now: `<xmlstreamend/>` and close.
    End,
    /// Now: a frame that does not decrypt.
    Garbage,
    /// Now: a malformed frame.
    Frame {
        /// In which way.
        what: BadFrame,
    },
    /// Now: the same session was opened elsewhere.
    Replaced,
    /// Now: the phone removes the device (`401`, `device_removed`), which the account then has no more.
    Unlinked,
    /// Now: `<stream:error><xml-not-well-formed/></stream:error>` and close.
    NotWellFormed,
    /// Now: `<stream:error code="…"/>` and close.
    Stream {
        /// 500, 503, 515, 516, 429 …
        code: u16,
    },
    /// Now: the server sends this stanza.
    Inject {
        /// As it is, except that addresses become JIDs.
        stanza: Stanza,
    },
    /// Now and at the next connections, until faults are cleared: every byte comes this much later, each way.
    Latency {
        /// Milliseconds, up to 600 000.
        millis: u64,
    },
    /// Now and at the next connections, until faults are cleared: no more bytes than this in a second, each way.
    Bandwidth {
        /// From 1.
        bytes_per_second: u64,
    },
    /// With [`At`], out: the stanza is sent twice.
    Duplicate,
    /// With [`At`], out: the stanza goes after the one that follows it.
    Reorder,
    /// With [`At`]: a stanza that came is not taken note of; one that should go does not.
    Lose,
    /// With [`At`], out: the stanza is wrong.
    Alter {
        /// In which way.
        what: Alteration,
    },
    /// At the next log-ins: `<failure reason="…"/>` instead of `<success/>`.
    Failure {
        /// 400, 401, 402, 403, 405, 406, 409, 500, 503 …
        reason: u16,
        /// How many log-ins; 0 is all until faults are cleared.
        #[serde(default)]
        times: u32,
        /// Further attributes, such as `code` and `expire` of a ban. In JSON an object or a list of pairs.
        #[serde(default, deserialize_with = "planned::attributes")]
        attributes: Vec<(String, String)>,
    },
    /// At the next log-ins, until the ban is over by the sandbox's clock: `<failure reason="402"/>` with what is left of it.
    Banned {
        /// Seconds from now.
        expire: u64,
        /// Why, such as 101.
        #[serde(default = "planned::ban")]
        code: u16,
    },
    /// At the next connections: this HTTP status instead of the upgrade.
    Upgrade {
        /// 403, 429, 503 …
        status: u16,
        /// How many connections; 0 is all until faults are cleared.
        #[serde(default)]
        times: u32,
    },
    /// At the next connections: bytes that are no HTTP instead of the upgrade.
    NoHttp,
    /// At the next connections: silence instead of the upgrade.
    HangUpgrade,
    /// At the next connections: silence after the upgrade.
    HangOpen,
    /// At the next connections: silence instead of the server hello.
    HangHello,
    /// At the next connections: silence instead of the answer to the log-in.
    HangLogin,
    /// At the next connections: a server hello that is none.
    BadHello,
    /// At the next connections: what a client knows of the server's key is not taken (`XXfallback`).
    DeclineIk,
    /// At the next connections: something is wrong with the certificates of the Noise handshake.
    NoiseCertificate {
        /// What.
        what: NoiseTampering,
    },
    /// At the next connections by `wss://`: something is wrong with the server's certificate.
    TlsCertificate {
        /// What.
        what: TlsTampering,
    },
    /// When a phone links the next devices: something is wrong with what it signs, so that they must refuse it.
    BadSignature {
        /// What.
        what: AdvFault,
    },
    /// When phones next write to devices: the envelope does not open, so that the device must ask for the message again.
    Unreadable,
    /// The next devices that ask for a pairing code do not get one.
    RefuseCode {
        /// 400, 403, 429, 452 or 500.
        code: u16,
    },
    /// At the next requests to the media host: this HTTP status.
    Media {
        /// 401, 404, 410, 500 …
        status: u16,
    },
    /// Log-ins with an older version than the service's are refused with 405.
    Outdated {
        /// The oldest third number that is taken, such as 1042742320.
        oldest: u32,
    },
}

/// How a frame can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadFrame {
    /// No key opens it.
    Sealed,
    /// It opens, and what is in it is no stanza.
    NoStanza,
    /// It opens, and says that it is compressed, which it is not.
    Compressed,
    /// Its length is 0.
    Empty,
    /// Less comes than its length says, and then nothing.
    Truncated,
    /// One that is left out: the counters differ from now on.
    Skipped,
    /// A WebSocket message that is text.
    Text,
    /// A WebSocket frame with reserved bits.
    WebSocket,
}

/// How a stanza can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alteration {
    /// It has no id.
    NoId,
    /// Its id is one that nobody asked with.
    OtherId,
    /// Its id is the one of the stanza before.
    SameId,
    /// Its tag is unknown.
    Tag,
    /// It has no children and no content.
    NoContent,
    /// Its children have no attributes.
    NoAttributes,
    /// It comes from somebody else.
    From,
}

/// What can be wrong with the certificates of the Noise handshake (protocol page §1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseTampering {
    /// The intermediate names an issuer other than 0.
    IssuerSerial,
    /// There is no intermediate.
    NoIntermediate,
    /// The intermediate is signed by another root.
    WrongRoot,
    /// The intermediate's signature has a bit turned.
    IntermediateSignature,
    /// The leaf's signature has a bit turned.
    LeafSignature,
    /// The leaf names another issuer than the intermediate.
    LeafIssuerSerial,
    /// The leaf vouches for another key than the handshake's.
    LeafKey,
    /// Both have expired.
    Expired,
    /// Both are valid from tomorrow.
    NotYetValid,
}

/// What can be wrong with the certificate of `wss://`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsTampering {
    /// It has expired.
    Expired,
    /// It is valid from tomorrow.
    NotYetValid,
    /// It is for another name.
    WrongHost,
    /// Nobody knows who signed it.
    UnknownIssuer,
}

/// When a fault can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// To open connections, or at a stanza.
    Now,
    /// To open connections and to all that come.
    Always,
    /// Only at a stanza of either direction.
    Stanza,
    /// Only at a stanza that goes out.
    Out,
    /// At the next connections, before it is known who connects.
    Connection,
    /// At the next log-ins.
    LogIn,
    /// When phones next link a device or write to one.
    Phone,
}

impl Fault {
    pub(crate) fn moment(&self) -> Moment {
        match self {
            Self::Drop
            | Self::Reset
            | Self::HalfClose
            | Self::Stall
            | Self::StopReading
            | Self::End
            | Self::Garbage
            | Self::Frame { .. }
            | Self::Replaced
            | Self::Unlinked
            | Self::NotWellFormed
            | Self::Stream { .. }
            | Self::Inject { .. } => Moment::Now,
            Self::Latency { .. } | Self::Bandwidth { .. } => Moment::Always,
            Self::Lose => Moment::Stanza,
            Self::Duplicate | Self::Reorder | Self::Alter { .. } => Moment::Out,
            Self::Failure { .. } | Self::Banned { .. } | Self::HangLogin | Self::Outdated { .. } => {
                Moment::LogIn
            }
            Self::BadSignature { .. } | Self::RefuseCode { .. } | Self::Unreadable => Moment::Phone,
            Self::Upgrade { .. }
            | Self::NoHttp
            | Self::HangUpgrade
            | Self::HangOpen
            | Self::HangHello
            | Self::BadHello
            | Self::DeclineIk
            | Self::NoiseCertificate { .. }
            | Self::TlsCertificate { .. }
            | Self::Media { .. } => Moment::Connection,
        }
    }

    /// How often the fault says itself that it happens.
    pub(crate) fn times(&self) -> Option<u32> {
        match self {
            Self::Failure { times, .. } | Self::Upgrade { times, .. } if *times > 0 => Some(*times),
            _ => None,
        }
    }
}
