//! The key that the first start makes, in a file until it is used.

use std::path::Path;

use crate::http::KeyRing;
use crate::model::Digest;
use crate::store::API_KEY_FILE;

/// The file has done its work when the key in it is used for the first time: who uses it has it.
pub(super) fn forget_when_used(keys: &KeyRing, folder: &Path) {
    let path = folder.join(API_KEY_FILE);
    let Ok(text) = std::fs::read_to_string(&path) else { return };
    keys.at_first_use(Digest::of(text.trim()), move || {
        tokio::task::spawn_blocking(move || match std::fs::remove_file(&path) {
            Ok(()) => {
                tracing::info!(
                    "the first key was used; {} is gone, only the key's hash is kept",
                    path.display()
                );
            }
            Err(error) => {
                tracing::warn!("{} holds the first key and could not be removed: {error}", path.display());
            }
        });
    });
}
