//! Puts the parts together and takes them apart in order.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::events::Courier;
use crate::http::{self, HttpConfig, KeyRing, Limits, Listener, Socket};
use crate::instance::{Parts, Registry};
use crate::link::cloud::{CloudConfig, CloudFactory};
use crate::link::web::{Server, WebConfig, WebFactory};
use crate::link::{Link, LinkContext, LinkFactory};
use crate::model::{Clock, Digest, Integration, Secret, SystemClock, Token};
use crate::net::{Net, NetConfig};
use crate::store::{Retention, Store, load_or_make_key};
use crate::systemd;

/// How often old events are looked for. An idle box writes nothing then.
const PRUNE: Duration = Duration::from_mins(10);
const KEEP: Retention = Retention {
    delivered: Duration::from_hours(24),
    dead: Duration::from_hours(14 * 24),
    bytes: 64 * 1024 * 1024,
};

/// tetherd could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(std::net::SocketAddr, std::io::Error),
    /// Storage.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// Network.
    #[error(transparent)]
    Net(#[from] crate::net::NetError),
    /// The instances cannot be read.
    #[error("{0}")]
    Load(#[from] crate::instance::LedgerError),
    /// The operating system has no randomness.
    #[error("no randomness: {0}")]
    Random(String),
}

/// What a started daemon tells its starter.
pub struct Started {
    /// Where it listens.
    pub address: std::net::SocketAddr,
    /// The global key, when it was made just now: shown this once.
    pub key: Option<Secret>,
}

/// Runs until `shutdown`. `started` is called once, when the listener answers and the instances are
/// loaded. Ends within 5 s.
///
/// # Errors
/// [`DaemonError`], before `started` was called.
pub async fn run(
    config: Config,
    shutdown: CancellationToken,
    started: impl FnOnce(&Started),
) -> Result<(), DaemonError> {
    run_with(config, shutdown, started, |state| state).await
}

/// As [`run`]; `dress` may add to what requests use.
pub(crate) async fn run_with(
    config: Config,
    shutdown: CancellationToken,
    started: impl FnOnce(&Started),
    dress: impl FnOnce(http::State) -> http::State,
) -> Result<(), DaemonError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let listener =
        TcpListener::bind(config.listen).await.map_err(|error| DaemonError::Listen(config.listen, error))?;
    let address = listener.local_addr().map_err(|error| DaemonError::Listen(config.listen, error))?;
    let sealing =
        load_or_make_key(&systemd::credential("sealing.key").unwrap_or(config.data_dir.join("sealing.key")))?;
    let store = Store::open(&config.data_dir.join("tetherd.db"), sealing, Arc::clone(&clock)).await?;
    let (keys, fresh) = keys(&store, &config).await?;
    let net = Net::new(
        &NetConfig { extra_ca: config.net.extra_ca.clone(), ..NetConfig::default() },
        Arc::clone(&clock),
    )?;
    let registry = Registry::start(Parts {
        ledger: Arc::new(store.clone()),
        links: Arc::new(factory(&store, net.clone(), &clock, &config)),
        clock: Arc::clone(&clock),
        chance,
        code_limit: config.qr.limit,
    })
    .await?;
    let courier = Courier {
        store: store.clone(),
        net: net.clone(),
        clock: Arc::clone(&clock),
        chance,
        server_url: config.http.public_url.clone().unwrap_or_else(|| format!("http://{address}")),
    };
    let http_config = HttpConfig {
        hosts: config.http.hosts.clone(),
        cors_origins: config.http.cors_origins.clone(),
        trusted_proxies: config.http.trusted_proxies.clone(),
        public_url: config.http.public_url.clone(),
        app_secret: config.cloud.app_secret.clone(),
        verify_token: config.cloud.verify_token.clone(),
        ..HttpConfig::default()
    };
    let state = Arc::new(dress(http::State::new(
        Arc::clone(&registry),
        Arc::new(KeyRing::new(keys)),
        clock,
        http_config,
        store.clone(),
        net,
    )));
    state.set_ready(true);
    systemd::ready();
    started(&Started { address, key: fresh });

    let listeners = vec![Listener { socket: Socket::Tcp(listener), tls: None }];
    let serving =
        tokio::spawn(http::serve(Arc::clone(&state), listeners, Limits::default(), shutdown.clone()));
    let carrying = tokio::spawn(courier.run(shutdown.clone()));
    let keeping = tokio::spawn(keep_house(store.clone(), shutdown.clone()));
    let watching = tokio::spawn(systemd::attend(Arc::clone(&registry), store.clone(), shutdown.clone()));
    shutdown.cancelled().await;
    systemd::stopping();
    state.set_ready(false);
    // Links first: what they still have to save is saved while answers under way finish.
    registry.stop().await;
    for task in [serving, carrying, keeping, watching] {
        let _ = task.await;
    }
    store.close().await;
    Ok(())
}

/// The digests of the global keys; makes one at first start.
async fn keys(store: &Store, config: &Config) -> Result<(Vec<Digest>, Option<Secret>), DaemonError> {
    let given = config.api_key.as_ref().map(|key| Digest::of(key.expose()));
    let mut known: Vec<_> = store.api_keys().await?.into_iter().map(|key| key.digest).collect();
    let mut fresh = None;
    if known.is_empty() && given.is_none() {
        let key = Token::generate().map_err(|error| DaemonError::Random(error.to_string()))?;
        let digest = Digest::of(key.expose());
        store.put_api_key("first".into(), digest).await?;
        known.push(digest);
        fresh = Some(key);
    }
    known.extend(given);
    Ok((known, fresh))
}

fn factory(store: &Store, net: Net, clock: &Arc<dyn Clock>, config: &Config) -> Factory {
    let mut server = Server::whatsapp();
    if let Some(url) = &config.whatsapp.url {
        server.socket.clone_from(url);
    }
    if let Some(page) = &config.whatsapp.version_page {
        server.version_page.clone_from(page);
    }
    let web = WebConfig {
        device_name: config.whatsapp.device_name.clone(),
        version: config.whatsapp.version,
        server,
    };
    let cloud = CloudConfig {
        graph_url: config.cloud.graph_url.trim_end_matches('/').to_owned(),
        version: config.cloud.version.clone(),
        interval: Duration::from_mins(config.cloud.interval.into()),
    };
    Factory {
        cloud: CloudFactory::new(store.clone(), net.clone(), cloud, chance),
        web: WebFactory::new(store.clone(), net, Arc::clone(clock), web),
    }
}

/// The right kind of link for each instance.
struct Factory {
    web: WebFactory,
    cloud: CloudFactory,
}

impl LinkFactory for Factory {
    fn make(&self, context: LinkContext) -> Arc<dyn Link> {
        match context.integration {
            Integration::Web => self.web.make(context),
            Integration::Cloud => self.cloud.make(context),
        }
    }
}

/// Forgets old events, step by step.
async fn keep_house(store: Store, shutdown: CancellationToken) {
    let mut due = tokio::time::interval(PRUNE);
    while shutdown.run_until_cancelled(due.tick()).await.is_some() {
        loop {
            match store.prune_events(KEEP).await {
                Ok(pruned) if pruned.more => tokio::task::yield_now().await,
                Ok(_) => break,
                Err(error) => {
                    tracing::warn!(%error, "old events could not be forgotten");
                    break;
                }
            }
        }
    }
}

/// From 0 to 1.
fn chance() -> f64 {
    getrandom::u32().map_or(0.5, |n| f64::from(n) / f64::from(u32::MAX))
}
