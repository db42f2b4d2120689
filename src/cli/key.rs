//! `tetherd key`: where the global key is, and how to get another one.

use std::sync::Arc;

use clap::Subcommand;

use super::{Settings, runtime, say};
use crate::model::{Digest, SystemClock, Token};
use crate::store::{Store, load_or_make_key};
use crate::systemd;

#[derive(Subcommand)]
pub(super) enum Action {
    /// Show the global key, when it is still in its file
    Show(Settings),
    /// Make another global key in the place of the first one, and show it once; tetherd must be stopped
    New(Settings),
}

pub(super) fn run(action: &Action) -> Result<(), String> {
    match action {
        Action::Show(settings) => show(settings),
        Action::New(settings) => make(settings),
    }
}

fn show(settings: &Settings) -> Result<(), String> {
    let config = settings.load().map_err(|error| error.to_string())?;
    if config.api_key.is_some() {
        say("The key is the one in the configuration (api_key, or TETHERD_API_KEY).");
        return Ok(());
    }
    let path = config.data_dir.join("api-key");
    match std::fs::read_to_string(&path) {
        Ok(key) => {
            say(key.trim());
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(format!(
            "the key was shown when it was made, and only its hash is kept; make another one: tetherd key new \
             (looked for {})",
            path.display()
        )),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

fn make(settings: &Settings) -> Result<(), String> {
    let config = settings.load().map_err(|error| error.to_string())?;
    runtime()?.block_on(async {
        let path = systemd::credential("sealing.key").unwrap_or(config.data_dir.join("sealing.key"));
        let sealing = load_or_make_key(&path).map_err(|error| error.to_string())?;
        let store = Store::open(&config.data_dir.join("tetherd.db"), sealing, Arc::new(SystemClock))
            .await
            .map_err(|error| error.to_string())?;
        let key = Token::generate().map_err(|error| format!("no randomness: {error}"))?;
        let kept = store.put_api_key("first".into(), Digest::of(key.expose())).await;
        store.close().await;
        kept.map_err(|error| error.to_string())?;
        // A file with the old key would only mislead.
        let _ = std::fs::remove_file(config.data_dir.join("api-key"));
        say(key.expose());
        Ok(())
    })
}
