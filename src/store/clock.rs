//! Stored times when the clock is set.

use std::time::Duration;

use rusqlite::Connection;

use super::{Store, StoreError};
use crate::model::{ClockShift, Stamp};

/// Noted while the clock shows a time that cannot be true, so that the next start knows.
const UNSET: &str = "clock_unset";
/// The longest that a one-time address lives.
const INVITE: i64 = 7 * 24 * 3600 * 1000;

/// Every column with a moment in it.
const TIMES: &[(&str, &[&str])] = &[
    ("instance", &["created", "updated"]),
    ("event", &["at"]),
    ("delivery", &["since", "updated", "not_before"]),
    ("webhook", &["created", "updated"]),
    ("api_key", &["created"]),
    ("session", &["created"]),
    ("tombstone", &["created"]),
];

impl Store {
    /// At start. A start before this one may have ended before its clock was set: its times become now,
    /// because nobody knows them any more. Returns how many.
    pub async fn begin_clock(&self) -> Result<usize, StoreError> {
        let now = self.0.clock.now();
        self.write(move |connection| {
            if !now.is_plausible() {
                let sql = "INSERT OR IGNORE INTO meta(name, value) VALUES (?1, x'')";
                connection.execute(sql, [UNSET])?;
                return Ok(0);
            }
            if connection.execute("DELETE FROM meta WHERE name = ?1", [UNSET])? == 0 {
                return Ok(0);
            }
            correct(connection, i64::MAX / 2, now)
        })
        .await
    }

    /// The clock was set from `before` to `after`, `uptime` after the process began. Times that cannot be
    /// true are corrected; what ends at a moment keeps the time that it had left. Returns how many times
    /// were corrected.
    pub async fn clock_set(
        &self,
        before: Stamp,
        after: Stamp,
        uptime: Duration,
    ) -> Result<usize, StoreError> {
        let began = before.millis() - i64::try_from(uptime.as_millis()).unwrap_or(i64::MAX);
        self.write(move |connection| {
            let by = after.millis().saturating_sub(before.millis());
            // Made in this run, under the clock of before.
            connection.execute(
                "UPDATE session SET expires = expires + ?1, created = created + ?1 WHERE created BETWEEN ?2 AND ?3",
                (by, began, before.millis()),
            )?;
            connection.execute(
                "UPDATE invite SET expires = expires + ?1 WHERE expires BETWEEN ?2 AND ?3",
                (by, began, before.millis().saturating_add(INVITE)),
            )?;
            connection.execute(
                "UPDATE delivery SET since = since + ?1 WHERE status = 0 AND since BETWEEN ?2 AND ?3",
                (by, began, before.millis()),
            )?;
            let Some(shift) = ClockShift::between(before, after) else { return Ok(0) };
            connection.execute("DELETE FROM meta WHERE name = ?1", [UNSET])?;
            correct(connection, shift.millis(), after)
        })
        .await
    }
}

/// Moves every time that cannot be true, not beyond now. 0 is no time.
fn correct(connection: &Connection, by: i64, now: Stamp) -> Result<usize, StoreError> {
    let true_from = Stamp::RELEASED.millis();
    let mut corrected = 0;
    for (table, columns) in TIMES {
        for column in *columns {
            let sql = format!(
                "UPDATE {table} SET {column} = min({column} + ?1, ?2) WHERE {column} > 0 AND {column} < ?3"
            );
            corrected += connection.execute(&sql, (by, now.millis(), true_from))?;
        }
    }
    corrected += connection.execute(
        "UPDATE instance SET ended = json_set(ended, '$.at', min(json_extract(ended, '$.at') + ?1, ?2)) \
         WHERE ended IS NOT NULL AND json_extract(ended, '$.at') < ?3",
        (by, now.millis(), true_from),
    )?;
    Ok(corrected)
}
