//! What every request may use.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use ipnet::IpNet;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::auth::{Guard, KeyRing};
use super::demo_phone::DemoPhone;
use super::host::host_of;
use super::requests::Requests;
use super::throttle::Throttle;
use crate::events::Courier;
use crate::instance::Registry;
use crate::model::{Clock, Secret};
use crate::store::Store;

/// Readers of the stream of events at once.
pub(super) const READERS: usize = 64;

/// The owner's choices about HTTP.
#[derive(Debug, Clone)]
pub struct HttpConfig {
    /// Names beside the private ones that this box answers to (`[http] hosts`).
    pub hosts: Vec<String>,
    /// Origins whose pages may use the API with a key in a header (`[http] cors_origins`); `*` is all.
    pub cors_origins: Vec<String>,
    /// Proxies whose `X-Forwarded-…` headers are believed (`[http] trusted_proxies`).
    pub trusted_proxies: Vec<IpNet>,
    /// The longest body, in bytes.
    pub max_body: usize,
    /// Where clients reach us (`[http] public_url`), when that is not what their requests say.
    pub public_url: Option<String>,
    /// The secret of the Meta app (`[cloud] app_secret`); without it Meta's webhook does not exist.
    pub app_secret: Option<Secret>,
    /// What Meta presents when it is set up (`[cloud] verify_token`).
    pub verify_token: Option<Secret>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            cors_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            max_body: 1 << 20,
            public_url: None,
            app_secret: None,
            verify_token: None,
        }
    }
}

/// What every request may use.
pub struct State {
    pub(crate) registry: Arc<Registry>,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) clock: Arc<dyn Clock>,
    config: RwLock<Arc<HttpConfig>>,
    pub(crate) throttle: Throttle,
    pub(crate) store: Store,
    /// Who delivers webhooks.
    pub(crate) courier: Courier,
    /// Places for readers of the stream of events.
    pub(crate) readers: Arc<Semaphore>,
    /// How long answers take.
    pub(crate) requests: Requests,
    /// Requests can come from this box only.
    pub(crate) local_only: bool,
    /// Only a demo has one.
    pub(crate) demo_phone: Option<Arc<dyn DemoPhone>>,
    ready: AtomicBool,
    /// Ends what would go on for ever.
    pub(crate) leaving: CancellationToken,
}

impl State {
    /// Puts it together.
    #[must_use]
    pub fn new(
        registry: Arc<Registry>,
        keys: Arc<KeyRing>,
        clock: Arc<dyn Clock>,
        config: HttpConfig,
        store: Store,
        courier: Courier,
    ) -> Self {
        Self {
            registry,
            keys,
            clock,
            config: RwLock::new(Arc::new(answering(config))),
            store,
            courier,
            throttle: Throttle::default(),
            readers: Arc::new(Semaphore::new(READERS)),
            requests: Requests::default(),
            local_only: false,
            demo_phone: None,
            ready: AtomicBool::new(false),
            leaving: CancellationToken::new(),
        }
    }

    /// Whether requests can come from this box only; before that they may come from anywhere.
    #[must_use]
    pub fn listening_locally(mut self, local_only: bool) -> Self {
        self.local_only = local_only;
        self
    }

    /// With a phone that the page's visitors may use.
    #[cfg(feature = "demo")]
    #[must_use]
    pub(crate) fn with_demo_phone(mut self, phone: Arc<dyn DemoPhone>) -> Self {
        self.demo_phone = Some(phone);
        self
    }

    /// The global keys.
    #[must_use]
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// The owner's choices, as they are now.
    pub(crate) fn config(&self) -> Arc<HttpConfig> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where clients reach us, when that is not what their requests say.
    #[must_use]
    pub fn public_url(&self) -> Option<String> {
        self.config().public_url.clone()
    }

    /// Other choices, for requests that come from now on.
    pub fn configure(&self, config: HttpConfig) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(answering(config));
    }

    /// From now on everything is started: `readyz` tells.
    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// The end begins: it is ready no longer, and streams end. Their readers resume at the next start.
    pub fn leave(&self) {
        self.ready.store(false, Ordering::Release);
        self.leaving.cancel();
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub(crate) fn guard(&self) -> Guard<'_> {
        Guard {
            keys: &self.keys,
            registry: &self.registry,
            throttle: &self.throttle,
            clock: self.clock.as_ref(),
        }
    }
}

/// The public address is a name of ours too.
fn answering(mut config: HttpConfig) -> HttpConfig {
    config.hosts.extend(config.public_url.as_deref().and_then(host_of));
    config
}
