//! `tetherd-sandbox`: a simulated WhatsApp for anybody's client.
#![forbid(unsafe_code)]

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde_json::json;
use tetherd_sandbox::{Options, Plan, Sandbox};
use tokio::signal::unix::{SignalKind, signal};

/// A simulated WhatsApp server with virtual phones, for tests of any client.
///
/// Prints one line of JSON with its addresses and keys and serves until it is stopped.
#[derive(Parser)]
#[command(version, about, after_long_help = CONTROL)]
struct Arguments {
    /// Where clients connect by ws:// (port 0 takes a free one)
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Where the control API listens
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    control: SocketAddr,
    /// Serve wss:// too, with a certificate by an authority of the sandbox's own
    ///
    /// The certificate is for localhost, 127.0.0.1 and `::1`. The authority stays the same with --state.
    #[arg(long)]
    tls: bool,
    /// Where clients connect by wss://
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS", requires = "tls")]
    tls_listen: SocketAddr,
    /// Where files of messages are served, by HTTPS
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    media_listen: SocketAddr,
    /// Write the authority's certificate into this file, for clients to trust
    #[arg(long, value_name = "FILE")]
    tls_ca: Option<PathBuf>,
    /// Keep accounts, devices and keys in this file
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Set the faults in this file from the beginning: JSON, or TOML when its name ends so
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Let phones send new devices no history; Baileys 6 would fetch it from the real service
    #[arg(long)]
    no_history: bool,
    /// Seconds that each QR may be scanned, instead of 60 and then 20
    #[arg(long, value_name = "SECONDS")]
    ref_ttl: Option<f64>,
    /// Milliseconds before the first stanza; Baileys needs about 40
    #[arg(long, default_value_t = 40, value_name = "MS")]
    settle: u64,
    /// Serve other addresses than loopback. Everybody there can link and unlink phones
    #[arg(long)]
    i_know_that_everybody_on_this_network_can_control_it: bool,
}

const CONTROL: &str = "\
The control API takes and gives JSON; what it refuses is a 400 that says why:
  POST /account {\"phone\",\"name\",\"platform\",\"businessName\"}   a new account with its phone
  POST /scan {\"phone\",\"qr\"}      the phone scans what the client shows
  POST /code {\"phone\",\"code\"}    the phone is given a pairing code
  POST /refresh {\"connection\"}    devices that wait make a new secret and show another code
  POST /send {\"from\",\"to\",\"text\"}      a phone writes
  POST /send-to-group {\"group\",\"from\",\"to\":[…],\"text\"}   \"group\" is …@g.us, \"to\" who else is in it
  POST /send-file {\"from\",\"to\",\"file\",\"base64\"}   image, video, audio, voice, document or sticker; also
                                  \"mimetype\",\"caption\",\"name\"
  GET  /file?phone=&id=           what is in a file that a phone received
  POST /expire-files              the media host forgets all files
  GET  /received?phone=           what phones have received and opened
  GET  /receipts?phone=           the receipts that they got
  POST /receipt {\"phone\",\"ids\",\"kind\"}   a phone says delivered, read or played
  POST /forget-sessions {\"phone\"}   a phone loses its sessions, as after a restore
  POST /presence {\"phone\",\"available\"}
  POST /typing {\"from\",\"to\",\"state\"}   composing, recording or paused
  POST /call {\"from\",\"to\",\"video\"}     devices ring; GET /calls says what they did
  POST /hang-up {\"id\"}
  POST /setting {\"phone\",\"setting\":\"push_name\",\"name\"}   the phone changes a setting; mute and pin take \"chat\"
  GET  /app-state?phone=          the settings as the phone reads them
  POST /unlink {\"jid\"}            the phone removes a device
  POST /fault {\"kind\",...}        something goes wrong: see README.md for the kinds
  POST /plan [{\"kind\",...},...]   several
  DELETE /fault                   nothing goes wrong any more
  POST /rotate                    the server has another key
  POST /clock {\"by\": seconds}     the clock is moved
  POST /version {\"version\"}       what GET /sw.js names
  GET  /state                     accounts, connections with their violations, faults
  GET  /events?since=&wait=&kind=&connection=
                                  what happened; as server-sent events with Accept: text/event-stream";

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let addresses = [arguments.listen, arguments.tls_listen, arguments.media_listen, arguments.control];
    if !addresses.iter().all(|address| address.ip().is_loopback())
        && !arguments.i_know_that_everybody_on_this_network_can_control_it
    {
        return fail("only loopback addresses are served, unless --help's last option says otherwise");
    }
    let Ok(ref_ttl) = arguments.ref_ttl.map(Duration::try_from_secs_f64).transpose() else {
        return fail("--ref-ttl takes seconds, such as 2.5");
    };
    let plan = match arguments.plan.as_deref().map(Plan::read).transpose() {
        Ok(plan) => plan.unwrap_or_default(),
        Err(error) => return fail(&error.to_string()),
    };
    let options = Options {
        listen: arguments.listen,
        control: arguments.control,
        state: arguments.state,
        ref_ttl,
        settle: Duration::from_millis(arguments.settle),
        tls: arguments.tls,
        tls_listen: arguments.tls_listen,
        media_listen: arguments.media_listen,
        plan,
        history: !arguments.no_history,
    };
    let sandbox = match Sandbox::start(options).await {
        Ok(sandbox) => sandbox,
        Err(error) => return fail(&error.to_string()),
    };
    if let (Some(file), Some(ca)) = (&arguments.tls_ca, sandbox.ca_pem())
        && let Err(error) = std::fs::write(file, ca)
    {
        return fail(&format!("{}: {error}", file.display()));
    }
    let mut line = json!({
        "wsUrl": sandbox.ws_url(),
        "controlUrl": sandbox.control_url(),
        "mediaUrl": sandbox.media_url(),
        "rootPublicKey": hex::encode(sandbox.root_public_key()),
        "caPem": sandbox.ca_pem(),
    });
    if let (Some(line), Some(url)) = (line.as_object_mut(), sandbox.wss_url()) {
        line.insert("wssUrl".into(), url.into());
    }
    if writeln!(std::io::stdout(), "{line}").is_err() {
        return ExitCode::FAILURE;
    }
    match until_told().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("signals cannot be heard: {error}")),
    }
}

/// Until somebody ends it, at the keyboard or by SIGTERM.
async fn until_told() -> std::io::Result<()> {
    let mut told = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = told.recv() => Ok(()),
    }
}

fn fail(why: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "tetherd-sandbox: {why}");
    ExitCode::FAILURE
}
