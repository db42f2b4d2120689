//! `tetherd backup FILE`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::client::needed;
use super::passphrase::{self, InFile};
use super::reach::{self, Reach, reach};
use super::{Place, instances, runtime, say};
use crate::daemon;
use crate::model::{Clock as _, SystemClock};
use crate::store::{PassphraseKey, SealingKey, back_up};

#[derive(Args)]
pub(super) struct Arguments {
    /// The file to make
    file: PathBuf,
    /// Ask for a passphrase, with which the backup opens on any box
    #[arg(long, conflicts_with = "passphrase_file")]
    passphrase: bool,
    #[command(flatten)]
    given: InFile,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), String> {
    let config = arguments.place.load(&[])?;
    let passphrase = match arguments.given.read()? {
        None if arguments.passphrase => Some(passphrase::ask_new()?),
        given => given,
    };
    let key = passphrase.map(|words| PassphraseKey::new(&words)).transpose();
    let key = key.map_err(|error| error.to_string())?;
    let runtime = runtime()?;
    let way = runtime.block_on(reach(&config))?;
    let wrapped = match &key {
        None => Ok(None),
        Some(key) => runtime.block_on(wrap(&way, key.key())).map(|wrapped| Some((key, wrapped))),
    };
    let made = wrapped.and_then(|wrapped| {
        back_up(&config.database(), &arguments.file, wrapped, SystemClock.now()).map_err(|e| e.to_string())
    });
    if let Reach::Stopped(store) = way {
        runtime.block_on(reach::close(store, &config));
    }
    let made = made?;
    let file = arguments.file.display();
    say(&format!("{file}: {}, {} KB.", instances(made.instances), made.size.div_ceil(1000)));
    if key.is_some() {
        say(
            "It opens on any box with its passphrase: tetherd restore FILE. The configuration file is not in it.",
        );
    } else {
        say(&format!(
            "It opens only with this box's sealing key ({}), which is not in it: keep that elsewhere too, or make a \
             backup that opens on any box: tetherd backup --passphrase FILE. The configuration file is not in it.",
            daemon::sealing_key(&config).path().display()
        ));
    }
    Ok(())
}

/// The data key for who knows the passphrase. The passphrase itself stays here.
async fn wrap(way: &Reach, key: &SealingKey) -> Result<String, String> {
    match way {
        Reach::Running(client) => {
            let body = json!({"key": key.to_hex().as_str()});
            let answer = client.ask("POST", "/owner/wrap", Some(&body)).await?;
            needed(&answer, "/wrapped")
        }
        Reach::Stopped(store) => {
            let key = SealingKey::parse(key.to_hex().as_bytes()).ok_or("no key")?;
            store.wrap_for(key).await.map_err(|error| error.to_string())
        }
    }
}
