//! The schema, in numbered steps. A step that has been released is never changed.

use std::path::Path;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::StoreError;

/// `tthr`: tells `file(1)` and us whose database this is.
const APPLICATION_ID: i64 = 0x7474_6872;

const STEPS: &[&str] =
    &[include_str!("schema/1.sql"), include_str!("schema/2.sql"), include_str!("schema/3.sql")];

pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    let owner: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if found > 0 && owner != APPLICATION_ID {
        return Err(StoreError::Io(format!("{} is a database of another program", path.display())));
    }
    let steps = Migrations::new(STEPS.iter().map(|sql| M::up(sql)).collect());
    steps
        .to_latest(connection)
        .map_err(|error| StoreError::Sqlite(format!("schema of {}: {error}", path.display())))?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(())
}

/// What SQLite finds wrong with the file.
pub(super) fn integrity(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}
