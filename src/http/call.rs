//! One request on its way through a handler.

use std::sync::Arc;

use http::request::Parts;
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;

use super::address::Client;
use super::auth::Caller;
use super::body;
use super::error::ApiError;
use super::fields::Fields;
use super::query::Query;
use super::state::State;
use crate::instance::Handle;
use crate::model::InstanceName;

/// A request that was let in, with what its route says.
pub(crate) struct Call {
    pub(crate) state: Arc<State>,
    pub(crate) client: Client,
    pub(crate) parts: Parts,
    pub(crate) params: Vec<(String, String)>,
    pub(crate) body: Option<Incoming>,
}

impl Call {
    /// A piece of the path.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The query.
    pub(crate) fn query(&self) -> Query {
        Query::parse(self.parts.uri.query())
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// The instance in the path, when the caller reaches it.
    pub(crate) fn instance(&self, caller: &Caller) -> Result<Handle, ApiError> {
        let shown = self.param("name");
        let missing = || match caller {
            Caller::Global => ApiError::NoInstance(shown.chars().take(100).collect()),
            Caller::Instance { .. } => ApiError::Unauthorized,
        };
        let name = InstanceName::parse(shown).map_err(|_| missing())?;
        if !caller.reaches(&name) {
            return Err(ApiError::Unauthorized);
        }
        self.state.registry.get(&name).ok_or_else(missing)
    }

    /// The body's members.
    pub(crate) async fn fields(&mut self) -> Result<Fields, ApiError> {
        let Some(body) = self.body.take() else { return Ok(Fields::new(serde_json::Map::new())) };
        let members = body::object(&self.parts.headers, body, self.state.config().max_body).await?;
        Ok(Fields::new(members))
    }

    /// Where this box is, as the client sees it: `http://pi.local:8080`.
    pub(crate) fn base_url(&self) -> String {
        if let Some(url) = &self.state.config().public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let scheme = if self.client.secure { "https" } else { "http" };
        let headers = &self.parts.headers;
        let told = self.client.asked(headers).map(str::to_owned);
        let authority = told.or_else(|| super::host::asked_authority(headers, &self.parts.uri));
        format!("{scheme}://{}", authority.as_deref().unwrap_or("localhost"))
    }
}

/// A piece of a path as it was meant; what is no UTF-8 is told apart from everything that is a name.
pub(crate) fn decode(piece: &str) -> String {
    percent_decode_str(piece).decode_utf8_lossy().into_owned()
}
