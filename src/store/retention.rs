//! How long events stay: by age, and by what they weigh together. In small steps, so that no other write
//! waits for long; what is to go is looked for by a reader.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::OptionalExtension;

use super::due::Appended;
use super::loss::{Loss, tell};
use super::outbox::{opened, weight};
use super::{Store, StoreError};
use crate::model::Stamp;

/// How long events are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// After delivery, or after they happened when nobody is to get them.
    pub delivered: Duration,
    /// After they were given up.
    pub dead: Duration,
    /// How long they are tried to be delivered, when nobody takes them. None: nothing is given up yet.
    pub tried: Option<Duration>,
    /// What all of them may weigh, in bytes.
    pub bytes: i64,
}

/// What a round of forgetting did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Events that went.
    pub gone: usize,
    /// Of these, those that a receiver never got.
    pub lost: usize,
    /// Deliveries that were given up.
    pub expired: usize,
}

/// Rows in one transaction.
const STEP: u16 = 200;
/// Over budget it goes down to so many tenths of it, so that not every further event loses one.
const DOWN_TO: i64 = 9;

/// An event that may go.
struct Candidate {
    id: i64,
    instance: i64,
    seq: i64,
    bytes: i64,
}

/// What an event is worth: 0 all have it, 1 a receiver never will, 2 a receiver waits.
const WORTH: &str = "(SELECT coalesce(max(CASE status WHEN 0 THEN 2 WHEN 2 THEN 1 ELSE 0 END), 0) FROM delivery WHERE event = event.id)";

impl Store {
    /// Weighs what is there: once, because every change is counted from then on.
    pub async fn weigh_events(&self) -> Result<i64, StoreError> {
        let found: i64 = self
            .read(|connection| {
                let sql = "SELECT coalesce(sum(octet_length(data)), 0) + ?1 * count(*) FROM event";
                Ok(connection.query_row(sql, [weight(0)], |row| row.get(0))?)
            })
            .await?;
        // What was stored meanwhile is in it, and was counted too: too much by a few events at most.
        let counted = self.0.figures.bytes.fetch_add(found, Ordering::Relaxed);
        Ok(found + counted)
    }

    /// Forgets what is old, and gives up what was tried for long enough.
    pub async fn prune_by_age(&self, keep: Retention) -> Result<Pruned, StoreError> {
        let mut pruned = Pruned::default();
        if let Some(tried) = keep.tried {
            pruned.expired = self.give_up(tried).await?;
        }
        let mut after = 0;
        loop {
            let (candidates, next) = self.old(keep, after).await?;
            for step in candidates.chunks(STEP.into()) {
                let (gone, _) = self.remove(step, 1, None).await?;
                pruned.gone += gone;
            }
            match next {
                Some(next) => after = next,
                None => break,
            }
        }
        self.write(|connection| {
            // A webhook whose instance is gone ends with its last delivery.
            let sql = "DELETE FROM webhook WHERE retired = 1 AND NOT EXISTS \
                       (SELECT 1 FROM delivery WHERE delivery.webhook = webhook.id AND status = 0)";
            connection.execute(sql, [])?;
            Ok(())
        })
        .await?;
        Ok(pruned)
    }

    /// Makes room when the budget is used up: what all have goes first, then what was given up, then the
    /// oldest that waits. What a receiver did not get is told of by an `EVENTS_LOST` event of its instance; what went
    /// with such an event is told of by the next one.
    pub async fn prune_by_size(&self, keep: Retention) -> Result<Pruned, StoreError> {
        let mut pruned = Pruned::default();
        for worth in 0..=2 {
            let bytes = self.outbox_figures().bytes;
            if bytes <= keep.bytes {
                break;
            }
            let over = bytes - keep.bytes / 10 * DOWN_TO;
            for step in self.worth(worth, over).await?.chunks(STEP.into()) {
                let (gone, lost) =
                    self.remove(step, worth, Some("the disk budget for events is used up")).await?;
                pruned.gone += gone;
                pruned.lost += lost;
            }
        }
        Ok(pruned)
    }

    /// Deliveries that were tried for long enough, also by a webhook that is switched off.
    async fn give_up(&self, tried: Duration) -> Result<usize, StoreError> {
        let now = self.0.clock.now();
        let limit = before(now, tried);
        let mut expired = 0;
        loop {
            let old: Vec<i64> = self
                .read(move |connection| {
                    let sql = "SELECT id FROM delivery WHERE status = 0 AND since < ?1 LIMIT ?2";
                    let mut statement = connection.prepare_cached(sql)?;
                    let rows = statement.query_map((limit, STEP), |row| row.get(0))?;
                    Ok(rows.collect::<Result<Vec<_>, _>>()?)
                })
                .await?;
            if old.is_empty() {
                return Ok(expired);
            }
            expired += self
                .write(move |connection| {
                    let mut update = connection.prepare_cached(
                        "UPDATE delivery SET status = 2, error = coalesce(error, 'never tried') || '; given up', updated = ?3 \
                         WHERE id = ?1 AND status = 0 AND since < ?2",
                    )?;
                    old.iter().try_fold(0, |n, id| Ok(n + update.execute((id, limit, now.millis()))?))
                })
                .await?;
        }
    }

