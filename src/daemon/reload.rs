//! Reading the configuration again, when the owner asks for it (SIGHUP).

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{certificate_files, given_key, http_config, webhooks};
use crate::config::{BadConfig, Config, When};
use crate::http::{self, Certificate, HttpConfig};
use crate::logging;
use crate::store::Store;
use crate::systemd;

type Read = dyn Fn() -> Result<Config, BadConfig> + Send + Sync;

/// How the daemon is asked to read its configuration again, and how it does so.
pub struct Reloads {
    wishes: mpsc::Receiver<()>,
    read: Arc<Read>,
}

impl Reloads {
    /// Each message of `wishes` has `read` called; it may block.
    pub fn new(
        wishes: mpsc::Receiver<()>,
        read: impl Fn() -> Result<Config, BadConfig> + Send + Sync + 'static,
    ) -> Self {
        Self { wishes, read: Arc::new(read) }
    }

    /// It is never asked.
    #[must_use]
    pub fn never() -> Self {
        Self::new(mpsc::channel(1).1, || Ok(Config::default()))
    }
}

/// Who takes a new configuration over.
pub(super) struct Takers {
    pub(super) state: Arc<http::State>,
    pub(super) certificate: Option<Arc<Certificate>>,
    pub(super) store: Store,
}

/// Takes new configurations over, whole or not at all, until `shutdown`.
pub(super) async fn follow(
    mut reloads: Reloads,
    started: Config,
    takers: Takers,
    shutdown: CancellationToken,
) {
    let mut current = started.clone();
    while let Some(Some(())) = shutdown.run_until_cancelled(reloads.wishes.recv()).await {
        systemd::reloading();
        let read = Arc::clone(&reloads.read);
        let read = tokio::task::spawn_blocking(move || read().map_err(|bad| bad.to_string())).await;
        let new = read.unwrap_or_else(|_| Err("it could not be read; this is a defect of tetherd".into()));
        let taken = match new {
            Ok(new) => takers.take_over(&new).await.map(|()| new),
            Err(why) => Err(why),
        };
        match taken {
            Ok(new) => {
                tell(&new, &current, &started);
                current = new;
            }
            Err(why) => tracing::error!("the new configuration is not used, the old one goes on: {why}"),
        }
        systemd::ready();
    }
}

impl Takers {
    /// What can fail comes first: then nothing has been changed yet.
    async fn take_over(&self, new: &Config) -> Result<(), String> {
        let files = certificate_files(&new.http);
        let key = given_key(new)?;
        if let Some(files) = &files {
            files.check().map_err(|error| error.to_string())?;
        }
        webhooks::set_global(&self.store, new).await.map_err(|error| error.to_string())?;
        logging::change(&new.log)?;
        if let (Some(files), Some(certificate)) = (files, &self.certificate) {
            certificate.replace(files).map_err(|error| error.to_string())?;
        }
        // The courier tells the address to receivers, and keeps it until a restart.
        let public_url = self.state.public_url();
        self.state.configure(HttpConfig { public_url, ..http_config(new) });
        self.state.keys().give(key);
        Ok(())
    }
}

fn tell(new: &Config, before: &Config, started: &Config) {
    let of = |changed: Vec<(String, When)>, wanted: When| {
        let keys = changed.into_iter().filter(|(_, when)| *when == wanted).map(|(key, _)| key);
        keys.collect::<Vec<_>>().join(", ")
    };
    let now = of(new.changed_since(before), When::Reload);
    let now = if now.is_empty() { "nothing that changes at run time is different".into() } else { now };
    tracing::info!("the configuration was read again: {now}");
    let mut later = of(new.changed_since(started), When::Restart);
    if new.http.tls_cert.is_some() != started.http.tls_cert.is_some() {
        later.push_str(if later.is_empty() { "http.tls_cert" } else { ", http.tls_cert" });
    }
    if !later.is_empty() {
        tracing::warn!("these changes wait for a restart: {later}");
    }
}
