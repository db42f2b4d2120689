//! Puts the parts together and takes them apart in order.

mod files;
mod first_key;
mod house;
mod links;
mod listen;
mod owner;
mod reload;
mod webhooks;
mod world;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, Http, KEY_TAKES, is_usable_key};
use crate::events::Courier;
use crate::http::{self, CertificateFiles, HttpConfig, KeyRing, Listener};
use crate::instance::{self, Registry};
use crate::link::web::Farewells;
use crate::model::{Clock, Digest, Secret, SystemClock, Token};
use crate::net::{Net, NetConfig};
use crate::store::{FIRST_KEY, KeySource, Store, StoreError};
use crate::systemd;

pub(crate) use links::whatsapp;
pub(crate) use owner::SOCKET as OWNER_SOCKET;
pub use reload::Reloads;

use listen::Here;

/// tetherd could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {0}: {1}; choose another address (listen, or --listen), or stop what has this one"
    )]
    Listen(SocketAddr, std::io::Error),
    /// What systemd handed over is no socket to listen on.
    #[error("systemd handed over what cannot be listened on (see tetherd.socket): {0}")]
    HandedOver(std::io::Error),
    /// HTTPS.
    #[error(transparent)]
    Certificate(#[from] http::CertificateError),
    /// Storage.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Network.
    #[error(transparent)]
    Net(#[from] crate::net::NetError),
    /// The instances cannot be read.
    #[error("{0}")]
    Load(#[from] crate::instance::LedgerError),
    /// The operating system has no randomness.
    #[error("no randomness: {0}")]
    Random(String),
    /// The global key cannot be had, or could not be handed over.
    #[error("{0}")]
    Key(String),
}

/// What a started daemon tells its starter.
pub struct Started {
    /// Where it listens: `http://127.0.0.1:8080`.
    pub url: String,
}

/// Runs until `shutdown`; reads its configuration again when `reloads` says so. `hand_over` is given the
/// global key that the first start makes, before only its hash is left: when it fails, nothing is started.
/// `started` is called once, when the listener answers and the instances are loaded. Ends within 5 s.
///
/// # Errors
/// [`DaemonError`], before `started` was called.
pub async fn run(
    config: Config,
    reloads: Reloads,
    shutdown: CancellationToken,
    hand_over: impl FnOnce(&Secret) -> Result<(), String>,
    started: impl FnOnce(&Started),
) -> Result<(), DaemonError> {
    run_with(config, reloads, shutdown, hand_over, started, |state| state).await
}

/// As [`run`]; `dress` may add to what requests use.
pub(crate) async fn run_with(
    config: Config,
    reloads: Reloads,
    shutdown: CancellationToken,
    hand_over: impl FnOnce(&Secret) -> Result<(), String>,
    started: impl FnOnce(&Started),
    dress: impl FnOnce(http::State) -> http::State,
) -> Result<(), DaemonError> {
    let (mut listeners, here) = listen::listen(&config).await?;
    let parts = Parts::put_together(config, &here, hand_over, dress).await?;
    listeners.extend(owner::listen(&parts.config.data_dir));
    parts.state.set_ready();
    systemd::ready();
    started(&Started { url: here.url() });
    first_key::forget_when_used(parts.state.keys(), &parts.config.data_dir);
    let tasks = parts.start(listeners, here, reloads, &shutdown);
    shutdown.cancelled().await;
    systemd::stopping();
    tracing::info!("stopping; links come back at the next start");
    parts.take_apart(tasks).await;
    Ok(())
}

/// What lives as long as the daemon.
struct Parts {
    config: Config,
    clock: Arc<dyn Clock>,
    store: Store,
    registry: Arc<Registry>,
    courier: Courier,
    state: Arc<http::State>,
    farewells: Farewells,
}

impl Parts {
    /// Opens the store, loads the instances and starts them.
    async fn put_together(
        config: Config,
        here: &Here,
        hand_over: impl FnOnce(&Secret) -> Result<(), String>,
        dress: impl FnOnce(http::State) -> http::State,
    ) -> Result<Self, DaemonError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let database = config.database();
        let opening = Store::open_with(&database, sealing_key(&config), Arc::clone(&clock));
        let store = systemd::patiently("bringing the database up to date", opening, systemd::tell).await?;
        world::begin(&store, clock.as_ref()).await;
        let keys = keys(&store, &config, hand_over).await?;
        let net = Net::new(
            &NetConfig { extra_ca: config.net.extra_ca.clone(), ..NetConfig::default() },
            Arc::clone(&clock),
        )?;
        // Before the instances: it hears of their start.
        webhooks::set_global(&store, &config).await?;
        let (links, farewells) = links::factory(&store, net.clone(), &clock, &config);
        let registry = Registry::start(instance::Parts {
            ledger: Arc::new(store.clone()),
            links: Arc::new(links),
            clock: Arc::clone(&clock),
            chance,
            code_limit: config.qr.limit,
            proxy: config.proxy.config(),
        })
        .await?;
        let courier = webhooks::courier(&config, here, &store, net, &clock, &registry);
        let state = http::State::new(
            Arc::clone(&registry),
            Arc::new(keys),
            Arc::clone(&clock),
            http_config(&config),
            store.clone(),
            courier.clone(),
        );
        let state = Arc::new(dress(state.listening_locally(here.is_local())));
        Ok(Self { config, clock, store, registry, courier, state, farewells })
    }

    /// Every task that lives until `shutdown`: a line each.
    fn start(
        &self,
        listeners: Vec<Listener>,
        here: Here,
        reloads: Reloads,
        shutdown: &CancellationToken,
    ) -> JoinSet<()> {
        let until = || shutdown.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(http::serve(Arc::clone(&self.state), listeners, files::limits(), until()));
        tasks.spawn(self.courier.clone().run(until()));
        tasks.spawn(self.farewells.clone().run(until()));
        tasks.spawn(house::keep(self.store.clone(), webhooks::retention(&self.config), until()));
        tasks.spawn(systemd::attend(
            systemd::Proof::new(Arc::clone(&self.registry), self.store.clone()),
            Arc::new(SystemClock),
            systemd::limit(),
            systemd::tell,
            until(),
        ));
        let clock = Arc::clone(&self.clock);
        tasks.spawn(world::attend(Arc::clone(&self.registry), self.store.clone(), clock, until()));
        tasks.extend(here.certificate.iter().map(|it| Arc::clone(it).follow(until())));
        let takers = reload::Takers {
            state: Arc::clone(&self.state),
            certificate: here.certificate,
            store: self.store.clone(),
        };
        tasks.spawn(reload::follow(reloads, self.config.clone(), takers, until()));
        tasks
    }

    /// Links first: what they still have to save is saved while answers under way finish.
    async fn take_apart(self, mut tasks: JoinSet<()>) {
        self.state.leave();
        self.registry.stop().await;
        while tasks.join_next().await.is_some() {}
        owner::remove(&self.config.data_dir);
        self.store.close().await;
    }
}

/// A name without a folder is a file that systemd hands over (`LoadCredential=`).
pub(crate) fn certificate_files(http: &Http) -> Option<CertificateFiles> {
    let place = |path: &std::path::PathBuf| {
        let bare = path.to_str().filter(|name| !name.contains('/'));
        bare.and_then(systemd::credential).unwrap_or_else(|| path.clone())
    };
    let (cert, key) = (http.tls_cert.as_ref()?, http.tls_key.as_ref()?);
    Some(CertificateFiles { cert: place(cert), key: place(key) })
}

/// The key that seals: the file that the configuration names, systemd's credential, else the file in the data
/// folder, which the first start makes.
pub(crate) fn sealing_key(config: &Config) -> KeySource {
    const NAME: &str = "sealing.key";
    if let Some(path) = &config.sealing_key {
        return KeySource::Given(path.clone());
    }
    systemd::credential(NAME)
        .map_or_else(|| KeySource::File(config.data_dir.join(NAME)), KeySource::Credential)
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

/// The global keys; makes one at first start.
async fn keys(
    store: &Store,
    config: &Config,
    hand_over: impl FnOnce(&Secret) -> Result<(), String>,
) -> Result<KeyRing, DaemonError> {
    let given = given_key(config).map_err(DaemonError::Key)?;
    let mut known: Vec<_> = store.api_keys().await?.into_iter().map(|key| key.digest).collect();
    if known.is_empty() && given.is_none() {
        let key = Token::generate().map_err(|error| DaemonError::Random(error.to_string()))?;
        // In the owner's hands first: a power cut in between must not leave the hash of a key that nobody has.
        hand_over(&key).map_err(DaemonError::Key)?;
        let digest = Digest::of(key.expose());
        store.put_api_key(FIRST_KEY.into(), digest).await?;
        known.push(digest);
    }
    Ok(KeyRing::new(known, given))
}

/// The global key that the configuration gives, or systemd's credential `api-key`.
fn given_key(config: &Config) -> Result<Option<Digest>, String> {
    if let Some(key) = &config.api_key {
        return Ok(Some(Digest::of(key.expose())));
    }
    let Some(path) = systemd::credential("api-key") else { return Ok(None) };
    let wrong = |why: &str| format!("the global key in {}: {why}", path.display());
    let text = std::fs::read_to_string(&path).map_err(|error| wrong(&error.to_string()))?;
    let key = Secret::new(text.trim());
    if !is_usable_key(key.expose()) {
        return Err(wrong(&format!("it takes {KEY_TAKES}")));
    }
    Ok(Some(Digest::of(key.expose())))
}

/// From 0 to 1.
fn chance() -> f64 {
    getrandom::u32().map_or(0.5, |n| f64::from(n) / f64::from(u32::MAX))
}
