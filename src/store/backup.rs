//! Copies that live elsewhere: made while the database is in use, looked through before they take its place.
//!
//! A backup is a database of ours in one file, with a row more that says what it is. Its secrets stay sealed
//! with the data key, which is in it twice at most: wrapped with the sealing key of the box that made it, and
//! with a key that a passphrase becomes.

mod content;
mod passphrase;
mod restore;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _};
use serde::{Deserialize, Serialize};

use super::{SealingKey, Store, StoreError, connect, private, schema, seal};
use crate::model::Stamp;
pub use passphrase::PassphraseKey;
use passphrase::Recipe;
pub use restore::{Restored, restore};

/// The row of `meta` that makes a database a backup.
const MARK: &str = "backup";

/// What a backup says about itself.
#[derive(Serialize, Deserialize)]
struct Mark {
    /// Milliseconds since the Unix epoch.
    made: i64,
    /// The tetherd that made it.
    by: String,
    passphrase: Option<Wrapped>,
    /// Of all that is in it ([`content::digest`]).
    content: String,
}

/// The data key, for who knows the passphrase.
#[derive(Serialize, Deserialize)]
struct Wrapped {
    recipe: Recipe,
    /// Hexadecimal digits.
    key: String,
}

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackedUp {
    /// Bytes of the file.
    pub size: u64,
    /// Instances in it.
    pub instances: usize,
}

impl Store {
    /// The data key, wrapped with another key than the one in use: hexadecimal digits.
    ///
    /// # Errors
    /// When the key in use cannot be read again.
    pub async fn wrap_for(&self, other: SealingKey) -> Result<String, StoreError> {
        let (source, path) = (self.0.source.clone(), self.0.readers.path().to_owned());
        self.read(move |connection| {
            let unknown = || StoreError::Io("where the sealing key is kept is not known".into());
            let source = source.ok_or_else(unknown)?;
            let key = source.load(&path)?;
            let wrapped =
                seal::wrapped_for(connection, &key, &other).map_err(|error| source.blamed(error))?;
            Ok(hex::encode(wrapped))
        })
        .await
    }
}

/// Copies the database, which may be in use, into one new file; `wrapped` opens it with a passphrase
/// ([`Store::wrap_for`]). The copy is of one moment, looked through, and on disk when this returns. Blocks.
///
/// # Errors
/// When the file exists already, cannot be written, or the database is damaged. Nothing is left of it then.
pub fn back_up(
    database: &Path,
    to: &Path,
    wrapped: Option<(&PassphraseKey, String)>,
    now: Stamp,
) -> Result<BackedUp, StoreError> {
    if to.exists() {
        return Err(StoreError::Io(format!("{} exists already; choose another name", to.display())));
    }
    let folder = private::folder_of(to);
    if !folder.is_dir() {
        return Err(StoreError::Io(format!("there is no folder {}", folder.display())));
    }
    let at = |error: &dyn std::fmt::Display| StoreError::Io(format!("{}: {error}", to.display()));
    // Beside the place where it is to be, and for its owner only.
    let staged = tempfile::Builder::new().prefix(".tetherd-").suffix(".db").tempfile_in(folder);
    let staged = staged.map_err(|error| at(&error))?;
    let mark = Mark {
        made: now.millis(),
        by: env!("CARGO_PKG_VERSION").to_owned(),
        passphrase: wrapped.map(|(passphrase, key)| Wrapped { recipe: passphrase.recipe(), key }),
        content: String::new(),
    };
    let written = copy(database, staged.path()).and_then(|copy| dress(copy, mark));
    let instances = written.map_err(|error| match error {
        StoreError::Full => at(&"there is no room for the backup; nothing is left of it"),
        other => other,
    })?;
    staged.as_file().sync_all().map_err(|error| at(&error))?;
    let file = staged.persist_noclobber(to).map_err(|error| at(&error.error))?;
    private::sync(folder).map_err(|error| at(&error))?;
    let size = file.metadata().map_err(|error| at(&error))?.len();
    Ok(BackedUp { size, instances })
}

/// All pages in one step: one moment, whatever is written meanwhile.
fn copy(database: &Path, to: &Path) -> Result<Connection, StoreError> {
    let from = connect(database)?;
    let mut copy = Connection::open(to)?;
    let all = rusqlite::backup::Backup::new(&from, &mut copy)?;
    all.run_to_completion(i32::MAX, Duration::from_millis(50), None)?;
    drop(all);
    Ok(copy)
}

/// One file without a log beside it, marked as what it is. Who was signed in on the page is not taken along:
/// what was ended since would come back. Returns the number of instances.
fn dress(copy: Connection, mark: Mark) -> Result<usize, StoreError> {
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    copy.pragma_update(None, "secure_delete", true)?;
    copy.execute_batch("BEGIN; DELETE FROM session; DELETE FROM invite;")?;
    let value = serde_json::to_vec(&Mark { content: content::digest(&copy)?, ..mark })?;
    copy.execute("INSERT OR REPLACE INTO meta(name, value) VALUES (?1, ?2)", (MARK, value))?;
    copy.execute_batch("COMMIT")?;
    let faults = schema::faults(&copy)?;
    if !faults.is_empty() {
        return Err(StoreError::Corrupt(faults.join("; ")));
    }
    let instances: i64 = copy.query_row("SELECT count(*) FROM instance", [], |row| row.get(0))?;
    copy.close().map_err(|(_, error)| error)?;
    Ok(usize::try_from(instances).unwrap_or_default())
}

fn mark(connection: &Connection) -> Result<Option<Mark>, StoreError> {
    let value: Option<Vec<u8>> = connection
        .query_row("SELECT value FROM meta WHERE name = ?1", [MARK], |row| row.get(0))
        .optional()?;
    value.map(|value| serde_json::from_slice(&value).map_err(StoreError::from)).transpose()
}

/// With a suffix, as SQLite names the files beside a database.
fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
