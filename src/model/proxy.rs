//! A proxy that an instance goes out through.

use super::Secret;

/// The proxy protocols that are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyProtocol {
    /// HTTP `CONNECT` (RFC 9110 §9.3.6).
    Http,
    /// SOCKS version 5 (RFC 1928), names resolved by the proxy.
    Socks5,
}

impl ProxyProtocol {
    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Socks5 => "socks5",
        }
    }
}

impl std::str::FromStr for ProxyProtocol {
    type Err = UnknownProxy;

    fn from_str(text: &str) -> Result<Self, UnknownProxy> {
        match text.to_ascii_lowercase().as_str() {
            "http" => Ok(Self::Http),
            "socks5" | "socks5h" | "socks" => Ok(Self::Socks5),
            _ => Err(UnknownProxy),
        }
    }
}

/// Not one of the words that [`ProxyProtocol`] knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("takes http or socks5")]
pub struct UnknownProxy;

/// Where a proxy is and how it lets us in. `Debug` does not show the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyConfig {
    /// How it is spoken to.
    pub protocol: ProxyProtocol,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// User, when it wants one.
    pub username: Option<String>,
    /// Password, when it wants one.
    pub password: Option<Secret>,
}
