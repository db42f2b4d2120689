//! The way to the data: through the running daemon, or, when none runs, to the files themselves.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::Path;
use std::sync::Arc;

use super::client::Client;
use crate::config::Config;
use crate::daemon;
use crate::model::SystemClock;
use crate::store::{Store, StoreError};

/// How the data is reached.
pub(super) enum Reach {
    /// A daemon has it, and does what it is asked.
    Running(Client),
    /// No daemon has it; this command does, for as long as it runs.
    Stopped(Store),
}

/// Finds the way. Makes no database where there is none.
pub(super) async fn reach(config: &Config) -> Result<Reach, String> {
    let folder = &config.data_dir;
    if let Some(client) = Client::of_owner(folder) {
        return Ok(Reach::Running(client));
    }
    let database = config.database();
    match fs::metadata(&database) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(format!(
                "there is no database in {}; start tetherd first, or name its folder: --data-dir",
                folder.display()
            ));
        }
        Err(error) => return Err(format!("{}: {error}{}", database.display(), hint(&error.to_string()))),
    }
    open(config).await.map(Reach::Stopped)
}

/// Opens the database for this command alone; makes one where there is none.
pub(super) async fn open(config: &Config) -> Result<Store, String> {
    let opened =
        Store::open_with(&config.database(), daemon::sealing_key(config), Arc::new(SystemClock)).await;
    opened.map_err(|error| match error {
        StoreError::InUse(_) => format!(
            "tetherd is running, and its socket {} cannot be reached; run this as the user of the service, or with sudo",
            config.data_dir.join(daemon::OWNER_SOCKET).display()
        ),
        other => format!("{other}{}", hint(&other.to_string())),
    })
}

/// Ends the direct way; what root made belongs to the owner of the folder, or the service could not use it.
pub(super) async fn close(store: Store, config: &Config) {
    store.close().await;
    give_to_owner(&config.data_dir);
}

/// Gives the files in the folder that are ours to the folder's owner. Only root's can be another's.
pub(super) fn give_to_owner(folder: &Path) {
    let Ok(owner) = fs::metadata(folder) else { return };
    if !rustix::process::geteuid().is_root() || owner.uid() == 0 {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.metadata().is_ok_and(|data| data.is_file() && data.uid() == 0) {
            let _ = chown(entry.path(), Some(owner.uid()), Some(owner.gid()));
        }
    }
}

/// What to do about an error, where that is known.
pub(super) fn hint(error: &str) -> &'static str {
    if error.contains("ermission denied") { "; run this with sudo" } else { "" }
}
