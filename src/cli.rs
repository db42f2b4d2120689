//! The command line: one file per subcommand.

mod backup;
mod check;
mod client;
#[cfg(feature = "demo")]
mod demo;
mod healthcheck;
mod key;
mod link;
mod papers;
mod passphrase;
mod reach;
mod restore;
mod serve;
mod signals;
mod status;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{BadConfig, Config};

/// Keeps WhatsApp accounts linked from a small box.
#[derive(Parser)]
#[command(name = "tetherd", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the daemon
    Serve(Settings),
    /// Link an account: shows its QR in this terminal until a phone scans it
    Link(link::Arguments),
    /// Tell the state of every instance
    Status(client::Access),
    /// The global keys
    #[command(subcommand)]
    Key(key::Action),
    /// Exit 0 when the daemon is alive
    Healthcheck(client::Access),
    /// Copy all that there is, while tetherd runs, into one file
    Backup(backup::Arguments),
    /// Put a backup in the place of the database; tetherd must not run
    Restore(restore::Arguments),
    /// Look at all that a start needs, and tell what to do
    Check(Settings),
    /// Write the man pages and the shell completions into a folder, for whoever makes a package
    #[command(hide = true)]
    Papers {
        /// Where to
        folder: PathBuf,
    },
    /// The whole thing against a simulated WhatsApp with a virtual phone, offline, in a throw-away folder
    #[cfg(feature = "demo")]
    Demo {
        #[command(flatten)]
        settings: Settings,
        /// Begin without instances, as a new box does
        #[arg(long)]
        empty: bool,
    },
}

/// Read when no other file is named, so that root's commands and the service mean the same.
const SYSTEM_FILE: &str = "/etc/tetherd/tetherd.toml";

/// Where the configuration and the data are.
#[derive(Args, Clone, Default)]
struct Place {
    /// The configuration file [default: /etc/tetherd/tetherd.toml, when there is one]
    #[arg(long, value_name = "FILE", env = "TETHERD_CONFIG")]
    config: Option<PathBuf>,
    /// Where the database is
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<String>,
}

/// What can be set on the command line; the rest is in the file and the environment.
#[derive(Args, Clone, Default)]
struct Settings {
    #[command(flatten)]
    place: Place,
    /// Where to listen, such as 0.0.0.0:8080
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// error, warn, info, debug, or a filter
    #[arg(long, value_name = "LEVEL")]
    log: Option<String>,
}

impl Settings {
    fn load(&self) -> Result<Config, BadConfig> {
        self.place.load(&[("listen", &self.listen), ("log", &self.log)])
    }
}

impl Place {
    fn load(&self, more: &[(&'static str, &Option<String>)]) -> Result<Config, BadConfig> {
        let flags = [("data_dir", &self.data_dir)].into_iter().chain(more.iter().copied());
        let flags: Vec<_> = flags.filter_map(|(key, value)| Some((key, value.clone()?))).collect();
        let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let file =
            self.config.as_deref().or_else(|| Some(Path::new(SYSTEM_FILE)).filter(|file| file.exists()));
        let mut config = Config::load(file, env, &flags)?;
        // systemd's StateDirectory, or the user's own folder where /var/lib is not ours.
        if config.data_dir == Config::default().data_dir {
            if let Some(folder) = env("STATE_DIRECTORY") {
                config.data_dir = folder.into();
            } else if let Some(home) = env("HOME").filter(|_| !config.data_dir.exists()) {
                config.data_dir = PathBuf::from(home).join(".local/state/tetherd");
            }
        }
        Ok(config)
    }
}

/// Parses the arguments and does what they say.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Command::Serve(settings) => serve::run(&settings),
        Command::Link(arguments) => link::run(&arguments),
        Command::Status(access) => status::run(&access),
        Command::Key(action) => key::run(&action),
        Command::Healthcheck(access) => healthcheck::run(&access),
        Command::Backup(arguments) => backup::run(&arguments),
        Command::Restore(arguments) => restore::run(&arguments),
        Command::Check(settings) => check::run(&settings),
        Command::Papers { folder } => papers::run(&folder),
        #[cfg(feature = "demo")]
        Command::Demo { settings, empty } => demo::run(settings.load(), empty),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            say_error(&why);
            ExitCode::FAILURE
        }
    }
}

/// A line for whoever called.
fn say(line: &str) {
    // A closed pipe is the reader's choice.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// How many, in words.
fn instances(count: usize) -> String {
    format!("{count} instance{}", if count == 1 { "" } else { "s" })
}

fn say_error(line: &str) {
    let _ = writeln!(std::io::stderr(), "tetherd: {line}");
}

/// The runtime of every subcommand.
fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let built = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    built.map_err(|error| format!("no threads: {error}"))
}
