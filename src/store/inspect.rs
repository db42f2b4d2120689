//! A look at a database that nobody uses, which changes nothing about it.

use std::path::Path;

use super::{KeySource, StoreError, connect, schema, seal, take_lock};

/// What is wrong with the database and its key, each in a sentence; nothing when all is well. Blocks.
///
/// # Errors
/// When it cannot be looked at: [`StoreError::InUse`], [`StoreError::NoKey`], [`StoreError::WrongKey`], or what
/// SQLite says.
pub fn inspect(database: &Path, source: &KeySource) -> Result<Vec<String>, StoreError> {
    let _lock = take_lock(database)?;
    let connection = connect(database)?;
    let found = schema::recognise(&connection, database)?;
    if found == 0 {
        return Ok(Vec::new());
    }
    let mut faults = schema::integrity(&connection)?;
    faults.extend(schema::dangling(&connection)?);
    let missing = || StoreError::NoKey { key: source.path().to_owned(), database: database.to_owned() };
    let key = source.existing()?.ok_or_else(missing)?;
    if !seal::opens(&connection, &key)? {
        return Err(StoreError::WrongKey);
    }
    // What a tetherd of before sealed is looked through when it is brought up to date.
    if found == schema::newest() {
        let sealer = seal::Sealer::unlock(&connection, &key)?;
        faults.extend(seal::unreadable(&connection, &sealer)?);
    }
    Ok(faults)
}
