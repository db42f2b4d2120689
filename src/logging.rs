//! Logs for a person on a terminal, and for the journal.
//!
//! The engine speaks through the `log` crate, to which nobody here listens: its lines hold numbers and
//! codes, and what a user needs of them is in our own events.

mod journal;

use std::sync::OnceLock;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry};

use journal::Journal;

/// The filter of the running process.
static FILTER: OnceLock<Handle<EnvFilter, Registry>> = OnceLock::new();

/// What a filter of the configuration comes to. A wrong one is an error that says what it takes.
pub(crate) fn filter(text: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(text)
        .map_err(|error| format!("is {text:?}; it takes info, debug or a filter: {error}"))
}

/// Starts logging: to the journal when standard error goes there, with a field for every part; else to
/// standard error, a line for every event.
pub(crate) fn start(text: &str) -> Result<(), String> {
    let (filter, handle) = reload::Layer::new(filter(text).map_err(|why| format!("log {why}"))?);
    let journal = Journal::of_standard_error();
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines = journal.is_none().then(|| {
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(terminal).with_target(false)
    });
    tracing_subscriber::registry()
        .with(filter)
        .with(journal)
        .with(lines)
        .try_init()
        .map_err(|error| format!("logging cannot be started: {error}"))?;
    let _ = FILTER.set(handle);
    Ok(())
}

/// Another filter from now on.
pub(crate) fn change(text: &str) -> Result<(), String> {
    let filter = filter(text).map_err(|why| format!("log {why}"))?;
    let Some(handle) = FILTER.get() else { return Ok(()) };
    handle.reload(filter).map_err(|error| format!("log cannot be changed: {error}"))
}