    /// Old events that nobody waits for, of the next thousand, and where to go on.
    async fn old(&self, keep: Retention, after: i64) -> Result<(Vec<Candidate>, Option<i64>), StoreError> {
        const LOOK: u16 = 1000;
        let now = self.0.clock.now();
        let (delivered, dead) = (before(now, keep.delivered), before(now, keep.dead));
        // From a clock that was wrong: nobody will see that day.
        let future = now.plus(keep.delivered).millis();
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, instance, seq, octet_length(data), (at < ?2 OR at > ?6) AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.event = event.id \
                 AND (d.status = 0 OR (d.status = 1 AND d.updated >= ?2) OR (d.status = 2 AND d.updated >= ?3))), \
                 at BETWEEN ?2 AND ?4 FROM event WHERE id > ?1 ORDER BY id LIMIT ?5",
            )?;
            let mut rows = statement.query((after, delivered, dead, now.millis(), LOOK, future))?;
            let (mut found, mut seen, mut last) = (Vec::new(), 0, after);
            while let Some(row) = rows.next()? {
                // Only younger ones from here on: events come in the order of time. One of the future is
                // from a wrong clock, and says nothing.
                if row.get(5)? {
                    return Ok((found, None));
                }
                (seen, last) = (seen + 1, row.get(0)?);
                if row.get(4)? {
                    found.push(candidate(row)?);
                }
            }
            Ok((found, (seen == LOOK).then_some(last)))
        })
        .await
    }

    /// The oldest events of this worth that weigh `over` together.
    async fn worth(&self, worth: i64, over: i64) -> Result<Vec<Candidate>, StoreError> {
        self.read(move |connection| {
            let sql = format!(
                "SELECT id, instance, seq, octet_length(data) FROM event WHERE {WORTH} = ?1 ORDER BY id"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query([worth])?;
            let (mut found, mut freed) = (Vec::new(), 0);
            while freed < over {
                let Some(row) = rows.next()? else { break };
                let one = candidate(row)?;
                freed += one.bytes;
                found.push(one);
            }
            Ok(found)
        })
        .await
    }

    /// Removes what is worth `most` by now; tells of what is lost by it, when there is a reason to give.
    /// Returns how many went, and how many of them a receiver never got.
    async fn remove(
        &self,
        candidates: &[Candidate],
        most: i64,
        why: Option<&'static str>,
    ) -> Result<(usize, usize), StoreError> {
        let (sealer, now) = (self.0.sealer.clone(), self.0.clock.now());
        let rows: Vec<_> = candidates.iter().map(|c| (c.id, c.instance, c.seq, c.bytes)).collect();
        let (gone, lost, bytes, added) = self
            .write(move |connection| {
                let look = format!(
                    "SELECT {WORTH}, kind, CASE kind WHEN 'EVENTS_LOST' THEN data END FROM event WHERE id = ?1"
                );
                let mut look = connection.prepare_cached(&look)?;
                let mut delete = connection.prepare_cached("DELETE FROM event WHERE id = ?1")?;
                let (mut gone, mut freed, mut count) = (0, 0, 0);
                let mut lost = BTreeMap::<i64, Loss>::new();
                for (id, instance, seq, bytes) in rows {
                    // It may have been sent again meanwhile.
                    let is = look.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
                    let Some((is, kind, told)) = is.optional()? else { continue };
                    let (is, kind, told): (i64, String, Option<Vec<u8>>) = (is, kind, told);
                    if is > most {
                        continue;
                    }
                    gone += delete.execute([id])?;
                    freed += bytes;
                    if is > 0 && why.is_some() {
                        count += 1;
                        let told = told.and_then(|told| opened(&sealer, instance, seq, &kind, &told).ok());
                        lost.entry(instance).or_default().add(seq, told.as_ref().map(|(_, data)| data));
                    }
                }
                let added = match why {
                    Some(why) => tell(connection, &sealer, lost, why, now)?,
                    None => Appended::default(),
                };
                Ok((gone, count, freed, added))
            })
            .await?;
        self.0.figures.bytes.fetch_sub(bytes, Ordering::Relaxed);
        self.0.figures.lost.fetch_add(u64::try_from(lost).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.stored(added);
        Ok((gone, lost))
    }
}

/// From id, instance, seq and the length of the data.
fn candidate(row: &rusqlite::Row<'_>) -> rusqlite::Result<Candidate> {
    let bytes = weight(usize::try_from(row.get::<_, i64>(3)?).unwrap_or_default());
    Ok(Candidate { id: row.get(0)?, instance: row.get(1)?, seq: row.get(2)?, bytes })
}

fn before(now: Stamp, span: Duration) -> i64 {
    now.millis().saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
}
