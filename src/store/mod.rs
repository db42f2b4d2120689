//! SQLite: one writer, readers, migrations, and what is kept.
//!
//! All writes go through one thread that groups what waits into one commit ([`writer`]); reads have
//! connections of their own ([`readers`]). Nothing in here blocks the async runtime. A write that
//! returned `Ok` is on disk (WAL, `synchronous=FULL`).

mod backup;
#[cfg(test)]
mod backup_tests;
mod clock;
pub mod credentials;
mod deliveries;
mod due;
mod error;
mod inspect;
mod instances;
mod keyfile;
mod keys;
mod learned;
mod loss;
mod outbox;
#[cfg(test)]
mod outbox_tests;
mod private;
mod readers;
mod retention;
mod schema;
mod seal;
#[cfg(test)]
mod seal_tests;
mod sessions;
#[cfg(test)]
mod tests;
mod webhooks;
mod writer;
mod written;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::watch;

pub use backup::{BackedUp, PassphraseKey, Restored, back_up, restore};
pub use deliveries::{Delivery, DeliveryFilter, DeliveryStatus, Head, Verdict, Waiting};
pub use due::OutboxFigures;
pub use error::StoreError;
pub use inspect::inspect;
pub use keyfile::{KeySource, write as write_key};
pub use keys::{API_KEY_FILE, ApiKey, FIRST_KEY};
pub use outbox::{EventFilter, StoredEvent};
pub use retention::{Pruned, Retention};
pub use seal::SealingKey;
pub use sessions::{Invite, Session};
pub use webhooks::{WebhookId, WebhookRow};
pub use written::WriteFigures;

use crate::model::Clock;
use readers::Readers;
use seal::Sealer;
use writer::Writer;

/// The database. Clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    writer: Writer,
    readers: Readers,
    sealer: Sealer,
    source: Option<KeySource>,
    clock: Arc<dyn Clock>,
    /// The id of the newest event on disk.
    newest: watch::Sender<i64>,
    /// Wakes when deliveries got on.
    delivered: watch::Sender<()>,
    /// Wakes when a session or an invitation ended or began.
    access: watch::Sender<()>,
    leaving: credentials::Leaving,
    due: due::Due,
    figures: due::Figures,
    /// Held while the process lives: two daemons on one database would tear each other's ratchets.
    lock: Mutex<Option<File>>,
}

