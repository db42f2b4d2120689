//! `tetherd check`: all that a start needs, looked at before; a table with what to do.

mod table;

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::client::Client;
use super::{Settings, runtime, say};
use crate::config::Config;
use crate::daemon;
use crate::http::CertificateFiles;
use crate::model::{Clock, SystemClock};
use crate::net::{Net, NetConfig, NetError, Target};
use crate::store::{self, StoreError};
use table::Row;

/// Less room than this is soon none.
const ROOM: u64 = 100_000_000;
/// Longer than a name and a connection to the other side of the world take.
const ANSWER: Duration = Duration::from_secs(10);

pub(super) fn run(settings: &Settings) -> Result<(), String> {
    let config = match settings.load() {
        Ok(config) => config,
        Err(error) => {
            // Where all the rest is stands in it.
            say(&table::of(&[Row::bad("configuration", error, "mend it; then the rest is looked at")]));
            return Err(verdict(1));
        }
    };
    let running = Client::of_owner(&config.data_dir);
    let runtime = runtime()?;
    let mut rows = vec![
        Row::good(
            "configuration",
            format!("listens on {}, data in {}", config.listen, config.data_dir.display()),
        ),
        folder(&config.data_dir),
        runtime.block_on(database(&config, running.as_ref())),
        clock(&SystemClock),
        runtime.block_on(whatsapp(&config)),
        address(&config, running.is_some()),
    ];
    rows.extend(certificate(&config));
    say(&table::of(&rows));
    match rows.iter().filter(|row| row.is_bad()).count() {
        0 => Ok(()),
        bad => Err(verdict(bad)),
    }
}

fn verdict(bad: usize) -> String {
    if bad == 1 {
        "one of these keeps tetherd from working".into()
    } else {
        format!("{bad} of these keep tetherd from working")
    }
}

/// Whether there is room, and it may be used.
fn folder(path: &Path) -> Row {
    const WHAT: &str = "data folder";
    if !path.exists() {
        return Row::good(WHAT, "is not there yet; the first start makes it");
    }
    let space = match rustix::fs::statvfs(path) {
        Ok(space) => space.f_bavail.saturating_mul(space.f_frsize),
        Err(error) => return Row::bad(WHAT, error, "look at its rights, or name another: data_dir"),
    };
    let room = format!("{} MB free", space / 1_000_000);
    if rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_err() {
        return Row::bad(
            WHAT,
            "cannot be written by this user",
            "run this with sudo, or as the user of the service",
        );
    }
    if space < ROOM {
        return Row::warn(WHAT, room, "make room: nothing can be stored on a full disk");
    }
    Row::good(WHAT, room)
}

/// Integrity, references, whether every sealed value opens.
async fn database(config: &Config, running: Option<&Client>) -> Row {
    const WHAT: &str = "database";
    let file = config.database();
    let mut misplaced = None;
    let faults = if let Some(client) = running {
        client.ask("GET", "/owner/check", None).await.map(|answer| {
            misplaced = answer.get("key").and_then(Value::as_str).map(str::to_owned);
            listed(&answer)
        })
    } else if file.exists() {
        store::inspect(&file, &daemon::sealing_key(config)).map_err(|error| match error {
            StoreError::InUse(_) => {
                "a tetherd has it open that cannot be reached; run this with sudo".to_owned()
            }
            other => other.to_string(),
        })
    } else {
        return Row::good(WHAT, "is not there yet; the first start makes it");
    };
    match (faults, misplaced) {
        (Ok(faults), Some(why)) if faults.is_empty() => Row::warn(
            WHAT,
            format!("is whole, but the next start will be refused: {why}"),
            "give tetherd the key that the database is sealed with; after rotate-seal --to that is the new file",
        ),
        (Ok(faults), None) if faults.is_empty() => {
            Row::good(WHAT, "is whole, and every sealed value in it opens with the key")
        }
        (Ok(faults), _) => Row::bad(WHAT, faults.join("; "), "restore a backup: tetherd restore FILE"),
        (Err(why), _) => Row::bad(WHAT, why, "it says above what to do"),
    }
}

fn listed(answer: &Value) -> Vec<String> {
    let faults = answer.get("faults").and_then(Value::as_array).into_iter().flatten();
    faults.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn clock(clock: &dyn Clock) -> Row {
    let now = clock.now();
    if now.is_plausible() {
        return Row::good("clock", now.rfc3339());
    }
    let todo = "wait until the network sets it, or set it: sudo date -s 'YYYY-MM-DD HH:MM'";
    Row::bad("clock", format!("shows {}, which cannot be", now.rfc3339()), todo)
}

/// Whether its name resolves, it answers, and its certificate fits the clock.
async fn whatsapp(config: &Config) -> Row {
    const WHAT: &str = "WhatsApp";
    let Some(target) = daemon::whatsapp(config) else {
        return Row::bad(WHAT, "its address cannot be read", "leave whatsapp.url out");
    };
    let began = Instant::now();
    match reach(config, &target).await {
        Ok(()) => Row::good(WHAT, format!("{} answers ({} ms)", target.host, began.elapsed().as_millis())),
        Err(error) => {
            let todo = match &error {
                NetError::Name { .. } => "look at the name server in /etc/resolv.conf, or at the router",
                NetError::ClockWrong { .. } => "set the clock",
                NetError::Proxy { .. } => "look at [proxy] in the configuration",
                _ => "look at the network; tetherd starts without it and tries by itself",
            };
            Row::bad(WHAT, error, todo)
        }
    }
}

async fn reach(config: &Config, target: &Target) -> Result<(), NetError> {
    let net = NetConfig { extra_ca: config.net.extra_ca.clone(), ..NetConfig::default() };
    Net::new(&net, Arc::new(SystemClock))?
        .connect(target, config.proxy.config().as_ref(), ANSWER)
        .await
        .map(|_| ())
}

fn address(config: &Config, running: bool) -> Row {
    const WHAT: &str = "address";
    match TcpListener::bind(config.listen) {
        Ok(_) if running => Row::warn(
            WHAT,
            format!("tetherd runs, and not on {}", config.listen),
            "restart it, so that it takes over the configuration; with systemd's socket all is well",
        ),
        Ok(_) => Row::good(WHAT, format!("{} is free", config.listen)),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse && running => {
            Row::good(WHAT, format!("{}, where tetherd listens", config.listen))
        }
        Err(error) => Row::bad(
            WHAT,
            format!("{}: {error}", config.listen),
            "stop what listens there, or choose another: listen",
        ),
    }
}

/// Only where one is wanted.
fn certificate(config: &Config) -> Option<Row> {
    let files: CertificateFiles = daemon::certificate_files(&config.http)?;
    let shown = files.cert.display().to_string();
    Some(match crate::http::Certificate::load(files) {
        Ok(_) => Row::good("certificate", shown),
        Err(error) => Row::bad("certificate", error, "look at http.tls_cert and http.tls_key"),
    })
}
