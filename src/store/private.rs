//! Files that nobody but the owner of the process may read.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Makes a folder of mode 0700 where there is none. One that is there keeps its mode: it is the owner's choice.
pub(super) fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Opens a file for writing, made with mode 0600 where there is none; one that others may read is closed to them.
pub(super) fn file(path: &Path) -> io::Result<File> {
    let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// The folder that a file is in: `.` for a bare name.
pub(super) fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What was made, renamed or taken away in a folder is on disk when this returns.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{file, folder};
    use std::fs::{Permissions, metadata, set_permissions, write};
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn nobody_else_may_read_it() {
        let mode = |path: &std::path::Path| metadata(path).unwrap().permissions().mode() & 0o777;
        let here = tempfile::tempdir().unwrap();
        let (fresh, known) = (here.path().join("a/b"), here.path().join("known"));
        folder(&fresh).unwrap();
        file(&fresh.join("new")).unwrap();
        write(&known, "kept").unwrap();
        set_permissions(&known, Permissions::from_mode(0o644)).unwrap();
        file(&known).unwrap();
        assert_eq!((mode(&fresh), mode(&fresh.join("new")), mode(&known)), (0o700, 0o600, 0o600));
        assert_eq!(std::fs::read_to_string(&known).unwrap(), "kept");
    }
}
