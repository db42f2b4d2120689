//! Style, script and icon: within the binary, under names that change with their content.

use std::io::Write as _;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, HeaderValue, VARY};
use http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::http::reply::{Reply, bytes};

/// A file of the page.
pub(super) struct Asset {
    /// Where it is: `/assets/page-1a2b3c4d5e6f.css`.
    pub(super) path: String,
    kind: &'static str,
    plain: &'static [u8],
    packed: Vec<u8>,
}

pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("css", "text/css; charset=utf-8", include_bytes!("../../../static/page.css"))
});
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("js", "text/javascript; charset=utf-8", include_bytes!("../../../static/page.js"))
});
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("svg", "image/svg+xml", include_bytes!("../../../static/icon.svg")));

impl Asset {
    fn new(end: &str, kind: &'static str, plain: &'static [u8]) -> Self {
        let mut digest = hex::encode(Sha256::digest(plain));
        digest.truncate(12);
        Self { path: format!("/assets/page-{digest}.{end}"), kind, plain, packed: pack(plain) }
    }

    fn reply(&self, headers: &HeaderMap) -> Reply {
        let packs =
            headers.get(ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("gzip"));
        let packs = packs && !self.packed.is_empty();
        let body = if packs { Bytes::copy_from_slice(&self.packed) } else { Bytes::from_static(self.plain) };
        let mut reply = bytes(StatusCode::OK, self.kind, body);
        let headers = reply.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        if packs {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        reply
    }
}

/// The asset at a path; none when there is none, or no longer.
pub(super) fn find(path: &str, headers: &HeaderMap) -> Option<Reply> {
    [&STYLE, &SCRIPT, &ICON].into_iter().find(|asset| asset.path == path).map(|asset| asset.reply(headers))
}

/// Empty when it cannot be packed: then it goes out plain.
fn pack(plain: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(plain).and_then(|()| packer.finish()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{ICON, SCRIPT, STYLE};

    #[test]
    fn the_page_is_small() {
        let all: usize = [&STYLE, &SCRIPT, &ICON].into_iter().map(|asset| asset.plain.len()).sum();
        assert!(all < 60_000, "{all} bytes");
        assert!(!STYLE.packed.is_empty() && STYLE.packed.len() < STYLE.plain.len() / 2);
    }
}
