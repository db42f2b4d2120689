//! Where connections of a kind may go, decided on addresses, never on names: a name can mean anything
//! by the time that it is connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

/// What a webhook may be connected to.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Only these networks, when there are any.
    pub allow: Vec<IpNet>,
    /// Never these.
    pub deny: Vec<IpNet>,
    /// Where this process itself listens.
    pub own: Vec<SocketAddr>,
}

/// Metadata services of clouds outside of the link-local networks.
const METADATA: [IpAddr; 2] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
];

impl Reach {
    /// Why an address is not connected to; none when it may be.
    #[must_use]
    pub fn refuses(&self, address: IpAddr) -> Option<&'static str> {
        let address = plain(address);
        let link_local = match address {
            IpAddr::V4(v4) => v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        };
        if link_local || METADATA.contains(&address) {
            return Some("link-local and metadata addresses are never connected to");
        }
        if address.is_unspecified() || address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST) {
            return Some("it is the address of no machine");
        }
        if self.deny.iter().any(|net| net.contains(&address)) {
            return Some("[webhooks] deny lists its network");
        }
        if !self.allow.is_empty() && !self.allow.iter().any(|net| net.contains(&address)) {
            return Some("[webhooks] allow does not list its network");
        }
        None
    }

    /// Whether a connection that stands leads back to this process: the kernel takes the address that it
    /// goes to as the one that it comes from, when that is this box.
    pub(super) fn is_own(&self, local: SocketAddr, peer: SocketAddr) -> bool {
        let (from, to) = (plain(local.ip()), plain(peer.ip()));
        let here = to.is_loopback() || from == to;
        let listens = |own: &SocketAddr| {
            own.port() == peer.port() && (own.ip().is_unspecified() || plain(own.ip()) == to)
        };
        here && self.own.iter().any(listens)
    }
}

/// An IPv4 address that is dressed up as IPv6 (RFC 4291 §2.5.5.2, RFC 6052 §2.1) is what it leads to.
fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address.to_canonical() else { return address.to_canonical() };
    match v6.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            IpAddr::V4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
        }
        _ => IpAddr::V6(v6),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Reach;

    fn refused(reach: &Reach, address: &str) -> bool {
        reach.refuses(address.parse().unwrap()).is_some()
    }

    #[test]
    fn metadata_in_every_dress_is_refused_and_a_home_is_not() {
        let any = Reach::default();
        for never in [
            "169.254.169.254",
            "169.254.170.2",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fe80::1",
            "fd00:ec2::254",
            "100.100.100.200",
            "0.0.0.0",
            "::",
            "224.0.0.251",
            "255.255.255.255",
        ] {
            assert!(refused(&any, never), "{never}");
        }
        for fine in
            ["127.0.0.1", "::1", "192.168.1.20", "10.0.0.1", "172.16.0.1", "fd00::1", "1.1.1.1", "100.64.0.1"]
        {
            assert!(!refused(&any, fine), "{fine}");
        }
    }

    #[test]
    fn allow_is_all_that_is_allowed_and_deny_wins() {
        let nets = |list: &[&str]| list.iter().map(|net| net.parse().unwrap()).collect();
        let home = Reach {
            allow: nets(&["192.168.0.0/16", "169.254.0.0/16", "::/0"]),
            deny: nets(&["192.168.9.0/24"]),
            ..Reach::default()
        };
        assert!(!refused(&home, "192.168.1.1") && !refused(&home, "::ffff:192.168.1.1"));
        assert!(refused(&home, "192.168.9.1") && refused(&home, "::ffff:192.168.9.1"), "deny wins");
        assert!(refused(&home, "8.8.8.8"));
        assert!(refused(&home, "169.254.169.254"), "metadata is not for allowing");
    }

    #[test]
    fn our_own_listener_is_known_by_the_connection() {
        let own = |listen: &str, local: &str, peer: &str| {
            let reach = Reach { own: vec![listen.parse().unwrap()], ..Reach::default() };
            reach.is_own(local.parse().unwrap(), peer.parse().unwrap())
        };
        assert!(own("127.0.0.1:8080", "127.0.0.1:50000", "127.0.0.1:8080"));
        assert!(
            own("0.0.0.0:8080", "192.168.1.5:50000", "192.168.1.5:8080"),
            "by its address on the network"
        );
        assert!(own("[::]:8080", "127.0.0.1:50000", "127.0.0.9:8080"));
        assert!(
            !own("127.0.0.1:8080", "192.168.1.5:50000", "192.168.1.5:8080"),
            "somebody else's, on the same port"
        );
        assert!(!own("0.0.0.0:8080", "192.168.1.5:50000", "192.168.1.6:8080"), "another machine");
        assert!(!own("0.0.0.0:8080", "127.0.0.1:50000", "127.0.0.1:8123"), "another port");
    }
}
