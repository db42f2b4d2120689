//! Names: addresses, the hosts file, the local network's own names, name servers. Works in a static binary.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hickory_proto::op::Query;
use hickory_proto::rr::{Name, RecordType};
use hickory_resolver::config::LookupIpStrategy;
use hickory_resolver::net::NetError as ResolverError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::parse_resolv_conf;
use hickory_resolver::{Hosts, Resolver, TokioResolver};

use super::NetError;
use super::mdns::Mdns;

/// For name servers; `.local` names have [`Mdns`]'s own limit before that.
const LIMIT: Duration = Duration::from_secs(5);

pub(super) struct Names {
    resolv_conf: PathBuf,
    hosts: PathBuf,
    mdns: Mdns,
    /// Both files as they were last seen: a laptop changes its network, a Pi gets its name server after start.
    known: Mutex<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    changed: [Option<SystemTime>; 2],
    hosts: Arc<Hosts>,
    /// None while no name server is told.
    resolver: Option<TokioResolver>,
}

impl Names {
    pub(super) fn new(resolv_conf: PathBuf, hosts: PathBuf, mdns: Mdns) -> Self {
        Self { resolv_conf, hosts, mdns, known: Mutex::default() }
    }

    /// Addresses of a name, in no order that means anything.
    pub(super) async fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, NetError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        if let Ok(address) = bare.parse() {
            return Ok(vec![address]);
        }
        if bare.eq_ignore_ascii_case("localhost") {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let known = self.known().await;
        let listed = in_hosts(&known.hosts, bare);
        if !listed.is_empty() {
            return Ok(listed);
        }
        let local = is_local(bare);
        if local {
            let found = self.mdns.lookup(bare).await;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let name = |why: String| NetError::Name { host: host.to_owned(), why };
        let Some(resolver) = known.resolver else {
            // Whether this box has a name server says nothing about its own network.
            return Err(if local {
                name(SILENT.into())
            } else {
                NetError::Offline { host: host.to_owned() }
            });
        };
        let found = tokio::time::timeout(LIMIT, resolver.lookup_ip(bare)).await;
        let found = found.map_err(|_| name("no name server answered".into()))?.map_err(|e| {
            // Not one of them could even be sent to.
            if matches!(e, ResolverError::NoConnections) {
                return NetError::Offline { host: host.to_owned() };
            }
            name(if e.is_nx_domain() || e.is_no_records_found() {
                if local { SILENT.into() } else { "it does not exist".into() }
            } else {
                e.to_string()
            })
        })?;
        Ok(found.iter().collect())
    }

    async fn known(&self) -> Known {
        let changed = [modified(&self.resolv_conf).await, modified(&self.hosts).await];
        let kept = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = kept
            && kept.changed == changed
        {
            return kept;
        }
        let hosts = Arc::new(read_hosts(&self.hosts).await);
        let fresh = Known { changed, hosts, resolver: resolver(&self.resolv_conf).await };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(fresh.clone());
        fresh
    }
}

const SILENT: &str = "nothing on this network answers to it";

fn is_local(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end.eq_ignore_ascii_case("local"))
}

async fn modified(file: &Path) -> Option<SystemTime> {
    tokio::fs::metadata(file).await.and_then(|m| m.modified()).ok()
}

async fn read_hosts(file: &Path) -> Hosts {
    let mut hosts = Hosts::default();
    if let Ok(text) = tokio::fs::read(file).await {
        // A line that cannot be read is no reason to forget the others.
        let _ = hosts.read_hosts_conf(text.as_slice());
    }
    hosts
}

fn in_hosts(hosts: &Hosts, host: &str) -> Vec<IpAddr> {
    let Ok(name) = Name::from_ascii(host.to_lowercase()) else { return Vec::new() };
    let kinds = [RecordType::A, RecordType::AAAA];
    let found =
        kinds.into_iter().filter_map(|kind| hosts.lookup_static_host(&Query::query(name.clone(), kind)));
    found
        .flat_map(|lookup| lookup.answers().iter().filter_map(|r| r.data.ip_addr()).collect::<Vec<_>>())
        .collect()
}

/// None when the file tells of no name server (a Pi that is up before its router).
async fn resolver(file: &Path) -> Option<TokioResolver> {
    let text = tokio::fs::read(file).await.ok()?;
    let (config, mut options) = parse_resolv_conf(text).ok()?;
    if config.name_servers().is_empty() {
        return None;
    }
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = options;
    builder.build().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Mdns, Names, is_local};
    use crate::net::NetError;

    #[test]
    fn which_names_are_local() {
        for local in ["homeassistant.local", "HomeAssistant.LOCAL", "a.b.local"] {
            assert!(is_local(local), "{local}");
        }
        for other in ["local", "local.example.org", "notlocal", "homeassistant"] {
            assert!(!is_local(other), "{other}");
        }
    }

    #[tokio::test]
    async fn the_hosts_file_comes_first_and_is_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let (resolv, hosts) = (folder.path().join("resolv.conf"), folder.path().join("hosts"));
        let names = Names::new(resolv, hosts.clone(), Mdns::nowhere());
        let missing = names.lookup("box.local").await;
        assert!(
            matches!(missing, Err(NetError::Name { .. })),
            "no name server is no reason to be offline: {missing:?}"
        );
        assert!(matches!(names.lookup("example.org").await, Err(NetError::Offline { .. })));
        std::fs::write(&hosts, "192.0.2.7 Box.local other # words\n2001:db8::7 box.local\n").unwrap();
        let found = names.lookup("box.LOCAL").await.unwrap();
        assert_eq!(found, ["192.0.2.7".parse::<std::net::IpAddr>().unwrap(), "2001:db8::7".parse().unwrap()]);
        assert_eq!(names.lookup("other.").await.unwrap().len(), 1);
    }
}
