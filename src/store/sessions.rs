//! Sessions of the page, and one-time addresses for somebody else; only digests are kept.

use rusqlite::{Connection, OptionalExtension};

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
    /// Its account was linked: it shows that, and nothing more.
    pub used: bool,
}

/// An instance was linked: there is nothing left to do with its one-time address.
pub(super) fn use_up(connection: &Connection, id: InstanceId) -> Result<(), StoreError> {
    let sql = "UPDATE invite SET used = 1 WHERE instance = ?1 AND used = 0";
    connection.prepare_cached(sql)?.execute([id.0])?;
    Ok(())
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

    /// The session of this digest, when it has not ended.
    pub async fn session(&self, digest: Digest) -> Result<Option<Session>, StoreError> {
        let now = self.0.clock.now().millis();
        self.read(move |connection| {
            let found = connection
                .prepare_cached("SELECT key, expires FROM session WHERE digest = ?1 AND expires > ?2")?
                .query_row((digest.0, now), |row| {
                    let expires = Stamp::from_millis(row.get(1)?);
                    Ok(Session { digest, key: Digest(row.get(0)?), expires })
                })
                .optional()?;
            Ok(found)
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
        .await?;
        self.0.access.send_replace(());
        Ok(())
    }

    /// Keeps an instance's one-time address in the place of the one before.
    pub async fn put_invite(
        &self,
        instance: InstanceId,
        expires: Stamp,
        digest: Digest,
    ) -> Result<(), StoreError> {
        self.write(move |connection| {
            connection.execute(
                "INSERT OR REPLACE INTO invite(instance, digest, expires, used) VALUES (?1, ?2, ?3, 0)",
                (instance.0, digest.0, expires.millis()),
            )?;
            Ok(())
        })
        .await?;
        self.0.access.send_replace(());
        Ok(())
    }

    /// The one-time address of this digest, when it has not ended.
    pub async fn invite(&self, digest: Digest) -> Result<Option<Invite>, StoreError> {
        self.find_invite("digest = ?1", digest.0.to_vec()).await
    }

    /// The one-time address of an instance, when one is open.
    pub async fn invite_of(&self, instance: InstanceId) -> Result<Option<Invite>, StoreError> {
        self.find_invite("instance = ?1 AND used = 0", instance.0).await
    }

    async fn find_invite(
        &self,
        which: &'static str,
        key: impl rusqlite::ToSql + Send + 'static,
    ) -> Result<Option<Invite>, StoreError> {
        let now = self.0.clock.now().millis();
        self.read(move |connection| {
            let sql = format!("SELECT instance, expires, used FROM invite WHERE {which} AND expires > ?2");
            let found = connection
                .prepare_cached(&sql)?
                .query_row((key, now), |row| {
                    let (instance, expires) = (InstanceId(row.get(0)?), Stamp::from_millis(row.get(1)?));
                    Ok(Invite { instance, expires, used: row.get(2)? })
                })
                .optional()?;
            Ok(found)
        })
        .await
    }

    /// Takes an instance's one-time address back. False when none is open.
    pub async fn end_invite(&self, instance: InstanceId) -> Result<bool, StoreError> {
        let now = self.0.clock.now().millis();
        let open = self
            .write(move |connection| {
                let open = connection
                    .prepare_cached("SELECT 1 FROM invite WHERE instance = ?1 AND used = 0 AND expires > ?2")?
                    .exists((instance.0, now))?;
                connection.execute("DELETE FROM invite WHERE instance = ?1", [instance.0])?;
                Ok(open)
            })
            .await?;
        self.0.access.send_replace(());
        Ok(open)
    }
}
