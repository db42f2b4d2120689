//! `tetherd key`: the global keys.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::client::{encoded, needed, text};
use super::reach::{self, Reach, reach};
use super::{Place, runtime, say, say_error};
use crate::config::Config;
use crate::model::{Digest, InstanceName, Token};
use crate::store::{API_KEY_FILE, ApiKey, FIRST_KEY, SealingKey, write_key};

#[derive(Subcommand)]
pub(super) enum Action {
    /// Show the key that the first start made, as long as it was neither used nor replaced
    Show(Place),
    /// Make a global key and show it once
    New(New),
    /// List the global keys: names and dates, for only their hashes are kept
    List(Place),
    /// Take a global key back; who signed in with it is signed out
    Revoke(Revoke),
    /// Replace the key that seals secrets in the database
    RotateSeal(RotateSeal),
}

#[derive(Args)]
pub(super) struct New {
    /// What to call it; a key of this name is replaced
    #[arg(default_value = FIRST_KEY)]
    name: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
pub(super) struct Revoke {
    /// Its name, as `tetherd key list` tells it
    name: String,
    #[command(flatten)]
    place: Place,
}

#[derive(Args)]
pub(super) struct RotateSeal {
    /// Write the new key there, for a key that is given to tetherd and not a file of its own
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(action: &Action) -> Result<(), String> {
    match action {
        Action::Show(place) => show(place),
        Action::New(new) => {
            let name =
                InstanceName::parse(&new.name).map_err(|error| format!("the name of a key {error}"))?;
            runtime()?.block_on(make(name.as_str(), &new.place.load(&[])?))
        }
        Action::List(place) => runtime()?.block_on(list(&place.load(&[])?)),
        Action::Revoke(revoke) => runtime()?.block_on(take_back(&revoke.name, &revoke.place.load(&[])?)),
        Action::RotateSeal(rotate) => {
            runtime()?.block_on(rotate_seal(rotate.to.as_deref(), &rotate.place.load(&[])?))
        }
    }
}

fn show(place: &Place) -> Result<(), String> {
    let config = place.load(&[])?;
    if config.api_key.is_some() {
        say("The key is the one in the configuration (api_key, or TETHERD_API_KEY).");
        return Ok(());
    }
    let path = config.data_dir.join(API_KEY_FILE);
    match std::fs::read_to_string(&path) {
        Ok(key) => {
            say(key.trim());
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !config.database().exists() => {
            Err(format!(
                "there is no key yet: the first start makes one. Start tetherd; if it runs, name its folder: --data-dir \
             (looked for {})",
                path.display()
            ))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(format!(
            "the first key was shown, used or replaced already, and only its hash is kept; make another one: tetherd key new \
             (looked for {})",
            path.display()
        )),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Err(format!("{}: {error}; run this with sudo", path.display()))
        }
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

async fn make(name: &str, config: &Config) -> Result<(), String> {
    let fresh = !config.database().exists();
    let way = if fresh { Reach::Stopped(reach::open(config).await?) } else { reach(config).await? };
    let (key, replaced) = match way {
        Reach::Running(client) => {
            let before = rows(&client.ask("GET", "/owner/keys", None).await?);
            let made = client.ask("POST", "/owner/keys", Some(&json!({"name": name}))).await?;
            (needed(&made, "/key")?, before.iter().any(|(known, _)| known == name))
        }
        Reach::Stopped(store) => {
            let key = Token::generate().map_err(|error| format!("no randomness: {error}"))?;
            let before = store.api_keys().await;
            let kept = store.put_api_key(name.to_owned(), Digest::of(key.expose())).await;
            reach::close(store, config).await;
            kept.map_err(|error| error.to_string())?;
            let before = before.map_err(|error| error.to_string())?;
            (key.expose().to_owned(), before.iter().any(|known| known.name == name))
        }
    };
    if name == FIRST_KEY {
        // A file with the old key would only mislead.
        let _ = std::fs::remove_file(config.data_dir.join(API_KEY_FILE));
    }
    say(&key);
    if replaced {
        // Beside the key, which a script reads.
        say_error(&format!(
            "It is in the place of the key {name}, which is none any more. For one more: tetherd key new NAME"
        ));
    }
    Ok(())
}

async fn list(config: &Config) -> Result<(), String> {
    let keys: Vec<(String, String)> = match reach(config).await? {
        Reach::Running(client) => rows(&client.ask("GET", "/owner/keys", None).await?),
        Reach::Stopped(store) => {
            let keys = store.api_keys().await;
            reach::close(store, config).await;
            let shown = |key: ApiKey| (key.name, key.created.rfc3339());
            keys.map_err(|error| error.to_string())?.into_iter().map(shown).collect()
        }
    };
    for (name, created) in &keys {
        say(&format!("{name}  made {created}"));
    }
    if config.api_key.is_some() {
        say("and the one in the configuration (api_key, or TETHERD_API_KEY)");
    } else if keys.is_empty() {
        say("no key; make one: tetherd key new");
    }
    Ok(())
}

async fn take_back(name: &str, config: &Config) -> Result<(), String> {
    let left = match reach(config).await? {
        Reach::Running(client) => {
            let path = format!("/owner/keys/{}", encoded(name));
            rows(&client.ask("DELETE", &path, None).await?).len()
        }
        Reach::Stopped(store) => {
            let gone = store.remove_api_key(name.to_owned()).await;
            let left = store.api_keys().await;
            reach::close(store, config).await;
            if !gone.map_err(|error| error.to_string())? {
                return Err(format!("there is no key of the name {name:?}; see: tetherd key list"));
            }
            left.map_err(|error| error.to_string())?.len()
        }
    };
    say(&format!("{name} is no key any more."));
    if left == 0 && config.api_key.is_none() {
        say("It was the last one: make another with tetherd key new, or the next start makes one.");
    }
    Ok(())
}

async fn rotate_seal(to: Option<&Path>, config: &Config) -> Result<(), String> {
    let way = reach(config).await?;
    // On disk before anything is sealed with it.
    let new = match to {
        Some(path) => {
            let key = SealingKey::generate().map_err(|error| error.to_string())?;
            write_key(path, &key).map_err(|error| error.to_string())?;
            Some(key)
        }
        None => None,
    };
    match way {
        Reach::Running(client) => {
            let key = new.as_ref().map(|key| key.to_hex().to_string());
            client.ask("POST", "/owner/seal", Some(&json!({"key": key}))).await?;
        }
        Reach::Stopped(store) => {
            let rotated = store.rotate_key(new).await;
            reach::close(store, config).await;
            rotated.map_err(|error| error.to_string())?;
        }
    }
    match to {
        None => say(
            "The sealing key was replaced. Backups made without a passphrase open only with the one before.",
        ),
        Some(path) => say(&format!(
            "The database is sealed with the key in {} from now on: give it to tetherd before its next start.",
            path.display()
        )),
    }
    Ok(())
}

fn rows(listed: &Value) -> Vec<(String, String)> {
    let row = |row| (text(row, "/name").to_owned(), text(row, "/created").to_owned());
    listed.as_array().into_iter().flatten().map(row).collect()
}
