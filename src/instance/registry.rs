//! All instances by name; starts them at boot; the only way in.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{Mutex, Notify, Semaphore, watch};
use tokio::task::JoinHandle;

use super::error::InstanceError;
use super::handle::Handle;
use super::port::{Ledger, LedgerError};
use super::supervisor::{self, Beat, Shared};
use super::tell;
use crate::link::{LinkError, LinkFactory};
use crate::model::{
    Clock, ClockShift, Digest, InstanceChange, InstanceId, InstanceName, InstanceRecord, Integration,
    NewEvent, NewInstance, ProxyConfig,
};

/// Attempts that may be dialling at once; a hundred links are back in well under a second and a Pi
/// is not drowned in handshakes.
const DIALLING: usize = 24;
/// How long all supervisors together may take to stop.
const STOP_LIMIT: Duration = Duration::from_secs(4);
/// A supervisor without a sign of life for so long is stuck.
const BEAT_LIMIT: Duration = Duration::from_secs(45);

/// What the registry is made of.
pub struct Parts {
    /// Keeps what lasts.
    pub ledger: Arc<dyn Ledger>,
    /// Makes links.
    pub links: Arc<dyn LinkFactory>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// From 0 to 1, for jitter.
    pub chance: fn() -> f64,
    /// Codes shown in a row at most (`qr.limit`).
    pub code_limit: u32,
    /// How instances go out that have no proxy of their own; none is directly.
    pub proxy: Option<ProxyConfig>,
}

/// Why an instance could not be created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// The name belongs to another one.
    #[error("This name \"{0}\" is already in use.")]
    NameTaken(String),
    /// It could not be stored.
    #[error("{0}")]
    Storage(String),
}

/// All instances.
pub struct Registry {
    shared: Shared,
    table: RwLock<HashMap<InstanceName, Entry>>,
    /// One creation or key change at a time: names and keys must be nobody else's. A deletion, which may wait
    /// for WhatsApp, holds nobody up.
    changing: Mutex<()>,
    /// Wakes when an instance came or went, or has another token.
    changed: watch::Sender<()>,
}

struct Entry {
    handle: Handle,
    token: Digest,
    beat: Beat,
    task: JoinHandle<()>,
}

impl Registry {
    /// Loads all instances and starts them; those that are linked log in by themselves.
    pub async fn start(parts: Parts) -> Result<Arc<Self>, LedgerError> {
        let shared = Shared {
            ledger: parts.ledger,
            links: parts.links,
            clock: parts.clock,
            dialling: Arc::new(Semaphore::new(DIALLING)),
            chance: parts.chance,
            code_limit: parts.code_limit,
            proxy: parts.proxy,
            news: Arc::default(),
        };
        let records = shared.ledger.load().await?;
        let registry = Self {
            shared,
            table: RwLock::default(),
            changing: Mutex::default(),
            changed: watch::channel(()).0,
        };
        let now = registry.shared.clock.now();
        for record in records {
            // Its programs hear that there was a gap.
            let began = vec![tell::started(&record.name, now)];
            registry.enter(record, began);
        }
        Ok(Arc::new(registry))
    }

    /// Whether instances of this kind get through this proxy to where they go.
    pub async fn try_proxy(&self, integration: Integration, proxy: &ProxyConfig) -> Result<(), LinkError> {
        self.shared.links.try_proxy(integration, proxy).await
    }

    /// Wakes whenever an instance came or went, or has another token.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The instance of this name.
    #[must_use]
    pub fn get(&self, name: &InstanceName) -> Option<Handle> {
        self.read(|table| table.get(name).map(|entry| entry.handle.clone()))
    }

    /// The instance of this token. Compares with all, in constant time each.
    #[must_use]
    pub fn by_token(&self, token: &Digest) -> Option<Handle> {
        self.read(|table| {
            let mut found = None;
            for entry in table.values() {
                if entry.token == *token {
                    found = Some(entry.handle.clone());
                }
            }
            found
        })
    }

    /// The instance of this row.
    #[must_use]
    pub fn by_id(&self, id: InstanceId) -> Option<Handle> {
        self.read(|table| {
            let mut handles = table.values().map(|entry| &entry.handle);
            handles.find(|handle| handle.snapshot().id == id).cloned()
        })
    }

