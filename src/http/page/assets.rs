//! Style, scripts and icon: within the binary, packed once, under names that change with their content.

use std::io::Write as _;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, HeaderValue, VARY};
use http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

use crate::http::reply::{Reply, bytes};

const SCRIPT_KIND: &str = "text/javascript; charset=utf-8";

/// A file of the page.
pub(super) struct Asset {
    /// Where it is: `/assets/page-1a2b3c4d5e6f.css`.
    pub(super) path: String,
    kind: &'static str,
    plain: Bytes,
    packed: Bytes,
}

pub(super) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let sheets = [
        include_str!("../../../static/base.css"),
        include_str!("../../../static/tether.css"),
        include_str!("../../../static/link.css"),
    ];
    Asset::new("page", "css", "text/css; charset=utf-8", sheets.concat())
});
pub(super) static MORPH: LazyLock<Asset> =
    LazyLock::new(|| Asset::script("morph", include_str!("../../../static/morph.js"), &[]));
pub(super) static TIME: LazyLock<Asset> =
    LazyLock::new(|| Asset::script("time", include_str!("../../../static/time.js"), &[]));
pub(super) static LIVE: LazyLock<Asset> =
    LazyLock::new(|| Asset::script("live", include_str!("../../../static/live.js"), &[&MORPH, &TIME]));
pub(super) static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::script("page", include_str!("../../../static/page.js"), &[&LIVE, &TIME]));
pub(super) static ICON: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("icon", "svg", "image/svg+xml", include_str!("../../../static/icon.svg").to_owned())
});

/// All of them.
static ALL: [&LazyLock<Asset>; 6] = [&STYLE, &SCRIPT, &LIVE, &TIME, &MORPH, &ICON];

impl Asset {
    fn new(name: &str, end: &str, kind: &'static str, plain: String) -> Self {
        let mut digest = hex::encode(Sha256::digest(&plain));
        digest.truncate(12);
        let packed = pack(plain.as_bytes());
        Self { path: format!("/assets/{name}-{digest}.{end}"), kind, plain: plain.into(), packed }
    }

    /// A module, which imports others by the names that they have here.
    fn script(name: &str, text: &str, imports: &[&LazyLock<Self>]) -> Self {
        let mut text = text.to_owned();
        for import in imports {
            let (stem, _) = import.path.trim_start_matches("/assets/").split_once('-').unwrap_or_default();
            text = text.replace(&format!("'./{stem}.js'"), &format!("'{}'", import.path));
        }
        Self::new(name, "js", SCRIPT_KIND, text)
    }

    fn reply(&self, headers: &HeaderMap) -> Reply {
        let packs =
            headers.get(ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("gzip"));
        let packs = packs && !self.packed.is_empty();
        let body = if packs { self.packed.clone() } else { self.plain.clone() };
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
    ALL.iter().find(|asset| asset.path == path).map(|asset| asset.reply(headers))
}

/// Empty when it cannot be packed: then it goes out plain.
fn pack(plain: &[u8]) -> Bytes {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(plain).and_then(|()| packer.finish()).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::{ALL, LIVE, MORPH, SCRIPT, STYLE, TIME};

    #[test]
    fn the_page_is_small() {
        let all: usize = ALL.iter().map(|asset| asset.plain.len()).sum();
        assert!(all < 60_000, "{all} bytes");
        assert!(!STYLE.packed.is_empty() && STYLE.packed.len() < STYLE.plain.len() / 2);
    }

    #[test]
    fn scripts_import_each_other_by_the_names_that_are_served() {
        for script in [&SCRIPT, &LIVE, &TIME, &MORPH] {
            assert!(!script.plain.windows(3).any(|w| w == b"'./"), "{} has an import left", script.path);
        }
        let text = std::str::from_utf8(&LIVE.plain).unwrap();
        assert!(text.contains(&format!("from '{}'", MORPH.path)));
    }
}
