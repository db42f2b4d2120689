//! `GET /`: the handshake of the original's clients; for browsers the page.

use serde::Serialize;

use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::host::check_host;
use crate::http::reply::{Reply, ok};

/// The level of the original's API that is spoken. Clients look at its major number.
const API_LEVEL: &str = "2.3.7";

/// Who answers here.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Welcome {
    status: u16,
    message: &'static str,
    /// The level of the API, 2.x.
    version: &'static str,
    client_name: &'static str,
    /// The version of tetherd itself.
    tetherd: &'static str,
    /// Where the page is.
    manager: String,
    /// What can be asked, machine-readable.
    documentation: String,
}

/// The original's answer, with our own version beside it.
pub(crate) fn get(call: &Call) -> Result<Reply, ApiError> {
    check_host(&call.parts.headers, &call.parts.uri, &call.state.config().hosts)?;
    let base = call.base_url();
    Ok(ok(&Welcome {
        status: 200,
        message: "Welcome to tetherd, it is working!",
        version: API_LEVEL,
        client_name: "tetherd",
        tetherd: env!("CARGO_PKG_VERSION"),
        manager: format!("{base}/"),
        documentation: format!("{base}/openapi.json"),
    }))
}
