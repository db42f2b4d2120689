//! What the process is told by signals.

use std::io::IsTerminal as _;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

fn listen(kind: SignalKind) -> Result<Signal, String> {
    signal(kind).map_err(|error| format!("signals cannot be heard: {error}"))
}

/// Cancelled by SIGTERM or Ctrl-C.
pub(crate) fn until_told() -> Result<CancellationToken, String> {
    let token = CancellationToken::new();
    let (mut term, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let told = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        told.cancel();
    });
    Ok(token)
}

/// A message for every SIGHUP; those that come while one waits are one. When the terminal that tetherd was
/// started from is gone, SIGHUP means that, and `shutdown` is cancelled.
pub(super) fn hangups(shutdown: CancellationToken) -> Result<mpsc::Receiver<()>, String> {
    let (tell, told) = mpsc::channel(1);
    let mut hangup = listen(SignalKind::hangup())?;
    let on_terminal = std::io::stdin().is_terminal();
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            if on_terminal && !std::io::stdin().is_terminal() {
                return shutdown.cancel();
            }
            if let Err(mpsc::error::TrySendError::Closed(())) = tell.try_send(()) {
                return;
            }
        }
    });
    Ok(told)
}
