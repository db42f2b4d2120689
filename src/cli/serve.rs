//! `tetherd serve`.

use std::io::IsTerminal as _;
use std::path::Path;

use super::signals::{hangups, until_told};
use super::{Settings, runtime, say};
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
    let folder = config.data_dir.clone();
    runtime()?.block_on(async {
        let shutdown = until_told()?;
        let again = settings.clone();
        let reloads = Reloads::new(hangups(shutdown.clone())?, move || again.load());
        let started = |started: &Started| {
            tracing::info!("listening on {}", started.url);
            if let Some(key) = &started.key {
                show(key, &folder);
            }
        };
        daemon::run(config, reloads, shutdown, started).await.map_err(|error| error.to_string())
    })
}

/// The key that was made: on the terminal, or in a file that only its owner may read.
fn show(key: &Secret, folder: &Path) {
    if std::io::stdout().is_terminal() {
        say(&format!("Your key, shown this once (only its hash is kept): {}", key.expose()));
        return;
    }
    let path = folder.join(API_KEY_FILE);
    match write(&path, key) {
        Ok(()) => {
            tracing::info!(
                "the global key is in {}, until it is used; to see it: tetherd key show",
                path.display()
            );
        }
        Err(error) => tracing::error!("the global key could not be written to {}: {error}", path.display()),
    }
}

fn write(path: &Path, key: &Secret) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    writeln!(file, "{}", key.expose())
}
