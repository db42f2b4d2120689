//! Single values that were learnt, such as the version that WhatsApp takes.

use rusqlite::OptionalExtension;

use super::{Store, StoreError};

impl Store {
    /// A value that was learnt.
    pub async fn learned(&self, name: &'static str) -> Result<Option<String>, StoreError> {
        self.read(move |connection| {
            let value: Option<Vec<u8>> = connection
                .query_row("SELECT value FROM meta WHERE name = 'learned/' || ?1", [name], |row| row.get(0))
                .optional()?;
            Ok(value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
        })
        .await
    }

    /// Keeps a value that was learnt.
    pub async fn learn(&self, name: &'static str, value: String) -> Result<(), StoreError> {
        self.write(move |connection| {
            connection.execute(
                "INSERT OR REPLACE INTO meta(name, value) VALUES ('learned/' || ?1, ?2)",
                (name, value.into_bytes()),
            )?;
            Ok(())
        })
        .await
    }
}
