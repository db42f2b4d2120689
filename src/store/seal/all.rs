//! All sealed values of a database: which there are, whether they open, and how those of before are
//! brought to their places.

use rusqlite::{Connection, Row};

use super::Sealer;
use super::place;
use crate::store::StoreError;

/// A column whose values the first schema sealed without naming their rows.
struct Moved {
    table: &'static str,
    /// SQL for whose it is.
    owner: &'static str,
    column: &'static str,
    old: &'static str,
    new: fn(i64) -> String,
}

const MOVED: &[Moved] = &[
    Moved { table: "instance", owner: "id", column: "proxy", old: "instance/proxy", new: place::proxy },
    Moved {
        table: "instance",
        owner: "id",
        column: "cloud_token",
        old: "instance/cloud_token",
        new: place::cloud_token,
    },
    Moved {
        table: "webhook",
        // No instance is number 0: the global one.
        owner: "coalesce(instance, 0)",
        column: "config",
        old: "webhook/config",
        new: |id| place::webhook(Some(id).filter(|id| *id != 0)),
    },
];

/// Rows that are rewritten at once; the rest waits on disk.
const STEP: i64 = 500;

/// Binds each value to its row, and seals what events tell (schema step 4).
pub(in crate::store) fn seal_places(connection: &Connection, sealer: &Sealer) -> Result<(), StoreError> {
    for Moved { table, owner, column, old, new } in MOVED {
        let read = format!("SELECT id, {owner}, {column} FROM {table} WHERE {column} IS NOT NULL");
        let rows = gather(connection, &read, (), |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?))
        })?;
        for (id, owner, value) in rows {
            let plain = sealer.open(old, &value)?;
            let write = format!("UPDATE {table} SET {column} = ?2 WHERE id = ?1");
            connection.execute(&write, (id, sealer.seal(&new(owner), &plain)?))?;
        }
    }
    let mut after = 0;
    loop {
        let rows = gather(
            connection,
            "SELECT id, instance, seq, plain FROM event WHERE id > ?1 ORDER BY id LIMIT ?2",
            (after, STEP),
            |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, String>(3)?,
                ))
            },
        )?;
        let Some((last, ..)) = rows.last() else { break };
        after = *last;
        for (id, instance, seq, plain) in rows {
            let value = sealer.seal(&place::event(instance, seq), plain.as_bytes())?;
            connection.execute("UPDATE event SET data = ?2 WHERE id = ?1", (id, value))?;
        }
    }
    connection.execute("ALTER TABLE event DROP COLUMN plain", [])?;
    Ok(())
}

/// The sealed values that do not open, each in a sentence.
pub(in crate::store) fn unreadable(
    connection: &Connection,
    sealer: &Sealer,
) -> Result<Vec<String>, StoreError> {
    type Shown = fn(&Row<'_>) -> rusqlite::Result<(String, Vec<u8>, String)>;
    let tables: [(&str, Shown); 7] = [
        ("SELECT instance, kind, key, value FROM credential", |row| {
            let (instance, kind): (i64, i64) = (row.get(0)?, row.get(1)?);
            let place = place::credential(instance, kind, &row.get::<_, String>(2)?);
            Ok((place, row.get(3)?, format!("a credential (kind {kind}) of instance {instance}")))
        }),
        ("SELECT id, proxy, name FROM instance WHERE proxy IS NOT NULL", |row| {
            Ok((place::proxy(row.get(0)?), row.get(1)?, format!("the proxy of {}", row.get::<_, String>(2)?)))
        }),
        ("SELECT id, cloud_token, name FROM instance WHERE cloud_token IS NOT NULL", |row| {
            Ok((
                place::cloud_token(row.get(0)?),
                row.get(1)?,
                format!("Meta's token of {}", row.get::<_, String>(2)?),
            ))
        }),
        ("SELECT instance, config FROM webhook", |row| {
            let of = row.get::<_, Option<i64>>(0)?;
            let whose =
                of.map_or_else(|| "the global webhook".into(), |id| format!("the webhook of instance {id}"));
            Ok((place::webhook(of), row.get(1)?, whose))
        }),
        ("SELECT instance, seq, data FROM event", |row| {
            let (instance, seq): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok((place::event(instance, seq), row.get(2)?, format!("event {seq} of instance {instance}")))
        }),
        ("SELECT instance, device, name FROM tombstone", |row| {
            let what = format!("what is left of {}", row.get::<_, String>(2)?);
            Ok((place::credential(row.get(0)?, 0, ""), row.get(1)?, what))
        }),
        ("SELECT instance, proxy, name FROM tombstone WHERE proxy IS NOT NULL", |row| {
            let what = format!("the proxy that {} had", row.get::<_, String>(2)?);
            Ok((place::proxy(row.get(0)?), row.get(1)?, what))
        }),
    ];
    let mut faults = Vec::new();
    for (sql, read) in tables {
        let mut statement = connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (place, value, what) = read(row)?;
            if sealer.open(&place, &value).is_err() {
                faults.push(format!("{what} cannot be opened"));
            }
        }
    }
    Ok(faults)
}

fn gather<T>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map(params, read)?;
    Ok(rows.collect::<Result<_, _>>()?)
}
