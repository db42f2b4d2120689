//! Questions to Meta's Graph API. The token travels in a header, never in an address.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{Method, Request, StatusCode};
use serde::Deserialize;

use super::CloudConfig;
use super::verdict;
use crate::link::{Cause, LinkError, RetryHint, outcome};
use crate::model::{Profile, ProxyConfig, Reason, Secret};
use crate::net::{FetchOptions, Net, NetError, Response, Target};

/// What a state needs to know. A field that Meta does not know is an error for the whole question.
const FIELDS: &str =
    "id,display_phone_number,verified_name,status,quality_rating,platform_type,health_status";
/// A number's description is 2 kB; more is no answer.
const BODY: usize = 64 * 1024;
/// Below the bound of a command, so that who asked gets the reason and not a shrug.
const WHOLE: Duration = Duration::from_secs(10);
/// Of it, until the connection stands.
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

    /// A media file: Meta tells where it is, and gives it to whoever has the token.
    pub(super) async fn media(
        &self,
        id: &str,
        limit: usize,
        token: &Secret,
        proxy: Option<ProxyConfig>,
    ) -> Result<Bytes, LinkError> {
        let lost = |cause: Cause| LinkError::Unreachable(cause.words());
        let place = self.ask(Method::GET, id, token, proxy.clone()).await.map_err(lost)?;
        let url =
            serde_json::from_slice::<MediaAnswer>(&place.body).ok().filter(|_| place.status.is_success());
        let Some(MediaAnswer { url }) = url else { return Err(no_media(place.status)) };
        if !may_see_the_token(&url, &self.config.graph_url) {
            return Err(LinkError::Refused("Meta names a place without TLS for the file".into()));
        }
        let request = authorized(Method::GET, &url, token).map_err(lost)?;
        let options = FetchOptions { connect: CONNECT, body_limit: limit, proxy, ..FetchOptions::default() };
        let file = self.net.fetch(request, &options).await;
        let file =
            file.map_err(|error| LinkError::Unreachable(format!("the file could not be loaded: {error}")))?;
        if file.truncated {
            return Err(LinkError::Refused(format!("the file has more than {limit} bytes")));
        }
        if file.status.is_success() { Ok(file.body) } else { Err(no_media(file.status)) }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        token: &Secret,
        proxy: Option<ProxyConfig>,
    ) -> Result<Response, Cause> {
        let request =
            authorized(method, &format!("{}/{}/{path}", self.config.graph_url, self.config.version), token)?;
        let options = FetchOptions {
            connect: CONNECT,
            whole: WHOLE,
            body_limit: BODY,
            proxy,
            ..FetchOptions::default()
        };
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

/// Where a media file is.
#[derive(Deserialize)]
struct MediaAnswer {
    url: String,
}

/// Meta's token goes to Meta's hosts only: never without TLS, but for a Graph API on this box.
fn may_see_the_token(url: &str, graph_url: &str) -> bool {
    let place = Target::of(url);
    url.starts_with("https://") || place.is_some() && place == Target::of(graph_url)
}

fn no_media(status: StatusCode) -> LinkError {
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        LinkError::Unreachable(format!("Meta does not give the file now ({status})"))
    } else {
        LinkError::Refused(format!("Meta does not give the file ({status})"))
    }
}

/// The token travels in a header that is not shown.
fn authorized(method: Method, url: &str, token: &Secret) -> Result<Request<Bytes>, Cause> {
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
        Cause::new(Reason::TokenInvalid)
            .saying("Meta's access token holds characters that no token has.")
            .hinting(RetryHint::Never)
    })?;
    bearer.set_sensitive(true);
    Request::builder()
        .method(method)
        .uri(url)
        .header(AUTHORIZATION, bearer)
        .header(http::header::ACCEPT, "*/*")
        .header(http::header::CONTENT_LENGTH, 0)
        .body(Bytes::new())
        .map_err(|_| Cause::new(Reason::ServerError).saying("an address of Meta's Graph API is none."))
}

#[cfg(test)]
mod tests {
    use super::may_see_the_token;

    #[test]
    fn the_token_leaves_without_tls_only_for_the_very_graph_api_of_the_configuration() {
        let here = "http://127.0.0.1:80";
        for good in ["https://lookaside.example/file", "http://127.0.0.1:80/file", "http://127.0.0.1/file"] {
            assert!(may_see_the_token(good, here), "{good}");
        }
        for bad in [
            "http://lookaside.example/",
            "http://127.0.0.1:8080/",
            "http://127.0.0.1:80@evil.example/",
            "ftp:",
        ] {
            assert!(!may_see_the_token(bad, here), "{bad}");
        }
    }
}
