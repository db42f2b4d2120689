//! A look at what the next start needs, which changes nothing about it.

use std::path::Path;

use rusqlite::Connection;

use super::{KeySource, SealingKey, Store, StoreError, prepare, schema, seal, take_lock};

/// What is wrong with the database and its key, each in a sentence; nothing when all is well. Blocks.
///
/// # Errors
/// When it cannot be looked at: [`StoreError::InUse`], [`StoreError::NoKey`], [`StoreError::OtherKey`], or what
/// SQLite says.
pub fn inspect(database: &Path, source: &KeySource) -> Result<Vec<String>, StoreError> {
    let _lock = take_lock(database)?;
    let connection = Connection::open(database)?;
    let found = schema::recognise(&connection, database)?;
    prepare(&connection)?;
    if found == 0 {
        return Ok(Vec::new());
    }
    let mut faults = schema::faults(&connection)?;
    let key = in_its_place(&connection, database, source)?;
    // What a tetherd of before sealed is looked through when it is brought up to date.
    if found == schema::newest() {
        let sealer = seal::Sealer::unlock(&connection, &key)?;
        faults.extend(seal::unreadable(&connection, &sealer)?);
    }
    Ok(faults)
}

/// The key in its place, when it opens the database.
fn in_its_place(
    connection: &Connection,
    database: &Path,
    source: &KeySource,
) -> Result<SealingKey, StoreError> {
    let missing = || StoreError::NoKey { key: source.path().to_owned(), database: database.to_owned() };
    let key = source.existing()?.ok_or_else(missing)?;
    if seal::opens(connection, &key)? { Ok(key) } else { Err(source.blamed(StoreError::WrongKey)) }
}

impl Store {
    /// Whether the next start will find the key that it needs.
    ///
    /// # Errors
    /// Why not: [`StoreError::NoKey`], [`StoreError::OtherKey`], or that the key cannot be read.
    pub async fn finds_its_key(&self) -> Result<(), StoreError> {
        let (source, path) = (self.0.source.clone(), self.0.readers.path().to_owned());
        let Some(source) = source else { return Ok(()) };
        self.read(move |connection| in_its_place(connection, &path, &source).map(drop)).await
    }
}
