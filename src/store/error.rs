//! What can go wrong with the database, for a person.

use std::path::PathBuf;

/// Storage failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process has it.
    #[error("{0} is in use by another tetherd; stop that one first")]
    InUse(PathBuf),
    /// A newer tetherd made it.
    #[error("{path} was made by a newer tetherd (schema {found}, this one knows {known}); update tetherd")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest that we know.
        known: i64,
    },
    /// Another program made it.
    #[error("{} is a database of another program; nothing was changed", .0.display())]
    Foreign(PathBuf),
    /// The sealing key is another one.
    #[error(
        "the sealing key is not the one that this database was sealed with; put the right one back, nothing was changed"
    )]
    WrongKey,
    /// The same, of a key that has a place.
    #[error(
        "the sealing key in {} is not the one that this database was sealed with; put the right one there, nothing was \
         changed", .0.display()
    )]
    OtherKey(PathBuf),
    /// The sealing key is not there, and the database is.
    #[error(
        "the sealing key {} is missing, and {} cannot be opened without it. Put the key back; or, from a backup that was \
         made with a passphrase: tetherd restore FILE",
        key.display(), database.display()
    )]
    NoKey {
        /// Where it should be.
        key: PathBuf,
        /// What needs it.
        database: PathBuf,
    },
    /// A sealed value was changed, or belongs elsewhere.
    #[error(
        "a sealed value in {0} cannot be opened; the database is damaged or was tampered with. tetherd check says what else \
         is; a backup brings it back: tetherd restore FILE"
    )]
    Unsealable(String),
    /// No backup of ours, or a damaged one.
    #[error("this backup cannot be used: {0}. Nothing was changed")]
    BadBackup(String),
    /// Another passphrase.
    #[error("the passphrase does not open this backup; nothing was changed")]
    WrongPassphrase,
    /// Another sealing key, and no passphrase.
    #[error(
        "this backup was made without a passphrase and opens only with the sealing key of the box that made it; put \
         that key into {} and try again. Nothing was changed", key.display()
    )]
    OtherBox {
        /// Where this box's key is.
        key: PathBuf,
    },
    /// No room.
    #[error("the disk is full; nothing was stored. Make room: it goes on by itself")]
    Full,
    /// The file is damaged.
    #[error(
        "the database is damaged: {0}. Bring a backup back: tetherd restore FILE; without one, move it away and link anew"
    )]
    Corrupt(String),
    /// A row that must be unique exists already.
    #[error("{0} exists already")]
    Taken(String),
    /// The row is not there.
    #[error("{0} does not exist")]
    Missing(String),
    /// A file could not be used.
    #[error("{0}")]
    Io(String),
    /// Anything else that SQLite says.
    #[error("the database refused: {0}")]
    Sqlite(String),
    /// The store is closed, or its writer is gone.
    #[error("storage is closed")]
    Closed,
    /// More waits than the queue holds.
    #[error("storage does not keep up; try again")]
    Busy,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        // The log's index cannot grow: on a full disk, SQLite says no more than that.
        let full = rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
        if error.sqlite_error().is_some_and(|inner| inner.extended_code == full) {
            return Self::Full;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt(error.to_string()),
            _ => Self::Sqlite(error.to_string()),
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Corrupt(format!("a stored value cannot be read: {error}"))
    }
}
