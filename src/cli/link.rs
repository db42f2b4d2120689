//! `tetherd link NAME`: the QR in the terminal, until a phone scans it.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Access, Client, encoded};
use super::{runtime, say};
use crate::instance::qr::QrPicture;

/// How long one question waits for something to show.
const WAIT: u64 = 15;
const LOOK: Duration = Duration::from_millis(500);

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The instance; it is made when there is none of this name
    name: String,
    /// Link by a pairing code for this telephone number, instead of the QR
    #[arg(long)]
    number: Option<String>,
    #[command(flatten)]
    access: Access,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), String> {
    let client = Client::new(&arguments.access)?;
    runtime()?.block_on(link(&client, arguments))
}

async fn link(client: &Client, arguments: &Arguments) -> Result<(), String> {
    let name = encoded(&arguments.name);
    let state = format!("/instance/connectionState/{name}");
    if client.ask("GET", &state, None).await.is_err_and(|why| why.contains("does not exist")) {
        let body = json!({"instanceName": arguments.name, "integration": "WHATSAPP-BAILEYS"});
        let made = client.ask("POST", "/instance/create", Some(&body)).await?;
        say(&format!(
            "made the instance {}; its token, shown this once: {}",
            arguments.name,
            text(&made, "/hash")
        ));
    }
    let number = arguments.number.as_deref().map(|n| format!("&number={}", encoded(n))).unwrap_or_default();
    let connect = format!("/instance/connect/{name}?wait={WAIT}{number}");
    let mut shown = String::new();
    loop {
        let answer = client.ask("GET", &connect, None).await?;
        if text(&answer, "/instance/state") == "open" {
            say(&format!("{} is linked.", arguments.name));
            return Ok(());
        }
        let code =
            if arguments.number.is_some() { text(&answer, "/pairingCode") } else { text(&answer, "/code") };
        if code.is_empty() {
            let why = text(&answer, "/instance/message");
            let next = text(&answer, "/instance/nextRetryAt");
            say(&format!(
                "no code yet: {why} {}",
                if next.is_empty() { next } else { format!("(next try at {next})") }
            ));
        } else if code != shown {
            draw(&code, &answer, arguments.number.is_some())?;
            shown = code;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn draw(code: &str, answer: &Value, pairing: bool) -> Result<(), String> {
    if pairing {
        say(&format!(
            "On the phone: Linked devices, Link a device, Link with phone number instead, and type {code}"
        ));
        return Ok(());
    }
    let picture = QrPicture::draw(code).map_err(|error| error.to_string())?;
    let seconds = answer.pointer("/expiresIn").and_then(Value::as_u64).unwrap_or_default();
    say(&format!("{}\nOn the phone: Linked devices, Link a device. Good for {seconds} s.", picture.text()));
    Ok(())
}

fn text(value: &Value, path: &str) -> String {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
}
