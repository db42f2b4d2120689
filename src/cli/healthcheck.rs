//! `tetherd healthcheck`.

use super::client::{Access, Client};
use super::runtime;

pub(super) fn run(access: &Access) -> Result<(), String> {
    let client = Client::new(access)?;
    runtime()?.block_on(client.ask("GET", "/healthz", None)).map(|_| ())
}
