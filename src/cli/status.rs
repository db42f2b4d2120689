//! `tetherd status`.

use super::client::{Access, Client, encoded};
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
            let name = row["name"].as_str().unwrap_or_default();
            let state =
                client.ask("GET", &format!("/instance/connectionState/{}", encoded(name)), None).await?;
            let state = &state["instance"];
            let word = |key: &str| state[key].as_str().unwrap_or_default().to_owned();
            let mut line = format!("{name}: {}", word("state"));
            if !word("reason").is_empty() && word("reason") != word("state") {
                line.push_str(&format!(" ({})", word("reason").replace('_', " ")));
            }
            if let Some(owner) = row["ownerJid"].as_str() {
                line.push_str(&format!(", {}", owner.split('@').next().unwrap_or(owner)));
            }
            if !word("nextRetryAt").is_empty() {
                line.push_str(&format!(", next try at {}", word("nextRetryAt")));
            }
            say(&line);
        }
        Ok(())
    })
}
