//! Where the sealing key is: in a file of ours, 0600 and made at first start, or in one that is given.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::{SealingKey, StoreError, private};

/// Where the sealing key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A file of ours: made at first start, replaced when the key is.
    File(PathBuf),
    /// A file that somebody else keeps.
    Given(PathBuf),
    /// A credential of systemd's (`LoadCredential=`), in a folder that only the service may enter. From systemd 254 on an
    /// access list lets the service read it, and the list's mask is what the mode shows for the group: 0440.
    Credential(PathBuf),
}

impl KeySource {
    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Given(path) | Self::Credential(path) => path,
        }
    }

    /// The key. One is made only when there is no database that another one belongs to.
    pub(super) fn load(&self, database: &Path) -> Result<SealingKey, StoreError> {
        match self.existing()? {
            Some(key) => Ok(key),
            None if fs::metadata(database).is_ok_and(|data| data.len() > 0) => {
                Err(StoreError::NoKey { key: self.path().to_owned(), database: database.to_owned() })
            }
            None => self.make(),
        }
    }

    /// The key, where there is one. One that is given must be there.
    pub(super) fn existing(&self) -> Result<Option<SealingKey>, StoreError> {
        let path = self.path();
        match File::open(path) {
            Ok(file) => {
                if !matches!(self, Self::Credential(_)) {
                    for_its_owner_only(&file, path)?;
                }
                read(file, path).map(Some)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && matches!(self, Self::File(_)) => {
                Ok(None)
            }
            Err(error) => Err(io(path, &error)),
        }
    }

    /// Names the place of a key that does not fit.
    pub(super) fn blamed(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::WrongKey => StoreError::OtherKey(self.path().to_owned()),
            other => other,
        }
    }

    /// A fresh key in its place, where there is none.
    pub(super) fn make(&self) -> Result<SealingKey, StoreError> {
        let path = self.path();
        if let Some(folder) = path.parent() {
            private::folder(folder).map_err(|error| io(folder, &error))?;
        }
        let key = SealingKey::generate()?;
        write(path, &key)?;
        Ok(key)
    }

    /// The key that was about to take the place of the old one when the power went.
    pub(super) fn load_next(&self) -> Option<SealingKey> {
        let Self::File(path) = self else { return None };
        let next = next(path);
        let file = File::open(&next).ok()?;
        for_its_owner_only(&file, &next).ok()?;
        read(file, &next).ok()
    }

    /// Puts a key beside the one in use.
    pub(super) fn put_next(&self, key: &SealingKey) -> Result<(), StoreError> {
        let Self::File(path) = self else {
            return Err(StoreError::Io(format!(
                "the sealing key {} is given to tetherd, which cannot replace it; run: tetherd key rotate-seal --to FILE",
                self.path().display()
            )));
        };
        let next = next(path);
        let _ = fs::remove_file(&next);
        write(&next, key)
    }

    /// The key beside takes the place of the one in use.
    pub(super) fn take_next(&self) -> Result<(), StoreError> {
        let Self::File(path) = self else { return Ok(()) };
        fs::rename(next(path), path).and_then(|()| sync_folder(path)).map_err(|error| io(path, &error))
    }
}

fn next(path: &Path) -> PathBuf {
    path.with_extension("key.next")
}

/// Makes a key file, for its owner only, and on disk when this returns.
///
/// # Errors
/// When there is one already, or it cannot be made.
pub fn write(path: &Path, key: &SealingKey) -> Result<(), StoreError> {
    let made = || {
        // Beside its place first: on a full disk no half of a key stands where one is looked for. 0600 from the start.
        let mut file = tempfile::NamedTempFile::new_in(private::folder_of(path))?;
        file.write_all(key.to_hex().as_bytes())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path)?;
        sync_folder(path)
    };
    made().map_err(|error| io(path, &error))
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    private::sync(private::folder_of(path))
}

fn for_its_owner_only(file: &File, path: &Path) -> Result<(), StoreError> {
    let mode = file.metadata().map_err(|error| io(path, &error))?.permissions().mode();
    let others = 0o077;
    if mode & others == 0 {
        return Ok(());
    }
    Err(StoreError::Io(format!(
        "sealing key {} can be read by others (mode {:o}); run: chmod 600 {0}",
        path.display(),
        mode & 0o777
    )))
}

/// The key in a file of 64 hexadecimal digits or 32 bytes.
fn read(file: File, path: &Path) -> Result<SealingKey, StoreError> {
    let mut content = Zeroizing::new(Vec::new());
    file.take(256).read_to_end(&mut content).map_err(|error| io(path, &error))?;
    SealingKey::parse(&content).ok_or_else(|| {
        StoreError::Io(format!(
            "sealing key {}: takes 64 hexadecimal digits or 32 bytes, and is something else; put the right one back, or, \
             from a backup that was made with a passphrase: tetherd restore FILE",
            path.display()
        ))
    })
}

fn io(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Io(format!("sealing key {}: {error}", path.display()))
}
