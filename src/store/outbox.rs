//! Events: stored with the change that they tell of, kept until they are delivered and a while longer.

use rusqlite::{Connection, OptionalExtension, Row};

use super::instances::InstanceRow;
use super::{Store, StoreError};
use crate::model::{AccountJid, EventKind, InstanceId, NewEvent, Profile, Seq, Stamp};

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
    pub data: serde_json::Value,
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

/// How long events are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// After delivery (default 24 h).
    pub delivered: std::time::Duration,
    /// After the last attempt (default 14 days).
    pub dead: std::time::Duration,
    /// Bytes of events at most (default 64 MB).
    pub bytes: i64,
}

/// Whose events are appended.
pub(super) struct Append {
    instance: InstanceId,
    name: String,
    sender: Option<String>,
    now: Stamp,
}

impl Append {
    pub(super) fn of(row: &InstanceRow, now: Stamp) -> Self {
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

/// Appends events and a delivery for every webhook that wants them. Returns the newest event's id, 0
/// when nothing was new.
pub(super) fn append(
    connection: &Connection,
    whose: &Append,
    events: &[NewEvent],
) -> Result<i64, StoreError> {
    let mut newest = 0;
    for event in events {
        let seq: i64 = connection
            .prepare_cached("SELECT seq + 1 FROM instance WHERE id = ?1")?
            .query_row([whose.instance.0], |row| row.get(0))?;
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
                event.data.to_string(),
                event.dedup,
                whose.now.millis(),
            ])?;
        if inserted == 0 {
            continue;
        }
        newest = connection.last_insert_rowid();
        connection
            .prepare_cached("UPDATE instance SET seq = ?2 WHERE id = ?1")?
            .execute((whose.instance.0, seq))?;
        connection
            .prepare_cached(
                "INSERT INTO delivery(event, webhook, instance, updated) SELECT ?1, id, ?2, ?4 FROM webhook \
                 WHERE enabled = 1 AND retired = 0 AND (instance = ?2 OR instance IS NULL) \
                 AND (events IS NULL OR EXISTS (SELECT 1 FROM json_each(events) WHERE value = ?3)) \
                 ORDER BY instance IS NULL",
            )?
            .execute((newest, whose.instance.0, event.kind.upper(), whose.now.millis()))?;
    }
    Ok(newest)
}

pub(super) fn newest(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("SELECT coalesce(max(id), 0) FROM event", [], |row| row.get(0))?)
}

pub(super) const COLUMNS: &str =
    "event.id, event.instance, event.name, event.sender, event.seq, event.kind, event.data, event.at";

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    read_at(row, 0)
}

/// Reads [`COLUMNS`] from the `first` one on.
pub(super) fn read_at(row: &Row<'_>, first: usize) -> rusqlite::Result<StoredEvent> {
    let kind: String = row.get(first + 5)?;
    let data: String = row.get(first + 6)?;
    let wrong =
        |column, error| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, error);
    Ok(StoredEvent {
        id: row.get(first)?,
        instance: InstanceId(row.get(first + 1)?),
        name: row.get(first + 2)?,
        sender: row.get(first + 3)?,
        seq: Seq(row.get(first + 4)?),
        kind: kind.parse().map_err(|e| wrong(first + 5, Box::new(e)))?,
        data: serde_json::from_str(&data).map_err(|e| wrong(first + 6, Box::new(e)))?,
        at: Stamp::from_millis(row.get(first + 7)?),
    })
}

