//! Which names this box answers to: the guard against DNS rebinding and other sites' pages.
//!
//! A page that another name resolves to this box for can make a browser ask us. It cannot choose what
//! `Host` the browser sends, and it cannot make us a name that no public name server answers for.

use std::net::IpAddr;

use http::header::{HOST, ORIGIN};
use http::{HeaderMap, Uri};

use super::error::ApiError;

/// Endings that public name servers never answer for (RFC 6762, 6761, 8375; ICANN's `.internal`).
const PRIVATE: &[&str] = &["local", "localhost", "home.arpa", "internal", "lan"];

/// Refuses a request whose `Host` is not ours.
pub(crate) fn check_host(headers: &HeaderMap, uri: &Uri, names: &[String]) -> Result<(), ApiError> {
    let host = asked_host(headers, uri).unwrap_or_default();
    if is_ours(&host, names) { Ok(()) } else { Err(ApiError::ForeignHost(host)) }
}

/// Refuses a request that a page of another origin made the browser send. No `Origin` is no page, or
/// a page of ours that only reads. `public_url` is ours too: a proxy may ask us by another name.
pub(crate) fn check_origin(headers: &HeaderMap, uri: &Uri, public_url: Option<&str>) -> Result<(), ApiError> {
    let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let same = origin
        .split_once("://")
        .and_then(|(_, rest)| Some(rest.eq_ignore_ascii_case(&asked_authority(headers, uri)?)))
        .unwrap_or(false);
    let public = public_url.and_then(origin_of).is_some_and(|ours| ours.eq_ignore_ascii_case(origin));
    if same || public { Ok(()) } else { Err(ApiError::ForeignOrigin(origin.chars().take(200).collect())) }
}

/// `https://tetherd.example.org` of `https://tetherd.example.org/any/path`.
fn origin_of(url: &str) -> Option<&str> {
    let rest = url.split_once("://")?.1;
    url.get(..url.len() - rest.len() + rest.find('/').unwrap_or(rest.len()))
}

/// The host that an address names, for the list of our own.
pub(crate) fn host_of(url: &str) -> Option<String> {
    let authority = origin_of(url)?.split_once("://")?.1.to_owned();
    bare(&authority)
}

/// `Host` (or the authority of an absolute URI) with its port, as the client wrote it.
pub(crate) fn asked_authority(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    if let Some(authority) = uri.authority() {
        return Some(authority.to_string());
    }
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then(|| host.to_owned())
}

fn asked_host(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    bare(&asked_authority(headers, uri)?)
}

/// A host without its port, brackets and last dot.
fn bare(authority: &str) -> Option<String> {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    Some(host.trim_end_matches('.').to_ascii_lowercase())
}

fn is_ours(host: &str, names: &[String]) -> bool {
    if host.is_empty() {
        return false;
    }
    let private = |end: &str| *host == *end || host.strip_suffix(end).is_some_and(|h| h.ends_with('.'));
    host.parse::<IpAddr>().is_ok()
        || !host.contains('.')
        || PRIVATE.iter().copied().any(private)
        || names.iter().any(|name| name.eq_ignore_ascii_case(host))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{check_host, check_origin, host_of};
    use http::{HeaderMap, Uri};

    fn host(host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert("host", host.parse().unwrap());
        check_host(&headers, &Uri::from_static("/"), &["wa.example.org".to_owned()]).is_ok()
    }

    #[test]
    fn names_that_cannot_be_rebound_are_ours() {
        for ours in [
            "127.0.0.1:8080",
            "[::1]:8080",
            "192.168.1.5",
            "localhost:8080",
            "pi.local",
            "PI.local.:80",
            "tetherd:8080",
            "box.home.arpa",
            "wa.example.org",
            "WA.example.org:443",
        ] {
            assert!(host(ours), "{ours}");
        }
    }

    #[test]
    fn all_others_are_not() {
        for foreign in [
            "evil.example",
            "evil.example:8080",
            "local.evil.example",
            "notlocal.com",
            "127.0.0.1.nip.io",
            "wa.example.org.evil.example",
            "[::1",
            "",
        ] {
            assert!(!host(foreign), "{foreign}");
        }
    }

    #[test]
    fn an_origin_must_be_the_host() {
        let mut headers = HeaderMap::new();
        headers.insert("host", "pi.local:8080".parse().unwrap());
        let uri = Uri::from_static("/");
        assert!(check_origin(&headers, &uri, None).is_ok());
        headers.insert("origin", "http://pi.local:8080".parse().unwrap());
        assert!(check_origin(&headers, &uri, None).is_ok());
        for foreign in ["http://pi.local", "https://evil.example", "null"] {
            headers.insert("origin", foreign.parse().unwrap());
            assert!(check_origin(&headers, &uri, None).is_err(), "{foreign}");
        }
    }

    #[test]
    fn the_public_address_is_ours_behind_a_proxy_that_asks_by_another_name() {
        let mut headers = HeaderMap::new();
        headers.insert("host", "127.0.0.1:8080".parse().unwrap());
        headers.insert("origin", "https://wa.example.org".parse().unwrap());
        let uri = Uri::from_static("/");
        for ours in ["https://wa.example.org", "https://WA.example.org/", "https://wa.example.org/path"] {
            assert!(check_origin(&headers, &uri, Some(ours)).is_ok(), "{ours}");
        }
        for other in ["http://wa.example.org", "https://wa.example.org.evil.example", "https://wa.example.or"]
        {
            assert!(check_origin(&headers, &uri, Some(other)).is_err(), "{other}");
        }
        assert_eq!(host_of("https://WA.example.org:8443/x").as_deref(), Some("wa.example.org"));
        assert_eq!(host_of("https://[::1]:8443").as_deref(), Some("::1"));
    }
}
