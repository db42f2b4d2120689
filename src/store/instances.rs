//! Instances and the truth about their links.

pub(super) mod kept;
mod row;

use rusqlite::{Connection, OptionalExtension};

use super::due::Appended;
use super::outbox::Append;
use super::seal::{Sealer, place};
use super::{Store, StoreError, credentials, outbox, sessions, webhooks};
use crate::model::{
    InstanceChange, InstanceId, InstanceRecord, LinkTruth, NewEvent, NewInstance, Profile, Secret, Stamp,
};
use kept::{seal_proxy, seal_token, write_ended};
use row::RawRow;

impl Store {
    /// All instances, oldest first. The truth is what the credentials on disk say: a crash between
    /// the engine's save and ours loses no link.
    pub async fn instances(&self) -> Result<Vec<InstanceRecord>, StoreError> {
        let sealer = self.0.sealer.clone();
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, uuid, name, integration, linked, profile, ended, settings, proxy, number, business_id, token, \
                 created, updated FROM instance ORDER BY id",
            )?;
            let rows = statement.query_map([], RawRow::read)?.collect::<Result<Vec<_>, _>>()?;
            rows.into_iter().map(|row| row.parse(connection, &sealer)).collect()
        })
        .await
    }

    /// Keeps a new instance, its webhook, and the events that tell of it: the webhook gets them too.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when the name belongs to another one.
    pub async fn create_instance(
        &self,
        new: NewInstance,
        events: Vec<NewEvent>,
    ) -> Result<InstanceRecord, StoreError> {
        let (sealer, now) = (self.0.sealer.clone(), self.0.clock.now());
        let (row, added) = self
            .write(move |connection| {
                let webhook = new.webhook.clone();
                let row = insert(connection, &sealer, new, now)?;
                if let Some(webhook) = webhook {
                    webhooks::put(connection, &sealer, Some(row.id), &webhook, now)?;
                }
                let added = outbox::append(connection, &sealer, &Append::of(&row, now), &events)?;
                Ok((row, added))
            })
            .await?;
        self.stored(added);
        Ok(row)
    }

    /// Keeps a change and its events in one transaction: both are on disk, or neither is.
    pub async fn change_instance(
        &self,
        id: InstanceId,
        change: InstanceChange,
        events: Vec<NewEvent>,
    ) -> Result<(), StoreError> {
        let (sealer, now) = (self.0.sealer.clone(), self.0.clock.now());
        let leaves = matches!(change, InstanceChange::Forget { tombstone: true, .. });
        let added = self
            .leaving(leaves.then_some(id), move |connection| {
                // Before the change, so that events of a log-out still name the account that it was.
                let append = Append::lookup(connection, id, now)?;
                apply(connection, &sealer, id, change, now)?;
                outbox::append(connection, &sealer, &append, &events)
            })
            .await?;
        self.stored(added);
        Ok(())
    }

    /// Appends events of several instances in one transaction. Those of an instance that is gone are
    /// left out.
    pub async fn append_events(&self, events: Vec<(InstanceId, NewEvent)>) -> Result<(), StoreError> {
        let (sealer, now) = (self.0.sealer.clone(), self.0.clock.now());
        let added = self
            .write(move |connection| {
                let mut added = Appended::default();
                for run in events.chunk_by(|(id, _), (next, _)| id == next) {
                    let Some((id, _)) = run.first() else { continue };
                    match Append::lookup(connection, *id, now) {
                        Ok(whose) => {
                            let run = run.iter().map(|(_, event)| event);
                            added = added.and(outbox::append(connection, &sealer, &whose, run)?);
                        }
                        Err(StoreError::Missing(_)) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(added)
            })
            .await?;
        self.stored(added);
        Ok(())
    }

    /// Forgets an instance; its undelivered events stay until they are delivered. With `tombstone`, what telling
    /// WhatsApp needs is kept, and [`Store::settle_tombstone`] must follow.
    pub async fn delete_instance(
        &self,
        id: InstanceId,
        events: Vec<NewEvent>,
        tombstone: bool,
    ) -> Result<(), StoreError> {
        let (sealer, now) = (self.0.sealer.clone(), self.0.clock.now());
        let added = self
            .leaving(tombstone.then_some(id), move |connection| {
                let append = Append::lookup(connection, id, now)?;
                let added = outbox::append(connection, &sealer, &append, &events)?;
                if tombstone {
                    credentials::bury(connection, id, now)?;
                }
                connection.execute(
                    "DELETE FROM session WHERE key = (SELECT token FROM instance WHERE id = ?1)",
                    [id.0],
                )?;
                connection.execute("UPDATE webhook SET retired = 1 WHERE instance = ?1", [id.0])?;
                connection.execute("DELETE FROM instance WHERE id = ?1", [id.0])?;
                Ok(added)
            })
            .await?;
        self.stored(added);
        Ok(())
    }

    /// A change that leaves a tombstone, of an instance whose link can still tell WhatsApp by itself.
    async fn leaving<T: Send + 'static>(
        &self,
        who: Option<InstanceId>,
        job: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if let Some(id) = who {
            self.0.leaving.begin(id);
        }
        let done = self.write(job).await;
        if let (Some(id), Err(_)) = (who, &done) {
            self.0.leaving.settle(id);
        }
        done
    }

    /// Cloud: Meta's access token, when one is kept.
    pub async fn cloud_token(&self, id: InstanceId) -> Result<Option<Secret>, StoreError> {
        let sealer = self.0.sealer.clone();
        self.read(move |connection| {
            let kept: Option<Option<Vec<u8>>> = connection
                .query_row("SELECT cloud_token FROM instance WHERE id = ?1", [id.0], |row| row.get(0))
                .optional()?;
            let Some(kept) = kept.flatten() else { return Ok(None) };
            let plain = sealer.open(&place::cloud_token(id.0), &kept)?;
            Ok(Some(Secret::new(String::from_utf8_lossy(&plain).into_owned())))
        })
        .await
    }
}

