//! Addresses of webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Uri;
use percent_encoding::percent_decode_str;

use crate::net::Target;

/// An address that cannot be a webhook's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// No address at all.
    #[error("is no address; it takes http://… or https://…")]
    NoAddress,
    /// A port that is none.
    #[error("names a port that is none; ports go from 1 to 65535")]
    Port,
    /// Another protocol.
    #[error("must begin with http:// or https://")]
    Scheme,
}

/// Whether an address can be a webhook's.
pub fn check_url(text: &str) -> Result<(), BadUrl> {
    let uri: Uri = text.parse().map_err(|_| BadUrl::NoAddress)?;
    match uri.scheme_str() {
        Some("http" | "https") if uri.host().is_some_and(|host| !host.is_empty()) => {
            Target::at(&uri).map(|_| ()).ok_or(BadUrl::Port)
        }
        Some("http" | "https") | None => Err(BadUrl::NoAddress),
        Some(_) => Err(BadUrl::Scheme),
    }
}

/// The address with a piece for the kind of event, before any query. A fragment is never sent.
pub(super) fn by_event(url: &str, slug: &str) -> String {
    let url = url.split('#').next().unwrap_or(url);
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let mut whole = format!("{}/{slug}", path.trim_end_matches('/'));
    if let Some(query) = query {
        whole.push('?');
        whole.push_str(query);
    }
    whole
}

/// The address as it may be shown to its receiver: without a user and password.
pub(super) fn without_password(url: &str) -> String {
    match user_and_rest(url) {
        Some((_, scheme, rest)) => format!("{scheme}://{rest}"),
        None => url.to_owned(),
    }
}

/// `Authorization` for an address with a user and password in it (RFC 7617).
pub(super) fn basic(url: &str) -> Option<String> {
    let (user, ..) = user_and_rest(url)?;
    let plain: Vec<u8> = percent_decode_str(user).collect();
    Some(format!("Basic {}", STANDARD.encode(plain)))
}

/// What stands before the `@`, the scheme, and what stands behind.
fn user_and_rest(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let at = rest.get(..end)?.rfind('@')?;
    Some((rest.get(..at)?, scheme, rest.get(at + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::{BadUrl, basic, by_event, check_url, without_password};

    #[test]
    fn the_piece_comes_before_the_query() {
        assert_eq!(by_event("http://h/i?x=1", "connection-update"), "http://h/i/connection-update?x=1");
        assert_eq!(by_event("http://h/", "call"), "http://h/call");
        assert_eq!(by_event("http://h/i?x=1#part", "call"), "http://h/i/call?x=1");
        assert_eq!(by_event("http://h/i#part?", "call"), "http://h/i/call");
    }

    #[test]
    fn addresses_are_checked() {
        assert_eq!(check_url("http://homeassistant.local:8123/api/webhook/x"), Ok(()));
        for good in [
            "http://h:65535",
            "https://[fd00::1]/",
            "http://[fd00::1]:8123/x:y@z",
            "http://u:p@h/",
            "http://u:p@h:1/",
        ] {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        for wrong in [
            "http://h:65536/",
            "http://h:0/",
            "http://h:99999",
            "https://[fd00::1]:70000/",
            "http://u:1@h:70000/",
        ] {
            assert_eq!(check_url(wrong), Err(BadUrl::Port), "{wrong}");
        }
        assert_eq!(check_url("ftp://h/"), Err(BadUrl::Scheme));
        for wrong in ["", "h", "/path", "http://", "http:// h/"] {
            assert_eq!(check_url(wrong), Err(BadUrl::NoAddress), "{wrong}");
        }
    }

    #[test]
    fn a_password_goes_into_a_header_and_is_shown_to_nobody() {
        assert_eq!(without_password("https://me:s%40cret@h:1/a@b?c=d@e"), "https://h:1/a@b?c=d@e");
        assert_eq!(without_password("https://h/a@b"), "https://h/a@b");
        assert_eq!(basic("https://me:s%40cret@h/").as_deref(), Some("Basic bWU6c0BjcmV0"));
        assert_eq!(basic("https://h/a@b"), None);
    }
}
