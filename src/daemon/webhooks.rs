//! Webhooks, as the configuration wants them.

use std::sync::Arc;
use std::time::Duration;

use super::chance;
use super::listen::Here;
use crate::config::Config;
use crate::events::{Courier, CourierParts};
use crate::instance::Registry;
use crate::model::Clock;
use crate::net::{Net, Reach};
use crate::store::{Retention, Store, StoreError};

/// Bytes in what the configuration calls a megabyte.
const MEGABYTE: u32 = 1024 * 1024;

pub(super) fn courier(
    config: &Config,
    here: &Here,
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
        server_url: config.http.public_url.clone().unwrap_or_else(|| here.url()),
        reach: Reach {
            allow: config.webhooks.allow.clone(),
            deny: config.webhooks.deny.clone(),
            own: here.addresses.clone(),
        },
        spelling: config.events.spelling,
        media: Arc::clone(registry) as _,
        media_limit: usize::try_from(config.webhooks.media_limit.saturating_mul(MEGABYTE))
            .unwrap_or(usize::MAX),
        drain_rate: config.webhooks.drain_rate,
        tried: Duration::from_hours(config.webhooks.give_up.into()),
    })
}

pub(super) fn retention(config: &Config) -> Retention {
    Retention {
        delivered: Duration::from_hours(config.events.keep_delivered.into()),
        dead: Duration::from_hours(24 * u64::from(config.events.keep_dead)),
        tried: Some(Duration::from_hours(config.webhooks.give_up.into())),
        bytes: i64::from(config.events.size) * i64::from(MEGABYTE),
    }
}

/// The global webhook is as the configuration says; without one, what the last one had still to deliver
/// has no address any more.
pub(super) async fn set_global(store: &Store, config: &Config) -> Result<(), StoreError> {
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
