//! All that a database holds, as one digest. SQLite's check looks at the file's structure and the seals at
//! what is secret; a byte that changed within a plain value is seen by this.

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};

use super::super::StoreError;
use super::MARK;

/// Of every row of every table, but for the backup's own mark: hexadecimal digits. Where the rows lie in the
/// file does not count. Blocks.
pub(super) fn digest(connection: &Connection) -> Result<String, StoreError> {
    let mut hash = Sha256::new();
    let mut tables =
        connection.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
    let mut tables = tables.query([])?;
    while let Some(table) = tables.next()? {
        let name: String = table.get(0)?;
        add(&mut hash, ValueRef::Text(name.as_bytes()));
        add(&mut hash, table.get_ref(1)?);
        rows(connection, &name, &mut hash)?;
    }
    Ok(hex::encode(hash.finalize()))
}

/// In the order of their keys, which no choice of SQLite's changes.
fn rows(connection: &Connection, table: &str, hash: &mut Sha256) -> Result<(), StoreError> {
    let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\" NOT INDEXED"))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if table == "meta" && row.get_ref(0)? == ValueRef::Text(MARK.as_bytes()) {
            continue;
        }
        for column in 0..columns {
            add(hash, row.get_ref(column)?);
        }
    }
    Ok(())
}

/// With its kind and length before it, so that no two sequences of values look alike.
fn add(hash: &mut Sha256, value: ValueRef<'_>) {
    let mut put = |kind: u8, bytes: &[u8]| {
        hash.update([kind]);
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    match value {
        ValueRef::Null => put(0, &[]),
        ValueRef::Integer(number) => put(1, &number.to_be_bytes()),
        ValueRef::Real(number) => put(2, &number.to_bits().to_be_bytes()),
        ValueRef::Text(text) => put(3, text),
        ValueRef::Blob(blob) => put(4, blob),
    }
}
