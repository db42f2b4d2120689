//! The schema, in numbered steps. A step that has been released is never changed.

use std::path::Path;

use rusqlite::{Connection, Transaction};
use rusqlite_migration::{HookError, M, Migrations};

use super::seal::{self, Sealer};
use super::{SealingKey, StoreError};

/// `tthr`: tells `file(1)` and us whose database this is.
const APPLICATION_ID: i64 = 0x7474_6872;

type Program = fn(&Connection, &Sealer) -> Result<(), StoreError>;

/// The steps, each with what SQL alone cannot do.
const STEPS: &[(&str, Option<Program>)] = &[
    (include_str!("schema/1.sql"), None),
    (include_str!("schema/2.sql"), None),
    (include_str!("schema/3.sql"), None),
    (include_str!("schema/4.sql"), Some(seal::seal_places)),
    (include_str!("schema/5.sql"), None),
];
/// From this one on no step leaves plain text of secrets in the file's free pages.
const SEALED: i64 = 4;

/// Brings the schema up to date with what the key opens. A key that does not fit is refused before
/// anything is changed.
pub(super) fn migrate(
    connection: &mut Connection,
    path: &Path,
    key: &SealingKey,
) -> Result<Sealer, StoreError> {
    let found = recognise(connection, path)?;
    let wrong = |error: rusqlite_migration::Error| match error {
        rusqlite_migration::Error::RusqliteError { err, .. } => StoreError::from(err),
        error => StoreError::Sqlite(format!("schema of {}: {error}", path.display())),
    };
    if found == 0 {
        // First of all: what has our tables and not our name is somebody else's.
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        // The table in which the data key is.
        steps(None).to_version(connection, 1).map_err(wrong)?;
    }
    let sealer = Sealer::unlock(connection, key)?;
    steps(Some(&sealer)).to_latest(connection).map_err(wrong)?;
    if (1..SEALED).contains(&found) {
        // What was plain is still in pages that are free now.
        connection.execute_batch("VACUUM")?;
    }
    Ok(sealer)
}

/// The number of the last step that was done, in a database that is ours; 0 in an empty one.
pub(super) fn recognise(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let (found, known) = (version(connection)?, newest());
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    let theirs = if found > 0 { owner(connection)? != APPLICATION_ID } else { !is_empty(connection)? };
    if theirs {
        return Err(StoreError::Foreign(path.to_owned()));
    }
    Ok(found)
}

/// Whether there is nothing in it, and nobody else has put a name on it.
fn is_empty(connection: &Connection) -> Result<bool, StoreError> {
    let filled: bool =
        connection.query_row("SELECT EXISTS (SELECT 1 FROM sqlite_schema)", [], |row| row.get(0))?;
    Ok(!filled && [0, APPLICATION_ID].contains(&owner(connection)?))
}

fn owner(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("PRAGMA application_id", [], |row| row.get(0))?)
}

/// The number of the last step that there is.
pub(super) fn newest() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// The number of the last step that was done.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

fn steps(sealer: Option<&Sealer>) -> Migrations<'static> {
    let step = |(sql, program): &(&'static str, Option<Program>)| match (*program, sealer.cloned()) {
        (Some(program), Some(sealer)) => M::up_with_hook(sql, move |transaction: &Transaction<'_>| {
            program(transaction, &sealer).map_err(|error| HookError::Hook(error.to_string()))
        }),
        _ => M::up(sql),
    };
    Migrations::new(STEPS.iter().map(step).collect())
}

/// What is wrong with the file, as far as that can be seen without its key.
pub(super) fn faults(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut faults = integrity(connection)?;
    faults.extend(dangling(connection)?);
    Ok(faults)
}

/// What SQLite finds wrong with it.
fn integrity(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

/// Rows that refer to rows that are not there.
fn dangling(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let rows = statement.query_map([], |row| {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        Ok(format!("a row of {table} refers to a row of {parent} that is not there"))
    })?;
    Ok(rows.collect::<Result<Vec<_>, _>>()?)
}

/// As a tetherd of before left it.
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
pub(super) fn up_to(connection: &mut Connection, step: usize) {
    steps(None).to_version(connection, step).unwrap();
}
