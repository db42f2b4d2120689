//! Where an answer sends us, as far as we let ourselves be sent: to the same host, never out of TLS.

use http::header::LOCATION;
use http::{HeaderMap, StatusCode, Uri};

/// Where to ask again; none when the answer is no redirect, or one that is not followed.
pub(super) fn followed(asked: &Uri, status: StatusCode, headers: &HeaderMap) -> Option<Uri> {
    // 303 asks for a GET of something else; what was posted has arrived.
    if !matches!(status.as_u16(), 301 | 302 | 307 | 308) {
        return None;
    }
    let to = headers.get(LOCATION)?.to_str().ok()?;
    let next: Uri = if to.starts_with('/') && !to.starts_with("//") {
        format!("{}://{}{to}", asked.scheme_str()?, asked.authority()?).parse().ok()?
    } else {
        to.parse().ok()?
    };
    let same_host = next.host()?.eq_ignore_ascii_case(asked.host()?);
    let safe =
        matches!((asked.scheme_str()?, next.scheme_str()?), ("http", "http" | "https") | ("https", "https"));
    (same_host && safe && next != *asked).then_some(next)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::followed;
    use http::{HeaderMap, StatusCode, Uri};

    #[test]
    fn only_to_the_same_host_and_never_out_of_tls() {
        let go = |from: &'static str, status: u16, to: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("location", to.parse().unwrap());
            let next = followed(&Uri::from_static(from), StatusCode::from_u16(status).unwrap(), &headers);
            next.map(|uri| uri.to_string())
        };
        assert_eq!(go("http://h:81/a?x=1", 308, "/b?y=2").as_deref(), Some("http://h:81/b?y=2"));
        assert_eq!(go("http://h/a", 301, "https://H/a").as_deref(), Some("https://H/a"));
        assert_eq!(go("https://h/a", 307, "https://h:8443/a").as_deref(), Some("https://h:8443/a"));
        for refused in ["http://h/a", "https://other/a", "//other/a", "https://h.other/a", "ftp://h/a", "b"] {
            assert_eq!(go("https://h/a", 307, refused), None, "{refused}");
        }
        for no_redirect in [200, 300, 303, 304] {
            assert_eq!(go("http://h/a", no_redirect, "/b"), None, "{no_redirect}");
        }
    }
}