impl Store {
    /// Opens or makes the database, brings its schema up to date and checks that `key` fits.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Newer`], [`StoreError::WrongKey`], or what SQLite says.
    pub async fn open(path: &Path, key: SealingKey, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || Self::open_blocking(path, &key, clock))
            .await
            .map_err(|_| StoreError::Closed)?
    }

    /// As [`Self::open`], with the key in its place; finishes what a power cut left of its replacement.
    pub async fn open_with(
        path: &Path,
        source: KeySource,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let path = path.to_owned();
        let opening = move || {
            // Before the key is looked for: no key is made for a database that another process is making.
            let lock = take_lock(&path)?;
            let opened =
                Opened::new(lock, path.clone(), &source).map_err(|error| match source.blamed(error) {
                    StoreError::Corrupt(why) => StoreError::Corrupt(format!("{}: {why}", path.display())),
                    other => other,
                })?;
            Self::of(opened, clock, Some(source))
        };
        tokio::task::spawn_blocking(opening).await.map_err(|_| StoreError::Closed)?
    }

    fn open_blocking(path: PathBuf, key: &SealingKey, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        let lock = take_lock(&path)?;
        Self::of(Opened::by_key(lock, path, key)?, clock, None)
    }

    fn of(opened: Opened, clock: Arc<dyn Clock>, source: Option<KeySource>) -> Result<Self, StoreError> {
        let newest = outbox::newest(&opened.connection)?;
        let folder = opened.path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self(Arc::new(Inner {
            readers: Readers::new(opened.path),
            writer: Writer::start(opened.connection, folder)?,
            sealer: opened.sealer,
            source,
            clock,
            newest: watch::channel(newest).0,
            delivered: watch::channel(()).0,
            access: watch::channel(()).0,
            leaving: credentials::Leaving::default(),
            due: due::Due::default(),
            figures: due::Figures::default(),
            lock: Mutex::new(Some(opened.lock)),
        })))
    }

    /// Whether the writer answers: proof of life for the watchdog. After a commit that failed it tries to
    /// write something, so that its answer is true.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let written = self.0.writer.written.clone();
        self.write(move |connection| {
            if written.is_still_full() {
                return Err(StoreError::Full);
            }
            if written.last_failure().is_some() {
                connection.execute("UPDATE meta SET value = value WHERE name = 'data_key'", [])?;
            }
            Ok(())
        })
        .await
    }

    /// Wakes whenever events were stored; the value is the newest event's id.
    #[must_use]
    pub fn newest_event(&self) -> watch::Receiver<i64> {
        self.0.newest.subscribe()
    }

    /// Wakes whenever deliveries got on: tried, done, given up, or sent again.
    #[must_use]
    pub fn deliveries_moved(&self) -> watch::Receiver<()> {
        self.0.delivered.subscribe()
    }

    /// Wakes whenever a session or an invitation began or ended.
    #[must_use]
    pub fn access_changed(&self) -> watch::Receiver<()> {
        self.0.access.subscribe()
    }

    /// Finishes what waits, folds the log into the file and ends the writer.
    pub async fn close(&self) {
        self.0.writer.close().await;
        self.0.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Another sealing key from now on; what is sealed stays as it is. Without one, a fresh one takes the
    /// place of the key's file; a power cut in between leaves one of both that fits.
    ///
    /// # Errors
    /// When the key is given to us and cannot be replaced, or the one in its place is not the one in use.
    pub async fn rotate_key(&self, new: Option<SealingKey>) -> Result<(), StoreError> {
        let unknown = || StoreError::Io("where the sealing key is kept is not known".into());
        let source = self.0.source.clone().ok_or_else(unknown)?;
        let path = self.0.readers.path().to_owned();
        self.write(move |connection| {
            let old = source.load(&path)?;
            let replaced = new.is_none();
            let new = new.map_or_else(SealingKey::generate, Ok)?;
            if replaced {
                source.put_next(&new)?;
            }
            seal::rewrap(connection, &old, &new).map_err(|error| source.blamed(error))?;
            Ok((source, replaced))
        })
        .await
        .and_then(|(source, replaced)| if replaced { source.take_next() } else { Ok(()) })
    }

    /// SQLite's own check of the file, and whether every sealed value opens. Returns the faults found.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        let store = self.clone();
        self.read(move |connection| {
            let mut faults = schema::faults(connection)?;
            faults.extend(seal::unreadable(connection, &store.0.sealer)?);
            Ok(faults)
        })
        .await
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.writer.run(job).await
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.0.readers.run(job).await
    }
}

/// A database that is ours alone and whose key fits.
struct Opened {
    lock: File,
    path: PathBuf,
    connection: Connection,
    sealer: Sealer,
}

impl Opened {
    fn new(lock: File, path: PathBuf, source: &KeySource) -> Result<Self, StoreError> {
        let key = source.load(&path)?;
        match source.load_next() {
            None => Self::by_key(lock, path, &key),
            Some(next) => match Self::by_key(
                lock.try_clone().map_err(|e| StoreError::Io(e.to_string()))?,
                path.clone(),
                &key,
            ) {
                Err(StoreError::WrongKey) => {
                    let opened = Self::by_key(lock, path, &next)?;
                    source.take_next()?;
                    Ok(opened)
                }
                opened => opened,
            },
        }
    }

    fn by_key(lock: File, path: PathBuf, key: &SealingKey) -> Result<Self, StoreError> {
        // SQLite gives its other files the mode of the first.
        private::file(&path).map_err(|error| StoreError::Io(format!("{}: {error}", path.display())))?;
        let mut connection = Connection::open(&path)?;
        // Before anything is set: the mode of its log alone changes the file.
        schema::recognise(&connection, &path)?;
        prepare(&connection)?;
        let sealer = schema::migrate(&mut connection, &path, key)?;
        Ok(Self { lock, path, connection, sealer })
    }
}

/// A connection as all of ours are.
fn connect(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path)?;
    prepare(&connection)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A Signal ratchet that steps back after a power cut is a lost session.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cache_size", -512)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn take_lock(path: &Path) -> Result<File, StoreError> {
    use rustix::fs::{FlockOperation, flock};
    let lock = path.with_extension("lock");
    let io = |error: std::io::Error| StoreError::Io(format!("{}: {error}", lock.display()));
    if let Some(folder) = path.parent() {
        private::folder(folder).map_err(|error| StoreError::Io(format!("{}: {error}", folder.display())))?;
    }
    let file = private::file(&lock).map_err(io)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|_| StoreError::InUse(path.to_owned()))?;
    Ok(file)
}
