//! Puts the parts together and takes them apart in order.

mod house;
mod links;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::events::{Courier, CourierParts};
use crate::http::{self, HttpConfig, KeyRing, Limits, Listener, Socket};
use crate::instance::{self, Registry};
use crate::model::{Clock, Digest, Secret, SystemClock, Token};
use crate::net::{Net, NetConfig, Reach};
use crate::store::{Retention, Store, load_or_make_key};
use crate::systemd;

/// tetherd could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
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
    pub address: SocketAddr,
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
    let (listeners, address) = listen(&config).await?;
    let (parts, fresh) = Parts::put_together(config, address, dress).await?;
    parts.state.set_ready(true);
    systemd::ready();
    started(&Started { address, key: fresh });
    let tasks = parts.start(listeners, &shutdown);
    shutdown.cancelled().await;
    systemd::stopping();
    parts.take_apart(tasks).await;
    Ok(())
}

/// The sockets, and the address to tell people.
async fn listen(config: &Config) -> Result<(Vec<Listener>, SocketAddr), DaemonError> {
    let wrong = |error| DaemonError::Listen(config.listen, error);
    let listener = TcpListener::bind(config.listen).await.map_err(wrong)?;
    let address = listener.local_addr().map_err(wrong)?;
    Ok((vec![Listener { socket: Socket::Tcp(listener), tls: None }], address))
}

/// What lives as long as the daemon.
struct Parts {
    config: Config,
    store: Store,
    registry: Arc<Registry>,
    courier: Courier,
    state: Arc<http::State>,
}

impl Parts {
    /// Opens the store, loads the instances and starts them. The key is the global one when it was
    /// made just now.
    async fn put_together(
        config: Config,
        address: SocketAddr,
        dress: impl FnOnce(http::State) -> http::State,
    ) -> Result<(Self, Option<Secret>), DaemonError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let sealing = load_or_make_key(
            &systemd::credential("sealing.key").unwrap_or(config.data_dir.join("sealing.key")),
        )?;
        let store = Store::open(&config.data_dir.join("tetherd.db"), sealing, Arc::clone(&clock)).await?;
        let (keys, fresh) = keys(&store, &config).await?;
        let net = Net::new(
            &NetConfig { extra_ca: config.net.extra_ca.clone(), ..NetConfig::default() },
            Arc::clone(&clock),
        )?;
        let registry = Registry::start(instance::Parts {
            ledger: Arc::new(store.clone()),
            links: Arc::new(links::factory(&store, net.clone(), &clock, &config)),
            clock: Arc::clone(&clock),
            chance,
            code_limit: config.qr.limit,
        })
        .await?;
        set_global_webhook(&store, &config).await?;
        let courier = courier(&config, address, &store, net, &clock, &registry);
        let state = Arc::new(dress(http::State::new(
            Arc::clone(&registry),
            Arc::new(KeyRing::new(keys)),
            Arc::clone(&clock),
            http_config(&config),
            store.clone(),
            courier.clone(),
        )));
        Ok((Self { config, store, registry, courier, state }, fresh))
    }

    /// Every task that lives until `shutdown`: a line each.
    fn start(&self, listeners: Vec<Listener>, shutdown: &CancellationToken) -> JoinSet<()> {
        let until = || shutdown.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(http::serve(Arc::clone(&self.state), listeners, Limits::default(), until()));
        tasks.spawn(self.courier.clone().run(until()));
        tasks.spawn(house::keep(self.store.clone(), retention(&self.config), until()));
        tasks.spawn(systemd::attend(Arc::clone(&self.registry), self.store.clone(), until()));
        tasks
    }

    /// Links first: what they still have to save is saved while answers under way finish.
    async fn take_apart(self, mut tasks: JoinSet<()>) {
        self.state.set_ready(false);
        self.registry.stop().await;
        while tasks.join_next().await.is_some() {}
        self.store.close().await;
    }
}

fn courier(
    config: &Config,
    address: SocketAddr,
    store: &Store,
    net: Net,
    clock: &Arc<dyn Clock>,
    registry: &Arc<Registry>,
) -> Courier {
    Courier::new(CourierParts {
        store: store.clone(),
        net,
        clock: Arc::clone(clock),
        chance,
        server_url: config.http.public_url.clone().unwrap_or_else(|| format!("http://{address}")),
        reach: Reach {
            allow: config.webhooks.allow.clone(),
            deny: config.webhooks.deny.clone(),
            own: vec![address],
        },
        spelling: config.events.spelling,
        media: Arc::clone(registry) as _,
        media_limit: usize::try_from(config.webhooks.media_limit).unwrap_or(usize::MAX) * MEGABYTE,
        drain_rate: config.webhooks.drain_rate,
        tried: Duration::from_hours(config.webhooks.give_up.into()),
    })
}

const MEGABYTE: usize = 1024 * 1024;

fn retention(config: &Config) -> Retention {
    Retention {
        delivered: Duration::from_hours(config.events.keep_delivered.into()),
        dead: Duration::from_hours(24 * u64::from(config.events.keep_dead)),
        tried: Duration::from_hours(config.webhooks.give_up.into()),
        bytes: i64::from(config.events.size) * 1024 * 1024,
    }
}

/// The global webhook is as the configuration says; without one, what the last one had still to deliver
/// has no address any more.
async fn set_global_webhook(store: &Store, config: &Config) -> Result<(), DaemonError> {
    let kept = store.webhook_of(None).await?.map(|row| row.webhook);
    match config.webhooks.global() {
        Some(wanted) if kept.as_ref() == Some(&wanted) => {}
        Some(wanted) => {
            store.set_webhook(None, wanted).await?;
        }
        None if kept.is_some() => {
            let dropped = store.remove_global_webhook().await?;
            if dropped > 0 {
                tracing::warn!(
                    dropped,
                    "the global webhook is configured no more; what it had not delivered was dropped"
                );
            }
        }
        None => {}
    }
    Ok(())
}

fn http_config(config: &Config) -> HttpConfig {
    HttpConfig {
        hosts: config.http.hosts.clone(),
        cors_origins: config.http.cors_origins.clone(),
        trusted_proxies: config.http.trusted_proxies.clone(),
        public_url: config.http.public_url.clone(),
        app_secret: config.cloud.app_secret.clone(),
        verify_token: config.cloud.verify_token.clone(),
        ..HttpConfig::default()
    }
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

/// From 0 to 1.
fn chance() -> f64 {
    getrandom::u32().map_or(0.5, |n| f64::from(n) / f64::from(u32::MAX))
}