    /// All instances, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Handle> {
        let mut all: Vec<_> = self.read(|table| table.values().map(|entry| entry.handle.clone()).collect());
        all.sort_by_key(|handle| handle.snapshot().id);
        all
    }

    /// Creates an instance and starts its supervisor; its link waits to be connected.
    pub async fn create(&self, instance: NewInstance) -> Result<Handle, CreateError> {
        let _one = self.changing.lock().await;
        if self.get(&instance.name).is_some() {
            return Err(CreateError::NameTaken(instance.name.to_string()));
        }
        let events = vec![tell::created(&instance.name, &instance.uuid)];
        let record = self.shared.ledger.create(instance, events).await.map_err(|error| match error {
            LedgerError::NameTaken(name) => CreateError::NameTaken(name),
            gone @ LedgerError::Gone => CreateError::Storage(gone.to_string()),
            LedgerError::Storage(why) => CreateError::Storage(why),
        })?;
        tracing::info!(instance = %record.name, integration = record.integration.as_str(), "created");
        Ok(self.enter(record, Vec::new()))
    }

    /// Unlinks an instance and forgets it; its name is free when this returns. False when there is
    /// none of this name.
    pub async fn delete(&self, name: &InstanceName) -> Result<bool, InstanceError> {
        let Some(handle) = self.get(name) else { return Ok(false) };
        handle.delete().await?;
        let id = handle.snapshot().id;
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if table.get(name).is_some_and(|entry| entry.handle.snapshot().id == id) {
            table.remove(name);
        }
        drop(table);
        self.changed.send_replace(());
        self.shared.news.notify_one();
        Ok(true)
    }

    /// Gives an instance another token. False when there is none of this name.
    pub async fn set_token(&self, name: &InstanceName, token: Digest) -> Result<bool, InstanceError> {
        let _one = self.changing.lock().await;
        let Some(handle) = self.get(name) else { return Ok(false) };
        let id = handle.snapshot().id;
        self.shared.ledger.commit(id, InstanceChange::Token(token), Vec::new()).await?;
        if let Some(entry) = self.table.write().unwrap_or_else(PoisonError::into_inner).get_mut(name) {
            entry.token = token;
        }
        self.changed.send_replace(());
        Ok(true)
    }

    /// The clock was set: what was stamped before is corrected, links that wait try now.
    pub async fn clock_set(&self, shift: Option<ClockShift>) {
        let all = self.all();
        futures_util::future::join_all(all.iter().map(|handle| handle.clock_set(shift))).await;
    }

    /// The box slept for so long: links are opened again.
    pub fn woke(&self, slept: Duration) {
        for handle in self.all() {
            handle.woke(slept);
        }
    }

    /// The network changed: links that wait try now.
    pub fn world_changed(&self) {
        for handle in self.all() {
            handle.world_changed();
        }
    }

    /// Wakes its one waiter when any instance changed, came or went; changes that come together wake once.
    #[must_use]
    pub(crate) fn news(&self) -> Arc<Notify> {
        Arc::clone(&self.shared.news)
    }

    /// Names of instances whose supervisor shows no sign of life: proof for the watchdog.
    #[must_use]
    pub fn stuck(&self) -> Vec<InstanceName> {
        let now = self.shared.clock.instant();
        self.read(|table| {
            let stuck = table.iter().filter(|(_, e)| e.task.is_finished() || e.beat.age(now) > BEAT_LIMIT);
            stuck.map(|(name, _)| name.clone()).collect()
        })
    }

    /// Stops all; what is linked stays linked. Takes 4 s at most.
    pub async fn stop(&self) {
        let entries: Vec<_> = {
            let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
            table.drain().map(|(_, entry)| entry).collect()
        };
        let stopping = entries.into_iter().map(|entry| async move {
            entry.handle.stop().await;
            let _ = entry.task.await;
        });
        let all = futures_util::future::join_all(stopping);
        if tokio::time::timeout(STOP_LIMIT, all).await.is_err() {
            tracing::warn!("some links did not close in time; their credentials are on disk");
        }
    }

    fn enter(&self, record: InstanceRecord, began: Vec<NewEvent>) -> Handle {
        let (name, token) = (record.name.clone(), record.token);
        let (handle, beat, task) = supervisor::start(&self.shared, record, began);
        let entry = Entry { handle: handle.clone(), token, beat, task };
        self.table.write().unwrap_or_else(PoisonError::into_inner).insert(name, entry);
        self.changed.send_replace(());
        self.shared.news.notify_one();
        handle
    }

    fn read<T>(&self, look: impl FnOnce(&HashMap<InstanceName, Entry>) -> T) -> T {
        look(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }
}
