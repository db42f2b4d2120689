//! One attempt: the request that is posted, and what its answer comes to.

#[cfg(test)]
mod late;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Request};

use super::circuit::Outcome;
use super::signature;
use super::url::{basic, by_event};
use crate::model::{Clock, EventKind, Stamp, WebhookTarget};
use crate::net::{Awaited, FetchOptions, Net, NetError, Reach, Response};

/// For name, TCP and TLS.
const CONNECT: Duration = Duration::from_secs(10);
/// For the head of the answer, once the request is on its way.
const HEAD: Duration = Duration::from_secs(20);
/// For all of it.
const WHOLE: Duration = Duration::from_secs(30);
/// For the answer's body: its status says all, and a connection that can be kept is not worth more.
const TAIL: Duration = Duration::from_secs(2);
/// What is read of an answer's body, and thrown away: enough to keep the connection.
const BODY: usize = 16 * 1024;
/// On the same host.
const REDIRECTS: u8 = 3;

/// What posting takes.
#[derive(Clone)]
pub(super) struct Post {
    pub(super) net: Net,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) reach: Arc<Reach>,
}

/// What is posted.
pub(super) struct Letter {
    /// `webhook-id`.
    pub(super) id: String,
    pub(super) kind: EventKind,
    pub(super) body: Bytes,
}

impl Post {
    /// Posts it.
    ///
    /// # Errors
    /// When there was no answer.
    pub(super) async fn post(&self, target: &WebhookTarget, letter: &Letter) -> Result<Response, NetError> {
        let url =
            if target.by_events { by_event(&target.url, &letter.kind.slug()) } else { target.url.clone() };
        let mut request =
            Request::post(&url).body(letter.body.clone()).map_err(|e| NetError::BadUrl(e.to_string()))?;
        *request.headers_mut() = headers(target, letter, self.clock.now());
        let options = FetchOptions {
            connect: CONNECT,
            head: HEAD,
            whole: WHOLE,
            tail: Some(TAIL),
            body_limit: BODY,
            proxy: None,
            reach: Some(Arc::clone(&self.reach)),
            redirects: REDIRECTS,
            repeatable: true,
        };
        self.net.fetch(request, &options).await
    }
}

/// The owner's headers, and ours over them.
fn headers(target: &WebhookTarget, letter: &Letter, now: Stamp) -> HeaderMap {
    let now = now.millis() / 1000;
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(USER_AGENT, concat!("tetherd/", env!("CARGO_PKG_VERSION")));
    if let Some(basic) = basic(&target.url) {
        put(AUTHORIZATION, &basic);
    }
    for (name, value) in &target.headers {
        if let Ok(name) = HeaderName::try_from(name) {
            put(name, value);
        }
    }
    if let Some(key) = &target.jwt_key {
        put(AUTHORIZATION, &format!("Bearer {}", signature::bearer(key, now)));
    }
    put(CONTENT_TYPE, "application/json");
    put(HeaderName::from_static("webhook-id"), &letter.id);
    put(HeaderName::from_static("webhook-timestamp"), &now.to_string());
    if !target.secrets.is_empty() {
        let signed = signature::signature(&target.secrets, &letter.id, now, &letter.body);
        put(HeaderName::from_static("webhook-signature"), &signed);
    }
    headers
}

/// Headers that are ours, or the connection's.
const NOT_FOR_SETTING: [&str; 8] = [
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "webhook-id",
    "webhook-timestamp",
    "webhook-signature",
];

/// Whether a header can be sent along, and if not, why.
///
/// # Errors
/// In words, to come after the header's name.
pub fn check_header(name: &str, value: &str) -> Result<(), &'static str> {
    let parsed = HeaderName::try_from(name).map_err(|_| "is no name of a header")?;
    HeaderValue::try_from(value).map_err(|_| "has a value that cannot be in a header")?;
    if NOT_FOR_SETTING.contains(&parsed.as_str()) { Err("is set by tetherd itself") } else { Ok(()) }
}

