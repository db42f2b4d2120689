//! `tetherd-sandbox`: a simulated WhatsApp for anybody's client.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde_json::json;
use tetherd_sandbox::{Options, Sandbox};

/// A simulated WhatsApp server with virtual phones. Prints one line of JSON with its addresses and
/// serves until it is stopped.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// Where clients connect (port 0 takes a free one)
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where the control API listens
    #[arg(long, default_value = "127.0.0.1:0")]
    control: SocketAddr,
    /// Keep accounts, devices and keys in this file
    #[arg(long)]
    state: Option<PathBuf>,
    /// Seconds that each QR may be scanned, instead of 60 and then 20
    #[arg(long, value_name = "SECONDS")]
    ref_ttl: Option<f64>,
    /// Milliseconds before the first stanza; Baileys needs about 40
    #[arg(long, default_value_t = 40, value_name = "MS")]
    settle: u64,
    /// Serve other addresses than loopback. Everybody there can link and unlink phones
    #[arg(long, value_name = "WORDS")]
    i_know_that_everybody_on_this_network_can_control_it: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let loopback = arguments.listen.ip().is_loopback() && arguments.control.ip().is_loopback();
    if !loopback && !arguments.i_know_that_everybody_on_this_network_can_control_it {
        return fail("only loopback addresses are served, unless --help's last option says otherwise");
    }
    let Ok(ref_ttl) = arguments.ref_ttl.map(Duration::try_from_secs_f64).transpose() else {
        return fail("--ref-ttl takes seconds, such as 2.5");
    };
    let options = Options {
        listen: arguments.listen,
        control: arguments.control,
        state: arguments.state,
        ref_ttl,
        settle: Duration::from_millis(arguments.settle),
    };
    let sandbox = match Sandbox::start(options).await {
        Ok(sandbox) => sandbox,
        Err(error) => return fail(&error.to_string()),
    };
    let line = json!({
        "wsUrl": sandbox.ws_url(),
        "controlUrl": sandbox.control_url(),
        "rootPublicKey": hex::encode(sandbox.root_public_key()),
    });
    if writeln!(std::io::stdout(), "{line}").is_err() {
        return ExitCode::FAILURE;
    }
    let _ = tokio::signal::ctrl_c().await;
    ExitCode::SUCCESS
}

fn fail(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "tetherd-sandbox: {why}");
    ExitCode::FAILURE
}
