//! Events: stored with the change that they tell of, kept until they are delivered and a while longer.

use rusqlite::{Connection, OptionalExtension, Row, Rows};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::due::Appended;
use super::seal::{Sealer, place};
use super::{Store, StoreError};
use crate::model::{AccountJid, EventKind, InstanceId, InstanceRecord, NewEvent, Profile, Seq, Stamp};

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Its running number among all events.
    pub id: i64,
    /// Whose.
    pub instance: InstanceId,
    /// The instance's name when it happened.
    pub name: String,
    /// The account's JID when it happened.
    pub sender: Option<String>,
    /// Its running number within the instance.
    pub seq: Seq,
    /// What happened.
    pub kind: EventKind,
    /// The `data` member of the envelope.
    pub data: Value,
    /// When it was stored.
    pub at: Stamp,
}

/// Which events a reader wants.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Of one instance only.
    pub instance: Option<InstanceId>,
    /// Of these kinds only; empty is all.
    pub kinds: Vec<EventKind>,
}

/// Whose events are appended.
pub(super) struct Append {
    instance: InstanceId,
    name: String,
    sender: Option<String>,
    now: Stamp,
}

impl Append {
    pub(super) fn of(row: &InstanceRecord, now: Stamp) -> Self {
        Self { instance: row.id, name: row.name.to_string(), sender: None, now }
    }

    pub(super) fn lookup(connection: &Connection, id: InstanceId, now: Stamp) -> Result<Self, StoreError> {
        let found: Option<(String, String)> = connection
            .prepare_cached("SELECT name, profile FROM instance WHERE id = ?1")?
            .query_row([id.0], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (name, profile) = found.ok_or_else(|| StoreError::Missing("the instance".into()))?;
        let profile: Profile = serde_json::from_str(&profile)?;
        let sender = profile.jid.as_ref().map(AccountJid::as_str).map(str::to_owned);
        Ok(Self { instance: id, name, sender, now })
    }
}

/// What a row weighs beside its data.
const ROW: i64 = 200;

/// Appends events and a delivery for every webhook that wants them. An event whose key is known is left
/// out.
pub(super) fn append<'a>(
    connection: &Connection,
    sealer: &Sealer,
    whose: &Append,
    events: impl IntoIterator<Item = &'a NewEvent>,
) -> Result<Appended, StoreError> {
    let mut added = Appended::default();
    let before: i64 = connection
        .prepare_cached("SELECT seq FROM instance WHERE id = ?1")?
        .query_row([whose.instance.0], |row| row.get(0))?;
    let mut last = before;
    for event in events {
        let seq = last + 1;
        let data = Zeroizing::new(event.data.to_string());
        let data = sealer.seal(&place::event(whose.instance.0, seq), data.as_bytes())?;
        let inserted = connection
            .prepare_cached(
                "INSERT INTO event(instance, name, sender, seq, kind, data, dedup, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
                 ON CONFLICT(instance, dedup) WHERE dedup IS NOT NULL DO NOTHING",
            )?
            .execute(rusqlite::params![
                whose.instance.0,
                whose.name,
                whose.sender,
                seq,
                event.kind.upper(),
                data,
                event.dedup,
                whose.now.millis(),
            ])?;
        if inserted == 0 {
            continue;
        }
        added.newest = connection.last_insert_rowid();
        added.events += 1;
        added.bytes += weight(data.len());
        last = seq;
        let mut deliver = connection.prepare_cached(
            "INSERT INTO delivery(event, webhook, instance, updated, since) SELECT ?1, id, ?2, ?4, ?4 FROM webhook \
             WHERE enabled = 1 AND retired = 0 AND (instance = ?2 OR instance IS NULL) \
             AND (events IS NULL OR EXISTS (SELECT 1 FROM json_each(events) WHERE value = ?3)) \
             ORDER BY instance IS NULL RETURNING webhook",
        )?;
        let to = deliver
            .query_map((added.newest, whose.instance.0, event.kind.upper(), whose.now.millis()), |row| {
                row.get::<_, i64>(0)
            })?;
        for webhook in to {
            added.due.insert(webhook?);
        }
    }
    if last > before {
        connection
            .prepare_cached("UPDATE instance SET seq = ?2 WHERE id = ?1")?
            .execute((whose.instance.0, last))?;
    }
    Ok(added)
}

