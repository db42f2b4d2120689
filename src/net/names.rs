//! Names: addresses, the hosts file, name servers. Works in a static binary.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::parse_resolv_conf;
use hickory_resolver::{Resolver, TokioResolver};

use super::NetError;

const LIMIT: Duration = Duration::from_secs(5);

pub(super) struct Names {
    resolv_conf: PathBuf,
    /// The resolver for the file as it was at that moment; a laptop changes its network, a Pi gets its
    /// name server after start.
    known: Mutex<Option<(Option<SystemTime>, TokioResolver)>>,
}

impl Names {
    pub(super) fn new(resolv_conf: PathBuf) -> Self {
        Self { resolv_conf, known: Mutex::default() }
    }

    pub(super) async fn lookup(&self, host: &str) -> Result<Vec<IpAddr>, NetError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse() {
            return Ok(vec![address]);
        }
        if bare.eq_ignore_ascii_case("localhost") {
            return Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        }
        let resolver = self.resolver(host)?;
        let name = |why: String| NetError::Name { host: host.to_owned(), why };
        let found = tokio::time::timeout(LIMIT, resolver.lookup_ip(bare)).await;
        let found = found.map_err(|_| name("no name server answered".into()))?.map_err(|e| {
            name(if e.is_nx_domain() || e.is_no_records_found() {
                "it does not exist".into()
            } else {
                e.to_string()
            })
        })?;
        Ok(found.iter().collect())
    }

    fn resolver(&self, host: &str) -> Result<TokioResolver, NetError> {
        let changed = std::fs::metadata(&self.resolv_conf).and_then(|m| m.modified()).ok();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, resolver)) = known.as_ref()
            && *at == changed
        {
            return Ok(resolver.clone());
        }
        let offline = || NetError::Offline { host: host.to_owned() };
        let text = std::fs::read(&self.resolv_conf).map_err(|_| offline())?;
        let (config, options) = parse_resolv_conf(text).map_err(|_| offline())?;
        if config.name_servers().is_empty() {
            return Err(offline());
        }
        let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
        *builder.options_mut() = options;
        let resolver = builder.build().map_err(|_| offline())?;
        *known = Some((changed, resolver.clone()));
        Ok(resolver)
    }
}