fn insert(
    connection: &Connection,
    sealer: &Sealer,
    new: NewInstance,
    now: Stamp,
) -> Result<InstanceRecord, StoreError> {
    let taken = connection
        .query_row("SELECT 1 FROM instance WHERE folded = ?1", [new.name.key()], |_| Ok(()))
        .optional()?;
    if taken.is_some() {
        return Err(StoreError::Taken(new.name.to_string()));
    }
    connection.execute(
        "INSERT INTO instance(uuid, name, folded, integration, profile, settings, number, business_id, token, created, \
         updated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10)",
        rusqlite::params![
            new.uuid.0,
            new.name.as_str(),
            new.name.key(),
            new.integration.as_str(),
            serde_json::to_string(&Profile::default())?,
            serde_json::to_string(&new.settings)?,
            new.number,
            new.business_id,
            new.token.0,
            now.millis(),
        ],
    )?;
    // Sealed for its row, whose number is known only now.
    let id = InstanceId(connection.last_insert_rowid());
    let proxy = new.proxy.as_ref().map(|proxy| seal_proxy(sealer, id, proxy)).transpose()?;
    let cloud = new.cloud_token.as_ref().map(|token| seal_token(sealer, id, token)).transpose()?;
    if proxy.is_some() || cloud.is_some() {
        let sql = "UPDATE instance SET proxy = ?2, cloud_token = ?3 WHERE id = ?1";
        connection.execute(sql, (id.0, proxy, cloud))?;
    }
    Ok(new.kept(id, now))
}

fn apply(
    connection: &Connection,
    sealer: &Sealer,
    id: InstanceId,
    change: InstanceChange,
    now: Stamp,
) -> Result<(), StoreError> {
    let set = |column: &str, value: &dyn rusqlite::ToSql| -> Result<(), StoreError> {
        let sql = format!("UPDATE instance SET {column} = ?2, updated = ?3 WHERE id = ?1");
        connection.prepare_cached(&sql)?.execute((id.0, value, now.millis()))?;
        Ok(())
    };
    match change {
        InstanceChange::None => Ok(()),
        InstanceChange::Truth(truth) => write_truth(connection, id, &truth, now),
        InstanceChange::Forget { truth, tombstone } => {
            if tombstone {
                credentials::bury(connection, id, now)?;
            }
            connection.execute("DELETE FROM credential WHERE instance = ?1", [id.0])?;
            connection.execute("UPDATE instance SET cloud_token = NULL WHERE id = ?1", [id.0])?;
            write_truth(connection, id, &truth, now)
        }
        InstanceChange::Profile(profile) => set("profile", &serde_json::to_string(&profile)?),
        InstanceChange::Settings(settings) => set("settings", &serde_json::to_string(&settings)?),
        InstanceChange::Proxy(proxy) => {
            set("proxy", &proxy.map(|proxy| seal_proxy(sealer, id, &proxy)).transpose()?)
        }
        InstanceChange::Token(token) => set("token", &token.0),
        InstanceChange::CloudToken(token) => set("cloud_token", &seal_token(sealer, id, &token)?),
    }
}

fn write_truth(
    connection: &Connection,
    id: InstanceId,
    truth: &LinkTruth,
    now: Stamp,
) -> Result<(), StoreError> {
    let linked = match truth {
        LinkTruth::Never => 0,
        LinkTruth::Linked { .. } => 1,
        LinkTruth::Unlinked { .. } => 2,
    };
    let profile = serde_json::to_string(&truth.profile().cloned().unwrap_or_default())?;
    let ended = truth.ended().map(write_ended).transpose()?;
    connection
        .prepare_cached(
            "UPDATE instance SET linked = ?2, profile = ?3, ended = ?4, updated = ?5 WHERE id = ?1",
        )?
        .execute((id.0, linked, profile, ended, now.millis()))?;
    if truth.is_linked() {
        sessions::use_up(connection, id)?;
    }
    Ok(())
}
