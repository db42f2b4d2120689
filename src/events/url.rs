//! Addresses of webhooks.

use http::Uri;

/// An address that cannot be a webhook's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// No address at all.
    #[error("is no address; it takes http://… or https://…")]
    NoAddress,
    /// Another protocol.
    #[error("must begin with http:// or https://")]
    Scheme,
}

/// Whether an address can be a webhook's.
pub fn check_url(text: &str) -> Result<(), BadUrl> {
    let uri: Uri = text.parse().map_err(|_| BadUrl::NoAddress)?;
    match uri.scheme_str() {
        Some("http" | "https") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(()),
        Some("http" | "https") | None => Err(BadUrl::NoAddress),
        Some(_) => Err(BadUrl::Scheme),
    }
}

/// The address with a piece for the kind of event, before any query.
pub(super) fn by_event(url: &str, slug: &str) -> String {
    let (path, query) = url.split_once('?').map_or((url, None), |(path, query)| (path, Some(query)));
    let mut whole = format!("{}/{slug}", path.trim_end_matches('/'));
    if let Some(query) = query {
        whole.push('?');
        whole.push_str(query);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::{BadUrl, by_event, check_url};

    #[test]
    fn the_piece_comes_before_the_query() {
        assert_eq!(by_event("http://h/i?x=1", "connection-update"), "http://h/i/connection-update?x=1");
        assert_eq!(by_event("http://h/", "call"), "http://h/call");
    }

    #[test]
    fn addresses_are_checked() {
        assert_eq!(check_url("http://homeassistant.local:8123/api/webhook/x"), Ok(()));
        assert_eq!(check_url("ftp://h/"), Err(BadUrl::Scheme));
        for wrong in ["", "h", "/path", "http://", "http:// h/"] {
            assert_eq!(check_url(wrong), Err(BadUrl::NoAddress), "{wrong}");
        }
    }
}
