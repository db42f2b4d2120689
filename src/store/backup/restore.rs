//! A backup takes the place of a database.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::NamedTempFile;

use super::super::{KeySource, SealingKey, StoreError, connect, private, schema, seal, take_lock};
use super::{MARK, Mark, beside, content, mark};
use crate::model::{Secret, Stamp};

/// A backup that took its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// When it was made, when it says so.
    pub made: Option<Stamp>,
    /// Names of its instances, and whether each is linked.
    pub instances: Vec<(String, bool)>,
    /// Where the database is that was there before.
    pub kept: Option<PathBuf>,
}

/// Puts a backup in the place of the database; the one that was there is kept beside it. Looks through all of
/// the backup first: damage, references, every sealed value. Sealed with this box's key from then on; one is
/// made where there is none. `passphrase` is asked for only when this box's key does not open it. Blocks.
///
/// # Errors
/// [`StoreError::InUse`] while a daemon runs; when the backup cannot be used, in a sentence. Nothing was
/// changed then.
pub fn restore(
    file: &Path,
    database: &Path,
    source: &KeySource,
    passphrase: impl FnOnce() -> Result<Secret, StoreError>,
    now: Stamp,
) -> Result<Restored, StoreError> {
    // First of all: a name that is wrong leaves nothing behind.
    let backup = File::open(file).map_err(|error| unread(file, &error))?;
    // Held to the end: no daemon starts meanwhile.
    let _lock = take_lock(database)?;
    let folder = private::folder_of(database);
    let staged = stage(backup, file, folder)?;
    let restored = fit(staged.path(), file, source, passphrase).map_err(|error| match error {
        StoreError::Corrupt(why) | StoreError::Sqlite(why) => StoreError::BadBackup(why),
        other => other,
    })?;
    let io = |error: &dyn std::fmt::Display| StoreError::Io(format!("{}: {error}", database.display()));
    staged.as_file().sync_all().map_err(|error| io(&error))?;
    let kept = keep(database, now).map_err(|error| io(&error))?;
    staged.persist(database).map_err(|error| io(&error.error))?;
    private::sync(folder).map_err(|error| io(&error))?;
    Ok(Restored { kept, ..restored })
}

/// A copy where the database is, so that it can take its place at once; the backup itself is only read.
fn stage(mut from: File, file: &Path, folder: &Path) -> Result<NamedTempFile, StoreError> {
    let staged = tempfile::Builder::new().prefix("restore-").suffix(".db").tempfile_in(folder);
    let mut staged = staged.map_err(|error| StoreError::Io(format!("{}: {error}", folder.display())))?;
    std::io::copy(&mut from, staged.as_file_mut()).map_err(|error| match error.kind() {
        std::io::ErrorKind::StorageFull => {
            StoreError::Io(format!("there is no room in {}", folder.display()))
        }
        _ => unread(file, &error),
    })?;
    Ok(staged)
}

fn unread(file: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Io(format!("{}: {error}", file.display()))
}

/// Looks through the copy, opens it for this box and brings it up to date. `name` is what it is a copy of.
fn fit(
    path: &Path,
    name: &Path,
    source: &KeySource,
    passphrase: impl FnOnce() -> Result<Secret, StoreError>,
) -> Result<Restored, StoreError> {
    let mut connection = connect(path)?;
    if schema::recognise(&connection, name)? == 0 {
        return Err(StoreError::BadBackup("it is empty".into()));
    }
    let found = schema::faults(&connection)?;
    if !found.is_empty() {
        return Err(StoreError::BadBackup(found.join("; ")));
    }
    let mark = mark(&connection)?;
    if let Some(mark) = &mark
        && mark.content != content::digest(&connection)?
    {
        return Err(StoreError::BadBackup("it is not as it was made: something in it was changed".into()));
    }
    let key = open(&connection, mark.as_ref(), source, passphrase)?;
    connection.execute("DELETE FROM meta WHERE name = ?1", [MARK])?;
    let sealer = schema::migrate(&mut connection, name, &key)?;
    let unreadable = seal::unreadable(&connection, &sealer)?;
    if !unreadable.is_empty() {
        return Err(StoreError::BadBackup(unreadable.join("; ")));
    }
    let instances = connection
        .prepare("SELECT name, linked = 1 FROM instance ORDER BY folded")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(Restored { made: mark.map(|mark| Stamp::from_millis(mark.made)), instances, kept: None })
}

/// This box's key, with which the copy opens when this returns.
fn open(
    connection: &Connection,
    mark: Option<&Mark>,
    source: &KeySource,
    passphrase: impl FnOnce() -> Result<Secret, StoreError>,
) -> Result<SealingKey, StoreError> {
    let own = match source.existing()? {
        Some(own) if seal::opens(connection, &own)? => return Ok(own),
        own => own,
    };
    let Some(wrapped) = mark.and_then(|mark| mark.passphrase.as_ref()) else {
        return Err(StoreError::OtherBox { key: source.path().to_owned() });
    };
    let theirs = wrapped.recipe.follow(&passphrase()?)?;
    let value = hex::decode(&wrapped.key).map_err(|error| StoreError::BadBackup(error.to_string()))?;
    seal::put_wrapped(connection, &value)?;
    if !seal::opens(connection, &theirs)? {
        return Err(StoreError::WrongPassphrase);
    }
    let own = match own {
        Some(own) => own,
        None => source.make()?,
    };
    seal::rewrap(connection, &theirs, &own)?;
    Ok(own)
}

/// The database that is there gets another name, and stays under its own until the new one takes that: at no
/// moment is there none.
fn keep(database: &Path, now: Stamp) -> std::io::Result<Option<PathBuf>> {
    if !database.exists() {
        return Ok(None);
    }
    // Folds its log into it; what is too damaged for that keeps its log under its new name.
    if let Ok(old) = connect(database) {
        let _ = old.pragma_update(None, "journal_mode", "DELETE");
    }
    let stamp = now.rfc3339().replace([':', '-', '.'], "");
    let kept = database.with_extension(format!("before-{stamp}.db"));
    for suffix in ["-wal", "-shm"] {
        match fs::rename(beside(database, suffix), beside(&kept, suffix)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    // Where the file system has no links, a copy.
    fs::hard_link(database, &kept).or_else(|_| fs::copy(database, &kept).map(|_| ()))?;
    Ok(Some(kept))
}
