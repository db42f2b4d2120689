//! Where a request comes from, behind proxies too.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::HeaderName;
use ipnet::IpNet;

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Over TCP.
    Ip(IpAddr),
    /// Over a unix socket: whoever may open it is on this box.
    Local,
    /// Over the socket in the data folder, which only the owner of the data may open.
    Owner,
}

/// Who asked, as far as it can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Client {
    /// The address that asked; none over a unix socket.
    pub(crate) address: Option<IpAddr>,
    /// It asked over TLS, of ours or of a trusted proxy's.
    pub(crate) secure: bool,
    /// It asked from this box, and no proxy says otherwise.
    pub(crate) loopback: bool,
    /// By which way it asked.
    way: Way,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From where the address says.
    Direct,
    /// Through a proxy whose word is taken.
    Proxy,
    /// Over the socket that only the owner of the data may open.
    Owner,
}

impl Client {
    /// Believes `X-Forwarded-For` and `X-Forwarded-Proto` only from trusted proxies, and of the list
    /// of addresses only what trusted proxies have added to it.
    pub(crate) fn of(peer: Peer, secure: bool, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let forwarded = headers.contains_key(&FORWARDED_FOR);
        let (near, trusts) = match peer {
            Peer::Ip(address) => {
                let address = address.to_canonical();
                (Some(address), is_trusted(address, trusted))
            }
            Peer::Local => (None, forwarded && !trusted.is_empty()),
            Peer::Owner => {
                return Self { address: None, secure: true, loopback: true, way: Way::Owner };
            }
        };
        if !trusts {
            let loopback = near.is_none_or(|address| address.is_loopback()) && !forwarded;
            return Self { address: near, secure, loopback, way: Way::Direct };
        }
        let proto = headers.get("x-forwarded-proto").and_then(|v| v.to_str().ok());
        let secure = proto.map_or(secure, |proto| proto.trim().eq_ignore_ascii_case("https"));
        let address = first_untrusted(headers, trusted).or(near);
        let loopback = !forwarded && near.is_none_or(|a| a.is_loopback());
        Self { address, secure, loopback, way: Way::Proxy }
    }

    /// It asked over the socket that only the owner of the data may open.
    pub(crate) fn is_owner(self) -> bool {
        self.way == Way::Owner
    }

    /// The name and port that it asked, when a trusted proxy tells: only to be shown. Many proxies pass on what the
    /// client wrote there, so that nothing may be allowed by it.
    pub(crate) fn asked(self, headers: &HeaderMap) -> Option<&str> {
        let told = headers.get("x-forwarded-host").filter(|_| self.way == Way::Proxy)?.to_str().ok()?;
        let first = told.split(',').next()?.trim();
        first.parse::<http::uri::Authority>().is_ok_and(|it| !it.as_str().contains('@')).then_some(first)
    }
}

/// From the end of the list, which the nearest proxy wrote, the first address that is no proxy of ours.
fn first_untrusted(headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let mut last = None;
    let values: Vec<_> = headers.get_all(&FORWARDED_FOR).iter().filter_map(|v| v.to_str().ok()).collect();
    for text in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        let Ok(address) = text.trim().parse::<IpAddr>() else { return last };
        let address = address.to_canonical();
        last = Some(address);
        if !is_trusted(address, trusted) {
            return last;
        }
    }
    last
}

fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|net| net.contains(&address))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Client, Peer};
    use http::HeaderMap;

    fn headers(forwarded: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().unwrap());
        headers.insert("x-forwarded-proto", "https".parse().unwrap());
        headers
    }

    fn client(peer: &str, forwarded: &str, trusted: &[&str]) -> Client {
        let nets: Vec<_> = trusted.iter().map(|n| n.parse().unwrap()).collect();
        Client::of(Peer::Ip(peer.parse().unwrap()), false, &headers(forwarded), &nets)
    }

    #[test]
    fn a_stranger_is_not_believed() {
        let seen = client("203.0.113.9", "10.0.0.1", &["127.0.0.1/32"]);
        assert_eq!(seen.address, Some("203.0.113.9".parse().unwrap()));
        assert!(!seen.secure);
    }

    #[test]
    fn a_proxy_is_believed_about_the_hop_before_it_only() {
        let seen = client("127.0.0.1", "1.2.3.4, 198.51.100.7, 127.0.0.2", &["127.0.0.0/8"]);
        assert_eq!(seen.address, Some("198.51.100.7".parse().unwrap()));
        assert!(seen.secure && !seen.loopback);
    }

    #[test]
    fn the_name_that_a_trusted_proxy_was_asked_by_is_known() {
        let asked = |host: &str, trusted: &[&str]| {
            let mut headers = headers("198.51.100.7");
            headers.insert("x-forwarded-host", host.parse().unwrap());
            let nets: Vec<_> = trusted.iter().map(|n| n.parse().unwrap()).collect();
            let client = Client::of(Peer::Ip([127, 0, 0, 1].into()), false, &headers, &nets);
            client.asked(&headers).map(str::to_owned)
        };
        assert_eq!(
            asked("box.example.org:8443, inner", &["127.0.0.1/32"]).as_deref(),
            Some("box.example.org:8443")
        );
        assert_eq!(asked("box.example.org", &[]), None, "a stranger's word");
        for bad in ["", "a b", "evil@box", "box/path"] {
            assert_eq!(asked(bad, &["127.0.0.1/32"]), None, "{bad}");
        }
    }

    #[test]
    fn what_an_unlisted_proxy_forwards_is_not_loopback() {
        assert!(!client("127.0.0.1", "198.51.100.7", &[]).loopback);
        assert!(Client::of(Peer::Local, false, &HeaderMap::new(), &[]).loopback);
    }
}
