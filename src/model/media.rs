//! The media of a message, as its event tells of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What loading a media file takes.
#[derive(Clone, PartialEq, Eq)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// Its length in bytes, when the sender told.
    pub length: Option<u64>,
    /// Where it is.
    pub place: MediaPlace,
}

/// What a media file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// `imageMessage`.
    Image,
    /// `videoMessage`, `ptvMessage`.
    Video,
    /// `audioMessage`.
    Audio,
    /// `documentMessage`.
    Document,
    /// `stickerMessage`.
    Sticker,
}

/// Where a media file is, and how it is opened.
#[derive(Clone, PartialEq, Eq)]
pub enum MediaPlace {
    /// With WhatsApp, encrypted.
    WhatsApp {
        /// The path on its media hosts.
        path: String,
        /// Opens it.
        key: Vec<u8>,
        /// SHA-256 of the file.
        sha256: Vec<u8>,
        /// SHA-256 of it as it is stored.
        sealed_sha256: Vec<u8>,
    },
    /// With Meta, by its id.
    Meta {
        /// The id.
        id: String,
    },
}

impl std::fmt::Debug for Media {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Media")
            .field("kind", &self.kind)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl Media {
    /// From the `data` of a `MESSAGES_UPSERT`; none when it carries no file.
    #[must_use]
    pub fn of(data: &Value) -> Option<Self> {
        let name = data.get("messageType")?.as_str()?;
        let kind = match name {
            "imageMessage" => MediaKind::Image,
            "videoMessage" | "ptvMessage" => MediaKind::Video,
            "audioMessage" => MediaKind::Audio,
            "documentMessage" => MediaKind::Document,
            "stickerMessage" => MediaKind::Sticker,
            _ => return None,
        };
        let body = data.get("message")?.get(name)?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let bytes = |name: &str| text(name).and_then(|text| STANDARD.decode(text).ok());
        let place = match text("id") {
            Some(id) => MediaPlace::Meta { id: id.to_owned() },
            None => MediaPlace::WhatsApp {
                path: text("directPath")?.to_owned(),
                key: bytes("mediaKey")?,
                sha256: bytes("fileSha256")?,
                sealed_sha256: bytes("fileEncSha256")?,
            },
        };
        let length = body.get("fileLength").and_then(|length| {
            length.as_u64().or_else(|| length.as_str().and_then(|text| text.parse().ok()))
        });
        Some(Self { kind, length, place })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Media, MediaKind, MediaPlace};
    use serde_json::json;

    #[test]
    fn what_loading_takes_is_in_the_event() {
        let data = json!({"messageType": "imageMessage", "message": {"imageMessage": {
            "directPath": "/v/x", "mediaKey": "AAEC", "fileSha256": "Aw==", "fileEncSha256": "BA==", "fileLength": 7}}});
        let media = Media::of(&data).unwrap();
        assert_eq!((media.kind, media.length), (MediaKind::Image, Some(7)));
        let place = MediaPlace::WhatsApp {
            path: "/v/x".into(),
            key: vec![0, 1, 2],
            sha256: vec![3],
            sealed_sha256: vec![4],
        };
        assert!(media.place == place);
        let meta = json!({"messageType": "audioMessage", "message": {"audioMessage": {"id": "99"}}});
        assert!(Media::of(&meta).unwrap().place == MediaPlace::Meta { id: "99".into() });
        for none in [json!(null), json!({"messageType": "conversation", "message": {"conversation": "x"}})] {
            assert_eq!(Media::of(&none), None);
        }
    }
}
