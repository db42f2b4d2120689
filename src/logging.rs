//! Logs for a person on a terminal, and for the journal.
//!
//! The engine speaks through the `log` crate, to which nobody here listens: its lines hold numbers and
//! codes, and what a user needs of them is in our own events.

mod journal;

use std::sync::OnceLock;

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry};

use journal::Journal;

/// The filter of the running process.
static FILTER: OnceLock<Handle<EnvFilter, Registry>> = OnceLock::new();

/// What a filter of the configuration comes to. A wrong one is an error that says what it takes.
pub(crate) fn filter(text: &str) -> Result<EnvFilter, String> {
    const TAKES: &str =
        "it takes error, warn, info, debug, trace or off, or a filter such as info,tetherd::link=debug";
    // To the filter's own reader, a bare word that is no level is the name of a module: nothing would be logged.
    let stray = text.split(',').map(str::trim).any(|part| {
        let named = part.contains(['=', '[']) || part.starts_with("tetherd");
        part.is_empty() || !named && part.parse::<LevelFilter>().is_err()
    });
    if stray {
        return Err(format!("is {text:?}; {TAKES}"));
    }
    EnvFilter::try_new(text).map_err(|error| format!("is {text:?}; {TAKES}: {error}"))
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

#[cfg(test)]
mod tests {
    use super::filter;

    #[test]
    fn a_word_that_is_no_level_does_not_silence_the_log() {
        for good in ["info", "WARN", "off", "tetherd=debug", "info,tetherd::link=debug", "warn,tetherd"] {
            assert!(filter(good).is_ok(), "{good}");
        }
        for bad in ["warning", "verbose", "loud", "inf", "", "info,debugg", "info,", "tetherd=loud"] {
            let why = filter(bad).err().unwrap_or_default();
            assert!(why.starts_with(&format!("is {bad:?}; it takes error, warn, info")), "{bad}: {why}");
        }
    }
}
