//! WHATSAPP-BUSINESS: the number is Meta's to connect, so the link is a question asked again and again.

mod graph;
mod verdict;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::{
    Cause, Goal, Link, LinkContext, LinkError, LinkEvent, LinkOptions, Outcome, PairError, PairingCode,
    Presence, RetryHint, try_proxy,
};
use crate::model::{InstanceId, Media, MediaPlace, PhoneNumber, Profile, ProxyConfig, Reason, Secret};
use crate::net::{Net, Target};
use crate::store::Store;
use graph::Graph;

/// Where Meta is asked, and how often.
#[derive(Debug, Clone)]
pub struct CloudConfig {
    /// `https://graph.facebook.com`, without a slash at the end.
    pub graph_url: String,
    /// The Graph API's version: `v23.0`.
    pub version: String,
    /// Between two questions while all is well; a tenth more or less, so that instances spread.
    pub interval: Duration,
}

/// Makes them.
pub struct CloudFactory {
    store: Store,
    net: Net,
    config: Arc<CloudConfig>,
    chance: fn() -> f64,
}

impl CloudFactory {
    /// `chance` is from 0 to 1.
    #[must_use]
    pub fn new(store: Store, net: Net, config: CloudConfig, chance: fn() -> f64) -> Self {
        Self { store, net, config: Arc::new(config), chance }
    }

    /// Whether one gets to Meta through this proxy.
    pub async fn try_proxy(&self, proxy: &ProxyConfig) -> Result<(), LinkError> {
        let lost = || LinkError::Unreachable("Meta's address cannot be read".into());
        let target = Target::of(&self.config.graph_url).ok_or_else(lost)?;
        try_proxy(&self.net, proxy, &target).await
    }

    /// A link for one instance.
    #[must_use]
    pub fn make(&self, context: LinkContext) -> Arc<dyn Link> {
        Arc::new(Cloud {
            store: self.store.clone(),
            graph: Graph { net: self.net.clone(), config: Arc::clone(&self.config) },
            id: context.id,
            number: context.number.unwrap_or_default(),
            business: context.business_id,
            proxy: Mutex::new(context.options.proxy),
            again: Notify::new(),
            interval: self.config.interval,
            chance: self.chance,
        })
    }
}

struct Cloud {
    store: Store,
    graph: Graph,
    id: InstanceId,
    /// The phone number id.
    number: String,
    /// The WABA id.
    business: Option<String>,
    proxy: Mutex<Option<ProxyConfig>>,
    again: Notify,
    interval: Duration,
    chance: fn() -> f64,
}

#[async_trait]
impl Link for Cloud {
    async fn run(&self, _: Goal, sink: mpsc::Sender<LinkEvent>, stop: CancellationToken) -> Outcome {
        let ended = stop.run_until_cancelled(self.keep_asking(sink)).await;
        ended.map_or(Outcome::Stopped, Outcome::Ended)
    }

    async fn pairing_code(&self, _: &PhoneNumber) -> Result<PairingCode, PairError> {
        Err(PairError::NotAvailable)
    }

    /// Meta has nothing to be told: forgetting its token is all there is to do.
    async fn logout(&self) -> Result<(), LinkError> {
        Ok(())
    }

    async fn set_presence(&self, _: Presence) -> Result<(), LinkError> {
        Err(LinkError::NotAvailable)
    }

    fn apply(&self, options: LinkOptions) {
        *self.proxy.lock().unwrap_or_else(PoisonError::into_inner) = options.proxy;
    }

    /// The token is read anew for every question.
    async fn forget(&self) {}

    /// Every question has a bound and the pauses between them are meant, so it is always alive.
    fn last_progress(&self) -> Option<Instant> {
        Some(Instant::now())
    }

    fn ask_again(&self) {
        self.again.notify_one();
    }

    async fn load(&self, media: &Media, limit: usize) -> Result<Bytes, LinkError> {
        let MediaPlace::Meta { id } = &media.place else {
            return Err(LinkError::Refused("the file is with WhatsApp".into()));
        };
        let token = self.token().await.map_err(|cause| refused(&cause))?;
        self.graph.media(id, limit, &token, self.proxy()).await
    }

    async fn subscribe(&self) -> Result<(), LinkError> {
        let business = self.business.as_deref().ok_or_else(|| {
            LinkError::Refused("the instance has no businessId, whose messages could be subscribed to".into())
        })?;
        let token = self.token().await.map_err(|cause| refused(&cause))?;
        self.graph.subscribe(business, &token, self.proxy()).await.map_err(|cause| refused(&cause))
    }
}

impl Cloud {
    async fn keep_asking(&self, sink: mpsc::Sender<LinkEvent>) -> Cause {
        let mut open = false;
        loop {
            let profile = match self.ask().await {
                Ok(profile) => profile,
                Err(cause) => return cause,
            };
            let news = if open {
                vec![LinkEvent::ProfileChanged(profile)]
            } else {
                vec![LinkEvent::Reached, LinkEvent::LoggedIn(profile), LinkEvent::Synced]
            };
            open = true;
            for event in news {
                if sink.send(event).await.is_err() {
                    return Cause::new(Reason::Disconnected);
                }
            }
            let _ = tokio::time::timeout(pause(self.interval, (self.chance)()), self.again.notified()).await;
        }
    }

    async fn ask(&self) -> Result<Profile, Cause> {
        let token = self.token().await?;
        self.graph.number(&self.number, &token, self.proxy()).await
    }

    async fn token(&self) -> Result<Secret, Cause> {
        match self.store.cloud_token(self.id).await {
            Ok(Some(token)) => Ok(token),
            Ok(None) => Err(Cause::new(Reason::LoggedOut)
                .saying("Meta's access token was forgotten; give another one with PUT /instance/token.")
                .hinting(RetryHint::Never)),
            Err(error) => {
                Err(Cause::new(Reason::ServerError).saying(format!("Meta's token cannot be read: {error}")))
            }
        }
    }

    fn proxy(&self) -> Option<ProxyConfig> {
        self.proxy.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A tenth more or less, by `chance` from 0 to 1.
fn pause(interval: Duration, chance: f64) -> Duration {
    interval.mul_f64(0.9 + 0.2 * chance.clamp(0.0, 1.0))
}

fn refused(cause: &Cause) -> LinkError {
    LinkError::Refused(cause.words())
}

#[cfg(test)]
mod tests {
    use super::pause;
    use std::time::Duration;

    #[test]
    fn questions_spread_by_a_tenth() {
        let usual = Duration::from_mins(15);
        for (chance, seconds) in [(0.0, 810.0), (0.5, 900.0), (1.0, 990.0), (7.0, 990.0)] {
            let paused = pause(usual, chance).as_secs_f64();
            assert!((paused - seconds).abs() < 0.001, "{chance}: {paused}");
        }
    }
}
