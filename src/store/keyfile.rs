//! The sealing key's file: 0600, made at first start beside the database.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use zeroize::Zeroizing;

use super::{SealingKey, StoreError};

/// The key in a file of 64 hexadecimal digits or 32 bytes; makes one when there is none.
///
/// # Errors
/// When the file is neither, when others may read it, or when it cannot be made.
pub fn load_or_make_key(path: &Path) -> Result<SealingKey, StoreError> {
    let io = |error: std::io::Error| StoreError::Io(format!("sealing key {}: {error}", path.display()));
    match File::open(path) {
        Ok(file) => read(file, path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut bytes = Zeroizing::new([0_u8; 32]);
            getrandom::fill(bytes.as_mut())
                .map_err(|error| StoreError::Io(format!("no randomness: {error}")))?;
            if let Some(folder) = path.parent() {
                super::private::folder(folder).map_err(io)?;
            }
            let mut file = File::options().write(true).create_new(true).mode(0o600).open(path).map_err(io)?;
            let text = Zeroizing::new(hex::encode(bytes.as_ref()));
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
            Ok(SealingKey::new(*bytes))
        }
        Err(error) => Err(io(error)),
    }
}

fn read(file: File, path: &Path) -> Result<SealingKey, StoreError> {
    let io = |error: std::io::Error| StoreError::Io(format!("sealing key {}: {error}", path.display()));
    let mode = file.metadata().map_err(io)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(StoreError::Io(format!(
            "sealing key {} can be read by others (mode {:o}); run: chmod 600 {0}",
            path.display(),
            mode & 0o777
        )));
    }
    let mut content = Zeroizing::new(Vec::new());
    file.take(256).read_to_end(&mut content).map_err(io)?;
    let wrong =
        || StoreError::Io(format!("sealing key {}: takes 64 hexadecimal digits or 32 bytes", path.display()));
    if let Ok(bytes) = <[u8; 32]>::try_from(content.as_slice()) {
        return Ok(SealingKey::new(bytes));
    }
    let text = std::str::from_utf8(&content).map_err(|_| wrong())?;
    let bytes = Zeroizing::new(hex::decode(text.trim()).map_err(|_| wrong())?);
    Ok(SealingKey::new(bytes.as_slice().try_into().map_err(|_| wrong())?))
}
