//! Names of the local network: a one-shot query by multicast DNS (RFC 6762 §5.1).
//!
//! Asked from a port of our own, so that answers come to us alone and nobody's port 5353 is needed.
//! Anybody on the network may answer: an address from here is no proof of who is there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RData, RecordType};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until, timeout_at};

/// When the question goes out, counted from the first time: just after a cable is plugged in the first
/// ones are lost.
const ASKED: [Duration; 3] = [Duration::ZERO, Duration::from_millis(250), Duration::from_secs(1)];
/// How long an answer is waited for, from the first question on.
const END: Duration = Duration::from_millis(2500);
/// After the first answer, for the other family and for other interfaces.
const MORE: Duration = Duration::from_millis(25);
/// The largest answer that is read (RFC 6762 §17).
const ANSWER: usize = 9000;
/// Addresses that one name may have; more is nonsense or malice.
const ADDRESSES: usize = 16;

const GROUP_V4: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 251)), 5353);
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);

/// Asks the networks that this box is on.
pub(super) struct Mdns {
    /// From where to where; anew for each question, because interfaces come and go.
    ways: Box<dyn Fn() -> Vec<(SocketAddr, SocketAddr)> + Send + Sync>,
}

impl Mdns {
    /// On every interface that has an address.
    pub(super) fn everywhere() -> Self {
        Self { ways: Box::new(ways) }
    }

    /// Only this way.
    #[cfg(test)]
    pub(super) fn at(from: SocketAddr, to: SocketAddr) -> Self {
        Self { ways: Box::new(move || vec![(from, to)]) }
    }

    /// Not at all.
    #[cfg(test)]
    pub(super) fn nowhere() -> Self {
        Self { ways: Box::new(Vec::new) }
    }

    /// The addresses that answer to a name; none after 2.5 s.
    pub(super) async fn lookup(&self, host: &str) -> Vec<IpAddr> {
        let Ok(name) = Name::from_ascii(format!("{host}.")) else { return Vec::new() };
        let question = Question::new(name);
        let Ok(bytes) = question.bytes() else { return Vec::new() };
        let mut asking: FuturesUnordered<_> =
            (self.ways)().into_iter().map(|(from, to)| ask(&question, &bytes, from, to)).collect();
        let mut found = Vec::new();
        let mut end = Instant::now() + END + MORE;
        while let Ok(Some(more)) = timeout_at(end, asking.next()).await {
            for address in more {
                if !found.contains(&address) && found.len() < ADDRESSES {
                    found.push(address);
                    end = end.min(Instant::now() + MORE);
                }
            }
        }
        found
    }
}

struct Question {
    id: u16,
    name: Name,
}

impl Question {
    fn new(name: Name) -> Self {
        // Without randomness the answer is only easier to forge, which it is anyway.
        Self { id: getrandom::u32().map_or(1, |n| u16::try_from(n & 0xffff).unwrap_or(1)), name }
    }

    fn bytes(&self) -> Result<Vec<u8>, hickory_proto::ProtoError> {
        let mut message = Message::new(self.id, MessageType::Query, OpCode::Query);
        for kind in [RecordType::A, RecordType::AAAA] {
            message.add_query(Query::query(self.name.clone(), kind));
        }
        message.to_vec()
    }

    /// Addresses for our name in an answer to us. A link-local IPv6 address is none that can be
    /// connected to without its interface.
    fn answers(&self, bytes: &[u8]) -> Vec<IpAddr> {
        let Ok(message) = Message::from_vec(bytes) else { return Vec::new() };
        let to_us = message.metadata.id == self.id || message.metadata.id == 0;
        if message.metadata.message_type != MessageType::Response || !to_us {
            return Vec::new();
        }
        let records = message.answers.iter().chain(&message.additionals);
        let ours = records.filter(|r| r.name.to_lowercase() == self.name.to_lowercase());
        let addresses = ours.filter_map(|record| match &record.data {
            RData::A(a) => Some(IpAddr::V4(a.0)),
            RData::AAAA(a) if !a.0.is_unicast_link_local() => Some(IpAddr::V6(a.0)),
            _ => None,
        });
        addresses.take(ADDRESSES).collect()
    }
}

/// One interface. An interface that cannot be used has no answer.
async fn ask(question: &Question, bytes: &[u8], from: SocketAddr, to: SocketAddr) -> Vec<IpAddr> {
    // Bound to the address, Linux sends multicast out of the interface that has it.
    let Ok(socket) = UdpSocket::bind(from).await else { return Vec::new() };
    let began = Instant::now();
    let mut end = began + END;
    let mut times = ASKED.iter();
    let mut next = times.next().map(|after| began + *after);
    let (mut found, mut buffer) = (Vec::new(), vec![0; ANSWER]);
    loop {
        tokio::select! {
            () = sleep_until(next.unwrap_or(end)), if next.is_some() => {
                if socket.send_to(bytes, to).await.is_err() && found.is_empty() && times.len() == 0 {
                    return found;
                }
                next = times.next().map(|after| began + *after);
            }
            received = socket.recv_from(&mut buffer) => {
                let Ok((length, _)) = received else { continue };
                let answers = question.answers(buffer.get(..length).unwrap_or_default());
                if !answers.is_empty() {
                    found.extend(answers);
                    next = None;
                    end = end.min(Instant::now() + MORE);
                }
            }
            () = sleep_until(end) => return found,
        }
    }
}

