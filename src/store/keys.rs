//! Global API keys; only their SHA-256 is kept.

use super::{Store, StoreError};
use crate::model::{Digest, Stamp};

/// The name of the key that the first start makes.
pub const FIRST_KEY: &str = "first";
/// The file in the data folder that holds that key until it is used.
pub const API_KEY_FILE: &str = "api-key";

/// A key as it is listed.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// What it is called.
    pub name: String,
    /// SHA-256 of the key.
    pub digest: Digest,
    /// Since when it is.
    pub created: Stamp,
}

impl Store {
    /// All global keys.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.read(|connection| {
            let mut statement =
                connection.prepare("SELECT name, digest, created FROM api_key ORDER BY created")?;
            let rows = statement.query_map([], |row| {
                Ok(ApiKey {
                    name: row.get(0)?,
                    digest: Digest(row.get(1)?),
                    created: Stamp::from_millis(row.get(2)?),
                })
            })?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// Keeps a key under a name, in the place of one of the same name.
    pub async fn put_api_key(&self, name: String, digest: Digest) -> Result<(), StoreError> {
        let now = self.0.clock.now().millis();
        self.write(move |connection| {
            connection.execute("DELETE FROM api_key WHERE name = ?1 OR digest = ?2", (&name, digest.0))?;
            connection.execute(
                "INSERT INTO api_key(digest, name, created) VALUES (?1, ?2, ?3)",
                (digest.0, name, now),
            )?;
            Ok(())
        })
        .await
    }

    /// Takes a key back. False when there is none of this name.
    pub async fn remove_api_key(&self, name: String) -> Result<bool, StoreError> {
        self.write(move |connection| {
            Ok(connection.execute("DELETE FROM api_key WHERE name = ?1", [name])? > 0)
        })
        .await
    }
}
