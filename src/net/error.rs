//! What can go wrong on the way out, for a person and for the state machine.

use std::fmt;

/// The network failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// There is no network here.
    #[error("this box has no network (looking for {host})")]
    Offline {
        /// What was looked for.
        host: String,
    },
    /// The name does not exist, or no name server answers.
    #[error("the name {host} cannot be resolved: {why}")]
    Name {
        /// The name.
        host: String,
        /// What the name server said.
        why: String,
    },
    /// The other side answered that nobody listens.
    #[error("{host} refused the connection")]
    Refused {
        /// The other side.
        host: String,
    },
    /// Something did not come in time.
    #[error("{}", awaited.of(host))]
    Timeout {
        /// The other side.
        host: String,
        /// What did not come.
        awaited: Awaited,
    },
    /// No encrypted connection.
    #[error("no encrypted connection with {host}: {why}")]
    Tls {
        /// The other side.
        host: String,
        /// What is wrong with it.
        why: String,
    },
    /// No encrypted connection, because this box's clock is wrong.
    #[error(
        "the clock of this box shows {now}, and the certificate of {host} {why}: one of them is wrong, most likely the clock"
    )]
    ClockWrong {
        /// The other side.
        host: String,
        /// What the clock shows.
        now: String,
        /// How the certificate does not fit.
        why: String,
    },
    /// The proxy would not.
    #[error("the proxy {proxy}: {why}")]
    Proxy {
        /// Its name and port.
        proxy: String,
        /// What it said.
        why: String,
    },
    /// The connection ended early.
    #[error("the connection with {host} ended: {why}")]
    Closed {
        /// The other side.
        host: String,
        /// How.
        why: String,
    },
    /// It is reached by no rule of the owner's, or never is.
    #[error("{host} is not connected to: {why}")]
    Forbidden {
        /// The other side.
        host: String,
        /// Which rule.
        why: &'static str,
    },
    /// An address that cannot be used.
    #[error("{0}")]
    BadUrl(String),
    /// A file that is needed cannot be used.
    #[error("{0}")]
    File(String),
}

/// What a wait was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// A connection.
    Connection,
    /// The other side's part in encrypting one.
    Encryption,
    /// The beginning of an answer.
    Answer,
    /// All of an answer.
    End,
}

impl Awaited {
    fn of(self, host: &str) -> impl fmt::Display {
        fmt::from_fn(move |f| match self {
            Self::Connection => write!(
                f,
                "there was no connection with {host} in time: it is off, or something on the way swallows what is sent to it"
            ),
            Self::Encryption => write!(f, "{host} took the connection and began no TLS in time"),
            Self::Answer => write!(f, "{host} did not answer in time"),
            Self::End => write!(f, "{host} did not come to the end of its answer in time"),
        })
    }
}

impl NetError {
    pub(super) fn from_io(host: &str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        let host = host.to_owned();
        match error.kind() {
            Kind::ConnectionRefused => Self::Refused { host },
            Kind::NetworkUnreachable | Kind::HostUnreachable | Kind::NetworkDown | Kind::AddrNotAvailable => {
                Self::Offline { host }
            }
            Kind::TimedOut => Self::Timeout { host, awaited: Awaited::Connection },
            _ => Self::Closed { host, why: error.to_string() },
        }
    }
}
