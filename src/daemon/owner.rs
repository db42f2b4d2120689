//! The socket in the data folder, by which the command line reaches the running daemon.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tokio::net::UnixListener;

use crate::http::{Listener, Socket};

/// Its name in the data folder.
pub(crate) const SOCKET: &str = "owner.sock";

/// Listens for the owner of the data; the store's lock is held, so one that is there already is a leftover.
/// Without it all but the command line works.
pub(super) fn listen(folder: &Path) -> Option<Listener> {
    let path = folder.join(SOCKET);
    let _ = fs::remove_file(&path);
    let bound = UnixListener::bind(&path).and_then(|listener| {
        // Nobody else gets into the folder either; this holds where the folder was given other rights.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(listener)
    });
    match bound {
        Ok(listener) => Some(Listener { socket: Socket::Owner(listener), tls: None }),
        Err(error) => {
            tracing::warn!("the command line cannot reach this tetherd: {}: {error}", path.display());
            None
        }
    }
}

/// Takes it away.
pub(super) fn remove(folder: &Path) {
    let _ = fs::remove_file(folder.join(SOCKET));
}
