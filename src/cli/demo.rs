//! The whole thing in one process: the simulated WhatsApp, tetherd, and a phone that scans at a key
//! press or from the page. Only in a `demo` build.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tetherd_sandbox::graph::{Condition, Number};
use tetherd_sandbox::{Options, Sandbox};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::oneshot;

use super::signals::until_told;
use super::{runtime, say};
use crate::config::{BadConfig, Config};
use crate::http::DemoPhone;
use crate::instance::{Handle, Registry};
use crate::model::{Digest, InstanceName, Integration, NewInstance, Secret, Token, Visible};
use crate::{daemon, logging};

const PHONE: &str = "15550001111";
const NUMBER_ID: &str = "106540352242922";
const ACCOUNT_ID: &str = "102290129340398";
/// How long a code may take to come.
const SHOW: Duration = Duration::from_secs(5);

/// Runs until it is told to stop; what it stored is thrown away. `empty`: no instances are made.
pub(crate) fn run(config: Result<Config, BadConfig>, empty: bool) -> Result<(), String> {
    let mut config = config.map_err(|error| error.to_string())?;
    logging::start(&config.log)?;
    let folder = tempfile::tempdir().map_err(|error| format!("no throw-away folder: {error}"))?;
    folder.path().clone_into(&mut config.data_dir);
    let runtime = runtime()?;
    let done = runtime.block_on(serve(config, empty));
    // A read of the terminal that is under way cannot be stopped, and is not waited for.
    runtime.shutdown_background();
    done
}

async fn serve(mut config: Config, empty: bool) -> Result<(), String> {
    let sandbox = Arc::new(Sandbox::start(Options::default()).await.map_err(|error| error.to_string())?);
    config.whatsapp.url = Some(sandbox.ws_url());
    config.whatsapp.version_page = Some(format!("{}/sw.js", sandbox.control_url()));
    config.cloud.graph_url = sandbox.graph_url();
    // Files of messages come by HTTPS, from a host with a certificate by the sandbox's own authority.
    let authority = config.data_dir.join("sandbox-authority.pem");
    let pem = sandbox.ca_pem().unwrap_or_default().to_owned();
    tokio::fs::write(&authority, pem).await.map_err(|error| format!("{}: {error}", authority.display()))?;
    config.net.extra_ca.push(authority);
    let given = config.api_key.clone();
    let shutdown = until_told()?;
    let (tell, told) = oneshot::channel();
    let (give, given_registry) = oneshot::channel();
    let made = std::sync::OnceLock::new();
    let hand_over = |key: &Secret| {
        let _ = made.set(key.clone());
        Ok(())
    };
    let started = |started: &daemon::Started| {
        let _ = tell.send((started.url.clone(), made.get().cloned().or(given)));
    };
    let phone = Arc::new(Phone(Arc::clone(&sandbox)));
    let dress = |state: crate::http::State| {
        let _ = give.send(Arc::clone(&state.registry));
        state.with_demo_phone(phone)
    };
    let running =
        daemon::run_with(config, daemon::Reloads::never(), shutdown.clone(), hand_over, started, dress);
    let showing = async {
        let (Ok((url, key)), Ok(registry)) = (told.await, given_registry.await) else { return };
        say("DEMO: a simulated WhatsApp. No phone, no account and no network is used.");
        let key = key.as_ref().map_or("", Secret::expose);
        say(&format!("open   {url}/\nkey    {key}\nphone  control API at {}", sandbox.control_url()));
        if empty {
            return;
        }
        let demo = match furnish(&registry, &sandbox).await {
            Ok(handle) => handle,
            Err(why) => return say(&format!("the demo's instances could not be made: {why}")),
        };
        let followed = async { tokio::join!(follow(&demo), listen(&demo, &sandbox)) };
        shutdown.run_until_cancelled(followed).await;
    };
    let (done, ()) = tokio::join!(running, showing);
    done.map_err(|error| error.to_string())
}

/// One instance of each kind.
async fn furnish(registry: &Registry, sandbox: &Sandbox) -> Result<Handle, String> {
    let token = Token::generate().map_err(|error| error.to_string())?;
    sandbox.graph().put(Number {
        id: NUMBER_ID.into(),
        waba: ACCOUNT_ID.into(),
        token: token.expose().to_owned(),
        display: "+1 631-555-5555".into(),
        name: "Jasper's Market".into(),
        condition: Condition::Good,
    });
    let demo = make(registry, "demo", Integration::Web, None).await?;
    make(registry, "business", Integration::Cloud, Some(token)).await?;
    demo.connect(None, SHOW).await.map_err(|error| error.to_string())?;
    Ok(demo)
}

async fn make(
    registry: &Registry,
    name: &str,
    integration: Integration,
    cloud_token: Option<Secret>,
) -> Result<Handle, String> {
    let key = Token::generate().map_err(|error| error.to_string())?;
    let name = InstanceName::parse(name).map_err(|error| error.to_string())?;
    let new = NewInstance {
        number: cloud_token.is_some().then(|| NUMBER_ID.to_owned()),
        business_id: cloud_token.is_some().then(|| ACCOUNT_ID.to_owned()),
        cloud_token,
        ..NewInstance::named(name, integration, Digest::of(key.expose()))
    };
    registry.create(new).await.map_err(|error| error.to_string())
}

/// Draws every code, and tells when it is linked and when not any more.
async fn follow(demo: &Handle) {
    let mut states = demo.watch();
    let _looking = demo.look();
    let (mut drawn, mut open) = (0, false);
    loop {
        let s = Arc::clone(&states.borrow_and_update());
        if let Some(code) = s.code.as_ref().filter(|code| code.count != drawn) {
            drawn = code.count;
            say(&format!("{}\nPress Enter: the demo phone scans it.", code.picture.text()));
        }
        if (s.visible == Visible::Open) != open {
            open = !open;
            drawn = 0;
            let words =
                if open { "linked; press Enter to unlink it on the phone" } else { "no longer linked" };
            say(&format!("demo: {words}"));
        }
        if states.changed().await.is_err() {
            return;
        }
    }
}

/// Enter scans the code, or unlinks; a pasted code of another instance is scanned.
async fn listen(demo: &Handle, sandbox: &Sandbox) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let s = demo.snapshot();
        let pasted = line.trim();
        let jid = s.profile().and_then(|profile| profile.jid.as_ref()).filter(|_| s.visible == Visible::Open);
        let done = match (pasted.is_empty(), &s.code, jid) {
            (false, ..) => sandbox.scan(PHONE, pasted).await.map(|_| ()),
            (true, Some(code), _) => sandbox.scan(PHONE, code.text.expose()).await.map(|_| ()),
            (true, None, Some(jid)) => sandbox.unlink(jid.as_str()).await.map(|_| ()),
            (true, None, None) => {
                if let Err(error) = demo.connect(None, SHOW).await {
                    say(&error.to_string());
                }
                Ok(())
            }
        };
        if let Err(why) = done {
            say(&format!("the demo phone refuses: {why}"));
        }
    }
}

struct Phone(Arc<Sandbox>);

#[async_trait]
impl DemoPhone for Phone {
    async fn scan(&self, code: &str) -> Result<(), String> {
        self.0.scan(PHONE, code).await.map(|_| ()).map_err(|refused| refused.0)
    }

    async fn enter(&self, number: &str, code: &str) -> Result<(), String> {
        self.0.enter_code(number, code).await.map(|_| ()).map_err(|refused| refused.0)
    }

    async fn unlink(&self, jid: &str) -> Result<(), String> {
        self.0.unlink(jid).await.map(|_| ()).map_err(|refused| refused.0)
    }
}
