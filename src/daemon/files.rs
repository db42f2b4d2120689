//! How many files this process may have open, and what that leaves for connections from outside.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::http::Limits;

/// Open files that are asked for. The usual 1024 is for programs that use `select`; what exceeds it would otherwise be the
/// database's, or a link's.
const WANTED: u64 = 8192;
/// What links, webhooks and the database may need at once.
const RESERVE: u64 = 512;

/// Bounds for connections that leave the rest of the process its files.
pub(super) fn limits() -> Limits {
    let usual = Limits::default();
    let connections = beside(raise()).min(usual.connections);
    if connections < usual.connections {
        tracing::warn!(
            "few files may be open (ulimit -n): {connections} connections at once instead of {}",
            usual.connections
        );
    }
    Limits { connections, ..usual }
}

/// As many as are wanted and allowed; how many those are.
fn raise() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let (now, most) = (current.unwrap_or(u64::MAX), maximum.unwrap_or(u64::MAX));
    let aim = WANTED.min(most);
    if now >= aim {
        return now;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(aim), maximum }) {
        Ok(()) => aim,
        Err(error) => {
            tracing::debug!(%error, "the number of open files stays as it is");
            now
        }
    }
}

/// Connections, when so many files may be open.
fn beside(files: u64) -> usize {
    usize::try_from(files.saturating_sub(RESERVE).max(files / 2)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn connections_leave_files_for_the_rest() {
        assert_eq!([64, 1024, 4096].map(beside), [32, 512, 3584]);
    }
}
