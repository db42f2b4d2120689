//! `tetherd link NAME`: the QR in the terminal, until a phone scans it.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use chrono::DateTime;
use serde_json::{Value, json};

use super::client::{Access, Client, encoded, text};
use super::{runtime, say};
use crate::instance::qr::QrPicture;
use crate::model::{Clock as _, PhoneNumber, Stamp, SystemClock};

/// How long one question waits for something to show.
const WAIT: u64 = 15;
/// Between two questions: the countdown's tick.
const LOOK: Duration = Duration::from_secs(1);

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
    let number = arguments.number.as_deref().map(PhoneNumber::parse).transpose();
    number.map_err(|bad| format!("--number {bad}"))?;
    let name = encoded(&arguments.name);
    let state = format!("/instance/connectionState/{name}");
    if client.find(&state).await?.is_none() {
        let body = json!({"instanceName": arguments.name, "integration": "WHATSAPP-BAILEYS"});
        let made = client.ask("POST", "/instance/create", Some(&body)).await?;
        say(&format!(
            "made the instance {}; its token, shown this once: {}",
            arguments.name,
            text(&made, "/hash")
        ));
    }
    follow(client, arguments, &name).await
}

/// What there is to show, as it changes, until the account is linked.
async fn follow(client: &Client, arguments: &Arguments, name: &str) -> Result<(), String> {
    let number = arguments.number.as_deref().map(|n| format!("&number={}", encoded(n))).unwrap_or_default();
    let mut screen = Screen { terminal: std::io::stdout().is_terminal(), ..Screen::default() };
    let mut wait = WAIT;
    loop {
        let path = format!("/instance/connect/{name}?wait={wait}{number}");
        let answer = client.ask("GET", &path, None).await.inspect_err(|_| screen.end_line())?;
        if text(&answer, "/instance/state") == "open" {
            screen.end_line();
            say(&format!("{} is linked.", arguments.name));
            return Ok(());
        }
        let code = text(&answer, if arguments.number.is_some() { "/pairingCode" } else { "/code" });
        if !code.is_empty() {
            screen.show(code, &answer, arguments.number.is_some())?;
            // While a code is shown every answer comes at once.
            wait = 0;
        } else if answer.get("count").is_some() {
            screen.explain(&answer);
            wait = WAIT;
        } else {
            let state = text(&answer, "/instance/state");
            return Err(format!(
                "{} has no code to scan: it is linked through Meta, and is in state {state} (tetherd status says more)",
                arguments.name
            ));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What stands on the terminal, or went into a file.
#[derive(Default)]
struct Screen {
    terminal: bool,
    /// The code or the explanation that was shown last.
    shown: String,
    /// The cursor is behind a countdown.
    counting: bool,
}

impl Screen {
    /// A code, once, and from then on how long it is good for.
    fn show(&mut self, code: &str, answer: &Value, pairing: bool) -> Result<(), String> {
        if self.shown != code {
            self.end_line();
            if pairing {
                say(&format!(
                    "On the phone: Linked devices, Link a device, Link with phone number instead, and type {code}"
                ));
                if !self.terminal {
                    say(&format!("Good for {} s.", left(answer, pairing)));
                }
            } else {
                let picture = QrPicture::draw(code).map_err(|error| error.to_string())?;
                say(&if self.terminal { coloured(&picture.text()) } else { picture.text() });
                say("On the phone: Linked devices, Link a device.");
            }
            code.clone_into(&mut self.shown);
            if !self.terminal && !pairing {
                say(&format!("Good for {} s.", left(answer, pairing)));
            }
        }
        if self.terminal {
            let mut out = std::io::stdout();
            // A closed terminal ends this program in its own way.
            let _ = write!(out, "\rGood for {} s. \x1b[K", left(answer, pairing)).and_then(|()| out.flush());
            self.counting = true;
        }
        Ok(())
    }

    /// Why there is none, when it is another reason than before.
    fn explain(&mut self, answer: &Value) {
        let told =
            [text(answer, "/message"), text(answer, "/instance/message")].into_iter().find(|t| !t.is_empty());
        let why = told.map_or_else(|| text(answer, "/instance/reason").replace('_', " "), str::to_owned);
        if self.shown == why {
            return;
        }
        self.end_line();
        say(&format!("no code yet: {why}"));
        self.shown = why;
    }

    fn end_line(&mut self) {
        if std::mem::take(&mut self.counting) {
            say("");
        }
    }
}

/// White on black whatever the terminal's colours: not every phone reads the inverse.
fn coloured(picture: &str) -> String {
    picture.lines().flat_map(|line| ["\x1b[38;5;231;48;5;16m", line, "\x1b[0m\n"]).collect()
}

/// Seconds for which what is shown is good.
fn left(answer: &Value, pairing: bool) -> u64 {
    if !pairing {
        return answer.pointer("/expiresIn").and_then(Value::as_u64).unwrap_or_default();
    }
    let at = DateTime::parse_from_rfc3339(text(answer, "/pairingCodeExpiresAt"));
    at.map_or(0, |at| SystemClock.now().until(Stamp::from_millis(at.timestamp_millis())).as_secs())
}
