//! Questions to Meta's Graph API. The token travels in a header, never in an address.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Method, Request};

use super::CloudConfig;
use super::verdict;
use crate::link::{Cause, RetryHint, outcome};
use crate::model::{Profile, ProxyConfig, Reason, Secret};
use crate::net::{FetchOptions, Net, NetError, Response};

/// What a state needs to know. A field that Meta does not know is an error for the whole question.
const FIELDS: &str =
    "id,display_phone_number,verified_name,status,quality_rating,platform_type,health_status";
/// A number's description is 2 kB; more is no answer.
const BODY: usize = 64 * 1024;
/// Below the bound of a command, so that who asked gets the reason and not a shrug.
const WHOLE: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(6);

pub(super) struct Graph {
    pub(super) net: Net,
    pub(super) config: Arc<CloudConfig>,
}

impl Graph {
    /// What Meta says of a phone number id.
    pub(super) async fn number(
        &self,
        id: &str,
        token: &Secret,
        proxy: Option<ProxyConfig>,
    ) -> Result<Profile, Cause> {
        let answer = self.ask(Method::GET, &format!("{id}?fields={FIELDS}"), token, proxy).await?;
        verdict::of(&answer, id, token)
    }

    /// Asks Meta to send what happens to this account to the app's webhook.
    pub(super) async fn subscribe(
        &self,
        business: &str,
        token: &Secret,
        proxy: Option<ProxyConfig>,
    ) -> Result<(), Cause> {
        let answer = self.ask(Method::POST, &format!("{business}/subscribed_apps"), token, proxy).await?;
        verdict::of_subscription(&answer, token)
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        token: &Secret,
        proxy: Option<ProxyConfig>,
    ) -> Result<Response, Cause> {
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
            Cause::new(Reason::TokenInvalid)
                .saying("Meta's access token holds characters that no token has.")
                .hinting(RetryHint::Never)
        })?;
        bearer.set_sensitive(true);
        let wrong = |_| Cause::new(Reason::ServerError).saying("cloud.graph_url is no address.");
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/{}/{path}", self.config.graph_url, self.config.version))
            .header(AUTHORIZATION, bearer)
            .header(http::header::ACCEPT, "application/json")
            .header(http::header::CONTENT_LENGTH, 0)
            .body(Bytes::new())
            .map_err(wrong)?;
        let options = FetchOptions { connect: CONNECT, whole: WHOLE, body_limit: BODY, proxy };
        self.net.fetch(request, &options).await.map_err(|error| match error {
            // Meta answered and broke off: that is its fault, not the road's.
            NetError::Closed { .. } => {
                Cause::new(Reason::ServerError).saying(format!("Meta's answer broke off: {error}."))
            }
            NetError::Refused { .. } => {
                Cause::new(Reason::Offline).saying(format!("Meta cannot be reached: {error}."))
            }
            error => outcome::of_network(&error),
        })
    }
}
