//! Sessions of the page, and one-time addresses for somebody else; only digests are kept.

use rusqlite::OptionalExtension;

use super::{Store, StoreError};
use crate::model::{Digest, InstanceId, Stamp};

/// A signed-in browser.
#[derive(Debug, Clone)]
pub struct Session {
    /// SHA-256 of its cookie.
    pub digest: Digest,
    /// SHA-256 of the key or token it was made with; it ends with that one.
    pub key: Digest,
    /// When it ends.
    pub expires: Stamp,
}

/// A one-time address.
#[derive(Debug, Clone)]
pub struct Invite {
    /// For which instance.
    pub instance: InstanceId,
    /// When it ends.
    pub expires: Stamp,
}

impl Store {
    /// Keeps a session; those that have ended go.
    pub async fn put_session(&self, session: Session) -> Result<(), StoreError> {
        let now = self.0.clock.now().millis();
        self.write(move |connection| {
            connection.execute("DELETE FROM session WHERE expires <= ?1", [now])?;
            connection.execute(
                "INSERT INTO session(digest, key, created, expires) VALUES (?1, ?2, ?3, ?4)",
                (session.digest.0, session.key.0, now, session.expires.millis()),
            )?;
            Ok(())
        })
        .await
    }

    /// All sessions that have not ended, for the page to hold in memory.
    pub async fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        let now = self.0.clock.now().millis();
        self.read(move |connection| {
            let mut statement =
                connection.prepare("SELECT digest, key, expires FROM session WHERE expires > ?1")?;
            let rows = statement.query_map([now], |row| {
                let expires = Stamp::from_millis(row.get(2)?);
                Ok(Session { digest: Digest(row.get(0)?), key: Digest(row.get(1)?), expires })
            })?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// Ends one session, or, without a digest, all of a key.
    pub async fn end_sessions(&self, key: Digest, only: Option<Digest>) -> Result<(), StoreError> {
        self.write(move |connection| {
            connection.execute(
                "DELETE FROM session WHERE key = ?1 AND (?2 IS NULL OR digest = ?2)",
                (key.0, only.map(|d| d.0)),
            )?;
            Ok(())
        })
        .await
    }

    /// Keeps an instance's one-time address in the place of the one before.
    pub async fn put_invite(&self, invite: Invite, digest: Digest) -> Result<(), StoreError> {
        self.write(move |connection| {
            connection.execute(
                "INSERT OR REPLACE INTO invite(instance, digest, expires) VALUES (?1, ?2, ?3)",
                (invite.instance.0, digest.0, invite.expires.millis()),
            )?;
            Ok(())
        })
        .await
    }

    /// The one-time address of this digest, when it has not ended.
    pub async fn invite(&self, digest: Digest) -> Result<Option<Invite>, StoreError> {
        let now = self.0.clock.now().millis();
        self.read(move |connection| {
            let found = connection
                .query_row(
                    "SELECT instance, expires FROM invite WHERE digest = ?1 AND expires > ?2",
                    (digest.0, now),
                    |row| {
                        Ok(Invite {
                            instance: InstanceId(row.get(0)?),
                            expires: Stamp::from_millis(row.get(1)?),
                        })
                    },
                )
                .optional()?;
            Ok(found)
        })
        .await
    }

    /// Takes an instance's one-time address back. False when there is none.
    pub async fn end_invite(&self, instance: InstanceId) -> Result<bool, StoreError> {
        self.write(move |connection| {
            Ok(connection.execute("DELETE FROM invite WHERE instance = ?1", [instance.0])? > 0)
        })
        .await
    }
}
