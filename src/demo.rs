//! The whole thing in one process: the simulated WhatsApp, tetherd, and a phone that scans at a key
//! press. Only in a `demo` build.

use tetherd_sandbox::{Options, Sandbox};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::oneshot;

use crate::cli::{runtime, say, until_told};
use crate::config::{BadConfig, Config};
use crate::{daemon, logging};

const PHONE: &str = "15550001111";

/// Runs until it is told to stop; what it stored is thrown away.
pub(crate) fn run(config: Result<Config, BadConfig>) -> Result<(), String> {
    let mut config = config.map_err(|error| error.to_string())?;
    logging::start(&config.log)?;
    let folder = tempfile::tempdir().map_err(|error| format!("no throw-away folder: {error}"))?;
    folder.path().clone_into(&mut config.data_dir);
    let runtime = runtime()?;
    let done = runtime.block_on(async {
        let sandbox = Sandbox::start(Options::default()).await.map_err(|error| error.to_string())?;
        config.whatsapp.url = Some(sandbox.ws_url());
        config.whatsapp.version_page = Some(format!("{}/sw.js", sandbox.control_url()));
        let given = config.api_key.clone();
        let shutdown = until_told()?;
        let (tell, told) = oneshot::channel();
        let started = |started: &daemon::Started| {
            let key = started.key.clone().or(given);
            let _ = tell.send((started.address, key));
        };
        let running = daemon::run(config, shutdown.clone(), started);
        let showing = async {
            let Ok((address, key)) = told.await else { return };
            let key = key.as_ref().map_or("", crate::model::Secret::expose).to_owned();
            say("DEMO: a simulated WhatsApp. No phone, no account and no network is used.");
            say(&format!("open   http://{address}/\nkey    {key}\nphone  control API at {}", sandbox.control_url()));
            say("Paste a QR's text (\"code\" of /instance/connect) here and press Enter: the demo phone scans it.");
            let mut lines = BufReader::new(tokio::io::stdin()).lines();
            while let Some(Ok(Some(line))) = shutdown.run_until_cancelled(lines.next_line()).await {
                match sandbox.scan(PHONE, line.trim()).await {
                    Ok(jid) => say(&format!("the demo phone linked {jid}")),
                    Err(why) => say(&format!("the demo phone refuses: {why}")),
                }
            }
            shutdown.cancelled().await;
        };
        let (done, ()) = tokio::join!(running, showing);
        done.map_err(|error| error.to_string())
    });
    // A read of the terminal that is under way cannot be stopped, and is not waited for.
    runtime.shutdown_background();
    done
}