impl Store {
    /// Events after `after` (an event's id), oldest first, at most `limit`.
    pub async fn events_after(
        &self,
        after: i64,
        filter: EventFilter,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(move |connection| {
            let kinds = serde_json::to_string(&filter.kinds.iter().map(|k| k.upper()).collect::<Vec<_>>())?;
            let sql = format!(
                "SELECT {COLUMNS} FROM event WHERE id > ?1 AND (?2 IS NULL OR instance = ?2) \
                 AND (?3 = '[]' OR EXISTS (SELECT 1 FROM json_each(?3) WHERE value = event.kind)) ORDER BY id LIMIT ?4"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map((after, filter.instance.map(|i| i.0), kinds, limit), read)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// The newest events of an instance, newest first.
    pub async fn last_events(
        &self,
        instance: InstanceId,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(move |connection| {
            let sql = format!("SELECT {COLUMNS} FROM event WHERE instance = ?1 ORDER BY id DESC LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map((instance.0, limit), read)?;
            Ok(rows.collect::<Result<Vec<_>, _>>()?)
        })
        .await
    }

    /// Forgets what is old: one small step. Returns how many events went and whether more is to be
    /// done. Events that go because the disk budget is reached and that were not delivered are told of
    /// by an `EVENTS_LOST` event of their instance.
    pub async fn prune_events(&self, keep: Retention) -> Result<Pruned, StoreError> {
        let now = self.0.clock.now();
        let (pruned, newest) = self.write(move |connection| prune(connection, keep, now)).await?;
        self.stored(newest);
        Ok(pruned)
    }
}

/// What a step of pruning did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Events that went.
    pub gone: usize,
    /// Of these, those that a receiver never got.
    pub lost: usize,
    /// There is more to do.
    pub more: bool,
}

/// Rows in one step, so that no other write waits for long.
const STEP: u32 = 500;

fn prune(connection: &Connection, keep: Retention, now: Stamp) -> Result<(Pruned, i64), StoreError> {
    let before =
        |span: std::time::Duration| now.millis() - i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    let gone = connection.execute(
        "DELETE FROM event WHERE id IN (SELECT id FROM event e WHERE at < ?1 AND NOT EXISTS \
           (SELECT 1 FROM delivery d WHERE d.event = e.id AND (d.status = 0 OR (d.status = 2 AND d.updated >= ?2) \
            OR (d.status = 1 AND d.updated >= ?1))) ORDER BY id LIMIT ?3)",
        (before(keep.delivered), before(keep.dead), STEP),
    )?;
    let mut pruned = Pruned { gone, lost: 0, more: gone == STEP as usize };
    connection.execute(
        "DELETE FROM webhook WHERE retired = 1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE webhook = webhook.id AND status = 0)",
        [],
    )?;
    let mut newest = 0;
    let bytes: i64 =
        connection.query_row("SELECT coalesce(sum(length(data) + 200), 0) FROM event", [], |r| r.get(0))?;
    if bytes > keep.bytes {
        // Delivered ones first, then dead ones, then the oldest that wait.
        let mut statement = connection.prepare(
            "SELECT e.id, e.instance, coalesce(max(CASE d.status WHEN 0 THEN 2 WHEN 2 THEN 1 ELSE 0 END), 0) AS worth \
             FROM event e LEFT JOIN delivery d ON d.event = e.id GROUP BY e.id ORDER BY worth, e.id LIMIT ?1",
        )?;
        let rows = statement
            .query_map([STEP], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?, r.get::<_, i64>(2)?)))?
            .collect::<Result<Vec<_>, _>>()?;
        let mut lost = std::collections::BTreeMap::<i64, i64>::new();
        for (id, instance, worth) in &rows {
            connection.execute("DELETE FROM event WHERE id = ?1", [id])?;
            if *worth > 0 {
                *lost.entry(*instance).or_default() += 1;
            }
        }
        pruned.gone += rows.len();
        pruned.lost = lost.values().sum::<i64>().try_into().unwrap_or(usize::MAX);
        pruned.more = true;
        for (instance, count) in lost {
            if let Ok(whose) = Append::lookup(connection, InstanceId(instance), now) {
                let data = serde_json::json!({"lost": count, "why": "the disk budget for events is used up"});
                newest =
                    newest.max(append(connection, &whose, &[NewEvent::new(EventKind::EventsLost, data)])?);
            }
        }
    }
    Ok((pruned, newest))
}
