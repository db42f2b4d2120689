//! Logs for a person on a terminal, and for the journal.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Targets of the engine that print numbers, codes or whole stanzas; what a user needs of that is in
/// our own events.
const SECRETIVE: &[&str] = &[
    "Client/PairCode",
    "Bot/PairCode",
    "whatsapp_rust::pair",
    "whatsapp_rust::client::node_io",
    "Client/Recv",
];
/// The engine otherwise: what went wrong only.
const ENGINE: &[&str] = &["whatsapp_rust", "wacore", "Client", "Bot"];

/// Starts logging to standard error. A wrong filter is an error that names it.
pub(crate) fn start(filter: &str) -> Result<(), String> {
    let mut filter = EnvFilter::try_new(filter)
        .map_err(|error| format!("log is {filter:?}; it takes info, debug or a filter: {error}"))?;
    let quiet =
        SECRETIVE.iter().map(|t| format!("{t}=off")).chain(ENGINE.iter().map(|t| format!("{t}=error")));
    for directive in quiet {
        if let Ok(directive) = directive.parse() {
            filter = filter.add_directive(directive);
        }
    }
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let lines =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(terminal).with_target(false);
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init()
        .map_err(|error| format!("logging cannot be started: {error}"))
}