pub(super) fn weight(data: usize) -> i64 {
    i64::try_from(data).unwrap_or(i64::MAX).saturating_add(ROW)
}

pub(super) fn newest(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("SELECT coalesce(max(id), 0) FROM event", [], |row| row.get(0))?)
}

pub(super) const COLUMNS: &str =
    "event.id, event.instance, event.name, event.sender, event.seq, event.kind, event.data, event.at";

/// Which of [`COLUMNS`] is the data, from 0.
pub(super) const DATA: usize = 6;

/// Reads [`COLUMNS`] from the `first` one on.
pub(super) fn read_at(row: &Row<'_>, sealer: &Sealer, first: usize) -> Result<StoredEvent, StoreError> {
    let kind: String = row.get(first + 5)?;
    let (id, instance, seq): (i64, i64, i64) = (row.get(first)?, row.get(first + 1)?, row.get(first + 4)?);
    let value = row.get_ref(first + DATA)?.as_blob().unwrap_or_default();
    let (kind, data) = opened(sealer, instance, seq, &kind, value).unwrap_or_else(|error| {
        tracing::error!(event = id, %error, "an event cannot be read; that it is lost is told in its place");
        let why = error.to_string();
        (EventKind::EventsLost, json!({"lost": 1, "firstSeq": seq, "lastSeq": seq, "why": why}))
    });
    Ok(StoredEvent {
        id,
        instance: InstanceId(instance),
        name: row.get(first + 2)?,
        sender: row.get(first + 3)?,
        seq: Seq(seq),
        kind,
        data,
        at: Stamp::from_millis(row.get(first + 7)?),
    })
}

/// What an event is and tells. One damaged row must not stop those behind it.
pub(super) fn opened(
    sealer: &Sealer,
    instance: i64,
    seq: i64,
    kind: &str,
    value: &[u8],
) -> Result<(EventKind, Value), StoreError> {
    let kind = kind.parse().map_err(|_| StoreError::Corrupt(format!("an event of the kind {kind}")))?;
    let data = sealer.open(&place::event(instance, seq), value)?;
    Ok((kind, serde_json::from_slice(&data)?))
}

/// All rows that a query finds.
fn read_all(mut rows: Rows<'_>, sealer: &Sealer) -> Result<Vec<StoredEvent>, StoreError> {
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(read_at(row, sealer, 0)?);
    }
    Ok(events)
}

impl Store {
    /// Events after `after` (an event's id), oldest first, at most `limit`.
    pub async fn events_after(
        &self,
        after: i64,
        filter: EventFilter,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let sealer = self.0.sealer.clone();
        self.read(move |connection| {
            let kinds = serde_json::to_string(&filter.kinds.iter().map(|k| k.upper()).collect::<Vec<_>>())?;
            let sql = format!(
                "SELECT {COLUMNS} FROM event WHERE id > ?1 AND (?2 IS NULL OR instance = ?2) \
                 AND (?3 = '[]' OR EXISTS (SELECT 1 FROM json_each(?3) WHERE value = event.kind)) ORDER BY id LIMIT ?4"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            read_all(statement.query((after, filter.instance.map(|i| i.0), kinds, limit))?, &sealer)
        })
        .await
    }

    /// The id of the oldest event that is kept.
    pub async fn oldest_event(&self) -> Result<Option<i64>, StoreError> {
        self.read(|connection| Ok(connection.query_row("SELECT min(id) FROM event", [], |row| row.get(0))?))
            .await
    }

    /// The newest events of an instance, newest first.
    pub async fn last_events(
        &self,
        instance: InstanceId,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let sealer = self.0.sealer.clone();
        self.read(move |connection| {
            let sql = format!("SELECT {COLUMNS} FROM event WHERE instance = ?1 ORDER BY id DESC LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            read_all(statement.query((instance.0, limit))?, &sealer)
        })
        .await
    }
}