/// What an answer comes to.
pub(super) fn judge(answer: &Result<Response, NetError>, now: Stamp) -> Outcome {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return Outcome::Failed { answer: None, error: told(error), wait: None },
    };
    let status = answer.status.as_u16();
    let error = match answer.status {
        s if s.is_success() => return Outcome::Taken { answer: status },
        s if s.is_redirection() => {
            format!("the receiver answered {s}, which leads elsewhere; set the address that it means")
        }
        s => format!("the receiver answered {s}"),
    };
    if answer.status.is_client_error() && !matches!(status, 408 | 425 | 429) {
        // These speak of the address or of us, the others of this one event.
        let all = matches!(status, 401 | 402 | 403 | 404 | 405 | 407 | 410 | 421 | 423 | 426 | 451);
        return Outcome::Refused { answer: status, error, all };
    }
    Outcome::Failed { answer: Some(status), error, wait: retry_after(&answer.headers, now) }
}

/// Why there was no answer, and what a receiver must do that was too slow.
fn told(error: &NetError) -> String {
    let NetError::Timeout { awaited, .. } = error else { return error.to_string() };
    let due = match awaited {
        Awaited::Connection | Awaited::End => return error.to_string(),
        Awaited::Encryption => "an address without TLS begins with http://".into(),
        Awaited::Answer => format!("it has {} s: answer first, work afterwards", HEAD.as_secs()),
    };
    format!("{error}; {due}")
}

/// `Retry-After` in either form (RFC 9110 §10.2.3).
fn retry_after(headers: &HeaderMap, now: Stamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?;
    Some(now.until(Stamp::from_millis(at.timestamp_millis())))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Letter, Outcome, check_header, headers, judge, retry_after};
    use crate::model::{EventKind, Stamp, WebhookTarget};
    use crate::net::{NetError, Response};
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};
    use std::time::Duration;

    const NOW: Stamp = Stamp::from_millis(784_111_000_000);

    fn answered(status: u16) -> Outcome {
        let status = StatusCode::from_u16(status).unwrap();
        judge(&Ok(Response { status, headers: HeaderMap::new(), body: Bytes::new(), truncated: false }), NOW)
    }

    #[test]
    fn which_answers_are_tried_again() {
        assert_eq!(answered(204), Outcome::Taken { answer: 204 });
        for again in [408, 425, 429, 500, 502, 503, 301, 304] {
            assert!(matches!(answered(again), Outcome::Failed { .. }), "{again}");
        }
        for (dead, of_all) in
            [(400, false), (413, false), (422, false), (401, true), (404, true), (410, true)]
        {
            assert!(matches!(answered(dead), Outcome::Refused { all, .. } if all == of_all), "{dead}");
        }
        let refused = NetError::Refused { host: "h".into() };
        assert!(matches!(judge(&Err(refused), NOW), Outcome::Failed { answer: None, .. }));
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", text.parse().unwrap());
            retry_after(&headers, NOW)
        };
        assert_eq!(read("90"), Some(Duration::from_secs(90)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(777)));
        assert_eq!(read("Tue, 06 Nov 1990 08:49:37 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
    }

    #[test]
    fn ours_are_laid_over_the_owners_headers() {
        let target = WebhookTarget {
            url: "http://me:word@h/".into(),
            headers: [("X-Token", "abc"), ("Webhook-Id", "forged"), ("user-agent", "mine")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            secrets: vec!["whsec_c2VjcmV0".into()],
            ..WebhookTarget::default()
        };
        let letter = Letter { id: "evt_1".into(), kind: EventKind::Call, body: Bytes::from("{}") };
        let sent = headers(&target, &letter, NOW);
        assert_eq!(
            (&sent["x-token"], &sent["webhook-id"], &sent["user-agent"]),
            (&"abc".parse().unwrap(), &"evt_1".parse().unwrap(), &"mine".parse().unwrap())
        );
        assert_eq!(sent["authorization"], "Basic bWU6d29yZA==");
        assert_eq!(sent["webhook-timestamp"], "784111000");
        let jwt = headers(&WebhookTarget { jwt_key: Some("k".into()), ..target }, &letter, NOW);
        assert!(jwt["authorization"].to_str().unwrap().starts_with("Bearer ey"));
    }

    #[test]
    fn which_headers_can_be_set() {
        assert_eq!(check_header("Authorization", "Bearer x"), Ok(()));
        for (name, value) in
            [("a b", "x"), ("x", "a\nb"), ("Content-Length", "1"), ("webhook-signature", "v1,")]
        {
            assert!(check_header(name, value).is_err(), "{name}");
        }
    }
}
