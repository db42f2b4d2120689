//! `tetherd status`.

use super::client::{Access, Client, encoded, text};
use super::{runtime, say};

pub(super) fn run(access: &Access) -> Result<(), String> {
    let client = Client::new(access)?;
    runtime()?.block_on(async {
        let all = client.ask("GET", "/instance/fetchInstances", None).await?;
        let rows = all.as_array().cloned().unwrap_or_default();
        if rows.is_empty() {
            say("no instances yet; make one: tetherd link NAME");
        }
        for row in rows {
            let name = text(&row, "/name");
            let state =
                client.ask("GET", &format!("/instance/connectionState/{}", encoded(name)), None).await?;
            let word = |key: &str| text(&state, &format!("/instance/{key}"));
            let mut line = format!("{name}: {}", word("state"));
            if !word("reason").is_empty() && word("reason") != word("state") {
                line.extend([" (", &word("reason").replace('_', " "), ")"]);
            }
            if let Some(number) =
                text(&row, "/ownerJid").split('@').next().filter(|number| !number.is_empty())
            {
                line.extend([", ", number]);
            }
            if !word("nextRetryAt").is_empty() {
                line.extend([", next try at ", word("nextRetryAt")]);
            }
            say(&line);
        }
        Ok(())
    })
}
