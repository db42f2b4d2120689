//! Connections for reading, off the runtime's threads. In WAL mode they never wait for the writer.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{StoreError, connect};

/// More would only queue on two to four small cores.
const CONNECTIONS: usize = 3;
/// How long a caller waits for one of them.
const WAIT: Duration = Duration::from_secs(10);

pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    free: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Arc::default(), free: Arc::new(Semaphore::new(CONNECTIONS)) }
    }

    pub(super) fn path(&self) -> &std::path::Path {
        &self.path
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let free = tokio::time::timeout(WAIT, Arc::clone(&self.free).acquire_owned()).await;
        let permit = free.map_err(|_| StoreError::Busy)?.map_err(|_| StoreError::Closed)?;
        let (idle, path) = (Arc::clone(&self.idle), self.path.clone());
        let work = move || {
            let ready = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let connection = match ready {
                Some(connection) => connection,
                None => open(&path)?,
            };
            let result = job(&connection);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            drop(permit);
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Closed)?
    }
}

fn open(path: &std::path::Path) -> Result<Connection, StoreError> {
    let connection = connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}
