//! `tetherd serve`.

use std::io::IsTerminal as _;
use std::path::Path;

use super::signals::{hangups, until_told};
use super::{Settings, runtime, say};
use crate::config::Config;
use crate::daemon::{self, Reloads, Started};
use crate::logging;
use crate::model::Secret;
use crate::store::API_KEY_FILE;

pub(super) fn run(settings: &Settings) -> Result<(), String> {
    let config = settings.load().map_err(|error| error.to_string())?;
    logging::start(&config.log)?;
    if cfg!(feature = "demo") {
        tracing::warn!(
            "this is a demo build: it trusts any server that it is pointed at; never use it with a real account"
        );
    }
    // By name only: there may be a secret in it. Who runs containers sets some too, so it is no fault.
    let strange = Config::strange(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()));
    if !strange.is_empty() {
        tracing::warn!("not known and ignored, in the environment: {}", strange.join(", "));
    }
    let folder = config.data_dir.clone();
    runtime()?.block_on(async {
        let shutdown = until_told()?;
        let again = settings.clone();
        let reloads = Reloads::new(hangups(shutdown.clone())?, move || again.load());
        let started = |started: &Started| tracing::info!("listening on {}", started.url);
        let hand_over = |key: &Secret| hand_over(key, &folder);
        daemon::run(config, reloads, shutdown, hand_over, started).await.map_err(|error| error.to_string())
    })
}

/// The key that was made: on the terminal, or in a file that only its owner may read.
fn hand_over(key: &Secret, folder: &Path) -> Result<(), String> {
    if std::io::stdout().is_terminal() {
        say(&format!("Your key, shown this once (only its hash is kept): {}", key.expose()));
        return Ok(());
    }
    let path = folder.join(API_KEY_FILE);
    write(&path, key)
        .map_err(|error| format!("the global key could not be written to {}: {error}", path.display()))?;
    tracing::info!("the global key is in {}, until it is used; to see it: tetherd key show", path.display());
    Ok(())
}

/// Whole, on disk, and for its owner only, whatever was there.
fn write(path: &Path, key: &Secret) -> std::io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{}", key.expose())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    std::fs::File::open(folder)?.sync_all()
}
