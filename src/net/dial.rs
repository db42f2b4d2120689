//! TCP to the first address that answers, both families in turn (in the manner of RFC 8305).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;

use super::names::Names;
use super::{Awaited, NetError, Reach};

/// How long one address may take before the next one is tried beside it (RFC 8305 §5).
const HEAD_START: Duration = Duration::from_millis(250);
/// How long one address may take at all.
const ATTEMPT: Duration = Duration::from_secs(8);
/// Names with more addresses than this are not waited for to the end.
const ADDRESSES: usize = 6;

pub(super) async fn dial(
    names: &Names,
    host: &str,
    port: u16,
    reach: Option<&Reach>,
) -> Result<TcpStream, NetError> {
    let addresses = allowed(names.lookup(host).await?, host, reach)?;
    let mut tries: FuturesUnordered<_> = (0_u32..)
        .zip(in_turn(addresses).into_iter().take(ADDRESSES))
        .map(|(place, address)| async move {
            tokio::time::sleep(HEAD_START * place).await;
            let connecting = TcpStream::connect(SocketAddr::new(address, port));
            match tokio::time::timeout(ATTEMPT, connecting).await {
                Ok(done) => done.map_err(|error| NetError::from_io(host, &error)),
                Err(_) => Err(NetError::Timeout { host: host.to_owned(), awaited: Awaited::Connection }),
            }
        })
        .collect();
    let mut worst = NetError::Name { host: host.to_owned(), why: "it has no address".into() };
    while let Some(done) = tries.next().await {
        match done {
            Ok(stream) => {
                if reach.is_some_and(|reach| leads_back(reach, &stream)) {
                    let why = "that is this tetherd itself";
                    return Err(NetError::Forbidden { host: host.to_owned(), why });
                }
                // Small frames that somebody waits for.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            // What the first address says is said; a missing second family explains nothing.
            Err(error) if matches!(worst, NetError::Name { .. } | NetError::Offline { .. }) => worst = error,
            Err(_) => {}
        }
    }
    Err(worst)
}

/// The addresses that may be connected to; with none of those, why not.
fn allowed(addresses: Vec<IpAddr>, host: &str, reach: Option<&Reach>) -> Result<Vec<IpAddr>, NetError> {
    let Some(reach) = reach else { return Ok(addresses) };
    let (mut may, mut why) = (Vec::new(), None);
    for address in addresses {
        match reach.refuses(address) {
            None => may.push(address),
            Some(refused) => why = Some(refused),
        }
    }
    match why {
        Some(why) if may.is_empty() => Err(NetError::Forbidden { host: host.to_owned(), why }),
        _ => Ok(may),
    }
}

fn leads_back(reach: &Reach, stream: &TcpStream) -> bool {
    match (stream.local_addr(), stream.peer_addr()) {
        (Ok(local), Ok(peer)) => reach.is_own(local, peer),
        // It is gone already; whoever writes to it will say so.
        _ => false,
    }
}

/// The families in turn, in the order that the name server gave.
fn in_turn(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let (six, four): (Vec<_>, Vec<_>) = addresses.into_iter().partition(IpAddr::is_ipv6);
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    let mut ordered = Vec::new();
    loop {
        match (four.next(), six.next()) {
            (None, None) => return ordered,
            (a, b) => ordered.extend(a.into_iter().chain(b)),
        }
    }
}
