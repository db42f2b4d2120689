//! `tetherd restore FILE`.

use std::path::PathBuf;

use clap::Args;

use super::client::Client;
use super::passphrase::{self, InFile};
use super::reach::{give_to_owner, hint};
use super::{Place, instances, say};
use crate::daemon;
use crate::model::{Clock as _, SystemClock};
use crate::store::{self, StoreError};

const RUNNING: &str = "tetherd is running; stop it first: sudo systemctl stop tetherd";

#[derive(Args)]
pub(super) struct Arguments {
    /// The backup
    file: PathBuf,
    #[command(flatten)]
    given: InFile,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), String> {
    let config = arguments.place.load(&[])?;
    if Client::of_owner(&config.data_dir).is_some() {
        return Err(RUNNING.into());
    }
    let given = arguments.given.read()?;
    let passphrase = || match given {
        Some(words) => Ok(words),
        None => passphrase::ask_known().map_err(StoreError::Io),
    };
    let key = daemon::sealing_key(&config);
    let restored = store::restore(&arguments.file, &config.database(), &key, passphrase, SystemClock.now());
    give_to_owner(&config.data_dir);
    let restored = restored.map_err(|error| match error {
        StoreError::InUse(_) => RUNNING.into(),
        other => format!("{other}{}", hint(&other.to_string())),
    })?;
    let made = restored.made.map(|at| format!(", as of {}", at.rfc3339())).unwrap_or_default();
    say(&format!("Restored {}{made}:", instances(restored.instances.len())));
    for (name, linked) in &restored.instances {
        say(&format!("  {name}  {}", if *linked { "linked" } else { "not linked" }));
    }
    if let Some(kept) = &restored.kept {
        say(&format!("The database that was there is now {}.", kept.display()));
    }
    say(
        "Start tetherd: its links come back without a scan. The box that the backup is of must not run any more.",
    );
    Ok(())
}