/// From each address of this box to the group of its family. What cannot be told is the default route.
fn ways() -> Vec<(SocketAddr, SocketAddr)> {
    let read = |file| std::fs::read_to_string(file).unwrap_or_default();
    let mut ways: Vec<_> = local_v4(&read("/proc/self/net/fib_trie"))
        .into_iter()
        .map(|address| (SocketAddr::new(address.into(), 0), GROUP_V4))
        .collect();
    if ways.is_empty() {
        ways.push((SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0), GROUP_V4));
    }
    ways.extend(link_local_v6(&read("/proc/self/net/if_inet6")).into_iter().map(|(address, interface)| {
        let at = |ip, port| SocketAddr::V6(SocketAddrV6::new(ip, port, 0, interface));
        (at(address, 0), at(GROUP_V6, 5353))
    }));
    ways
}

/// The kernel's own list, read without netlink, which the hardened unit does not allow.
fn local_v4(fib_trie: &str) -> Vec<Ipv4Addr> {
    let (mut last, mut found) = (None, Vec::new());
    for line in fib_trie.lines().map(str::trim_start) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.trim().parse::<Ipv4Addr>().ok();
        } else if line.starts_with("/32 host LOCAL")
            && let Some(address) = last.filter(|address| !address.is_loopback() && !found.contains(address))
        {
            found.push(address);
        }
    }
    found
}

/// Address and interface of every link-local IPv6 address (scope `20`).
fn link_local_v6(if_inet6: &str) -> Vec<(Ipv6Addr, u32)> {
    let lines = if_inet6.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let read = lines.filter_map(|fields| match fields.as_slice() {
        [address, interface, _, "20", ..] => {
            let address = u128::from_str_radix(address, 16).ok()?;
            Some((Ipv6Addr::from(address), u32::from_str_radix(interface, 16).ok()?))
        }
        _ => None,
    });
    read.collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{ASKED, END, Mdns, link_local_v6, local_v4};
    use hickory_proto::op::{Message, MessageType, OpCode};
    use hickory_proto::rr::{Name, RData, Record};
    use std::net::{IpAddr, Ipv4Addr, SocketAddr};
    use std::str::FromStr;
    use tokio::net::UdpSocket;
    use tokio::time::Instant;

    const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    /// Answers only the question of this number, and counts those before.
    async fn responder(silent: usize, answers: Vec<(&'static str, &'static str)>) -> (Mdns, SocketAddr) {
        let socket = UdpSocket::bind(HERE).await.unwrap();
        let at = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut buffer = vec![0; 1500];
            for n in 0.. {
                let (length, asker) = socket.recv_from(&mut buffer).await.unwrap();
                let query = Message::from_vec(&buffer[..length]).unwrap();
                assert_eq!(query.queries.len(), 2, "A and AAAA in one question");
                if n < silent {
                    continue;
                }
                let mut message = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
                for (name, address) in &answers {
                    let data = RData::from(IpAddr::from_str(address).unwrap());
                    message.add_answer(Record::from_rdata(Name::from_ascii(name).unwrap(), 120, data));
                }
                socket.send_to(&message.to_vec().unwrap(), asker).await.unwrap();
            }
        });
        (Mdns::at(HERE, at), at)
    }

    #[tokio::test]
    async fn both_families_of_our_name_and_of_no_other() {
        let answers = vec![
            ("HomeAssistant.local.", "192.0.2.5"),
            ("homeassistant.local.", "2001:db8::5"),
            ("homeassistant.local.", "fe80::5"),
            ("other.local.", "192.0.2.66"),
        ];
        let (mdns, _) = responder(0, answers).await;
        let found = mdns.lookup("homeassistant.local").await;
        assert_eq!(found, [IpAddr::from_str("192.0.2.5").unwrap(), IpAddr::from_str("2001:db8::5").unwrap()]);
    }

    #[tokio::test]
    async fn a_lost_question_is_repeated() {
        let (mdns, _) = responder(2, vec![("pi.local.", "192.0.2.9")]).await;
        let began = Instant::now();
        assert_eq!(mdns.lookup("pi.local").await.len(), 1);
        assert!(began.elapsed() >= ASKED[2], "only the third question was answered");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_answers_to_it_for_two_and_a_half_seconds() {
        let (mdns, _) = responder(usize::MAX, vec![]).await;
        let began = Instant::now();
        assert!(mdns.lookup("nobody.local").await.is_empty());
        assert!(began.elapsed() >= END && began.elapsed() < END * 2);
    }

    #[test]
    fn the_kernels_lists_are_read() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n  |-- 127.0.0.1\n     /32 host LOCAL\n\
                    |-- 192.168.1.0\n  /24 link UNICAST\n |-- 192.168.1.7\n    /32 host LOCAL\n |-- 192.168.1.255\n /32 link BROADCAST\n\
                    Local:\n |-- 192.168.1.7\n    /32 host LOCAL\n |-- 10.0.0.2\n    /32 host LOCAL\n";
        assert_eq!(local_v4(trie), [Ipv4Addr::new(192, 168, 1, 7), Ipv4Addr::new(10, 0, 0, 2)]);
        let inet6 = "fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n00000000000000000000000000000001 01 80 10 80       lo\n";
        assert_eq!(link_local_v6(inet6), [("fe80::fc:ff:fe00:1".parse().unwrap(), 4)]);
    }
}
