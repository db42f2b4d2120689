//! Ways out that appear.
//!
//! The kernel's word that something changed is only a bell: what there is is read from `/proc` each time,
//! in a form that is easy to compare.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use super::Change;
use super::bell::Bell;

/// The process's own network, which is there also where the rest of `/proc` is hidden.
const NET: &str = "/proc/self/net";
/// The devices: a cable that is pulled takes no route with it that somebody set by hand.
const DEVICES: &str = "/sys/class/net";
/// An address, a route and a name server come one after the other.
const SETTLE: Duration = Duration::from_millis(250);
/// Between two changes that are told; together with [`SETTLE`] within the 2 s of the contract.
const REST: Duration = Duration::from_secs(1);

/// Devices of containers and virtual machines on this box: no way out appears there.
const INSIDE: &[&str] = &["lo", "veth", "docker", "br-", "virbr", "cni", "flannel", "cali"];

const UP: u32 = 0x1;
/// `RTF_REJECT`: a route that leads nowhere.
const REJECT: u32 = 0x200;
/// `IFA_F_TENTATIVE`: not sure yet that nobody else has it.
const TENTATIVE: u32 = 0x40;

pub(super) async fn watch(tell: mpsc::Sender<Change>) {
    let mut bell = Bell::new();
    let mut known = ways(Path::new(NET), Path::new(DEVICES)).await;
    loop {
        bell.rings().await;
        sleep(SETTLE).await;
        bell.silence();
        let now = ways(Path::new(NET), Path::new(DEVICES)).await;
        let appeared = now.difference(&known).next().is_some();
        known = now;
        if appeared {
            if tell.send(Change::Network).await.is_err() {
                return;
            }
            sleep(REST).await;
        }
    }
}

/// Routes and addresses over devices that are not known to be cut off, without what changes although they
/// stay the same. Each ends with its device.
async fn ways(net: &Path, devices: &Path) -> BTreeSet<String> {
    let read = async |file: &str| tokio::fs::read_to_string(net.join(file)).await.unwrap_or_default();
    let mut ways = BTreeSet::new();
    ways.extend(read("route").await.lines().skip(1).filter_map(route));
    ways.extend(read("ipv6_route").await.lines().filter_map(route6));
    ways.extend(read("if_inet6").await.lines().filter_map(address6));
    let used: BTreeSet<_> = ways.iter().filter_map(|way| way.rsplit(' ').next()).map(str::to_owned).collect();
    for device in used {
        let carrier = tokio::fs::read_to_string(devices.join(&device).join("carrier")).await;
        if carrier.is_ok_and(|carrier| carrier.trim() == "0") {
            ways.retain(|way| way.rsplit(' ').next() != Some(device.as_str()));
        }
    }
    ways
}

/// `Iface Destination Gateway Flags RefCnt Use Metric Mask …`; an address has the route to its network.
fn route(line: &str) -> Option<String> {
    let fields: Vec<_> = line.split_whitespace().collect();
    let [device, to, gateway, flags, _, _, _, mask, ..] = fields.as_slice() else { return None };
    let default = to.bytes().chain(mask.bytes()).all(|b| b == b'0');
    let counts = has(flags, UP) && (default || is_outside(device));
    counts.then(|| format!("{to}/{mask} {gateway} {device}"))
}

/// Destination, its length, source, its length, next hop, metric, counts, flags, device.
fn route6(line: &str) -> Option<String> {
    let fields: Vec<_> = line.split_whitespace().collect();
    let [to, length, _, _, hop, _, _, _, flags, device] = fields.as_slice() else { return None };
    let local = to.starts_with("fe80") || to.starts_with("ff");
    let default = *length == "00";
    let counts =
        has(flags, UP) && !has(flags, REJECT) && !local && *device != "lo" && (default || is_outside(device));
    counts.then(|| format!("{to}/{length} {hop} {device}"))
}

/// Address, device's number, length, scope, flags, device.
fn address6(line: &str) -> Option<String> {
    let fields: Vec<_> = line.split_whitespace().collect();
    let [address, _, _, scope, flags, device] = fields.as_slice() else { return None };
    let counts = *scope == "00" && !has(flags, TENTATIVE) && is_outside(device);
    counts.then(|| format!("{address} {device}"))
}

fn has(flags: &str, flag: u32) -> bool {
    u32::from_str_radix(flags, 16).is_ok_and(|flags| flags & flag != 0)
}

fn is_outside(device: &str) -> bool {
    !INSIDE.iter().any(|inside| device.starts_with(inside))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::ways;

    const ROUTE: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
        wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n\
        wlan0\t0001A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0\n\
        docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n";
    const ROUTE6: &str = "\
        00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe80000000000000000000000000beef 00000400 00000001 00000000 00450003    wlan0\n\
        fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001    wlan0\n\
        00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n";
    const INET6: &str = "\
        20010db8000000000000000000000007 03 40 00 40    wlan0\n\
        fe800000000000000000000000000001 03 40 20 80    wlan0\n";

    #[tokio::test]
    async fn what_leads_out_is_told_apart_from_what_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let put = |file: &str, text: &str| std::fs::write(folder.path().join(file), text).unwrap();
        let devices = tempfile::tempdir().unwrap();
        std::fs::create_dir(devices.path().join("wlan0")).unwrap();
        let ways = async || ways(folder.path(), devices.path()).await;
        assert!(ways().await.is_empty(), "no such files: no way out");
        put("route", ROUTE);
        put("ipv6_route", ROUTE6);
        put("if_inet6", INET6);
        let known = ways().await;
        assert_eq!(known.len(), 3, "{known:?}");
        put("route", &ROUTE.replace("600", "100").replace("\t0\t0\t", "\t5\t9\t"));
        assert_eq!(ways().await, known, "counts and metrics are no news");
        put("if_inet6", &INET6.replace(" 40    wlan0", " 00    wlan0"));
        assert_eq!(ways().await.difference(&known).count(), 1, "an address that is sure now");
        put("route", "");
        put("ipv6_route", "");
        assert_eq!(ways().await.difference(&known).count(), 1, "what goes is no reason to try");
        put("route", ROUTE);
        put("ipv6_route", ROUTE6);
        put("if_inet6", INET6);
        let carrier = devices.path().join("wlan0/carrier");
        std::fs::write(&carrier, "0\n").unwrap();
        assert!(ways().await.is_empty(), "the cable is out");
        std::fs::write(&carrier, "1\n").unwrap();
        assert_eq!(ways().await, known, "and in again");
    }
}
