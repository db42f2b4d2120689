//! Messages with files: a phone seals one and uploads it, or finds one and opens it.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use wacore::download::{DownloadUtils, MediaType};
use wacore::upload::encrypt_media;
use waproto::buffa::MessageField;
use waproto::whatsapp as wa;
use waproto::whatsapp::message::{AudioMessage, DocumentMessage, ImageMessage, StickerMessage, VideoMessage};

use super::send::refused;
use crate::media::Files;
use crate::told::Refused;
use crate::world::World;

/// What kind of file a message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Sound.
    Audio,
    /// Sound that somebody spoke on the spot.
    Voice,
    /// Anything.
    Document,
    /// A small picture instead of words.
    Sticker,
}

impl FileKind {
    fn sealed_as(self) -> MediaType {
        match self {
            Self::Image => MediaType::Image,
            Self::Video => MediaType::Video,
            Self::Audio | Self::Voice => MediaType::Audio,
            Self::Document => MediaType::Document,
            Self::Sticker => MediaType::Sticker,
        }
    }

    fn mimetype(self) -> &'static str {
        match self {
            Self::Image => "image/jpeg",
            Self::Video => "video/mp4",
            Self::Audio => "audio/mp4",
            Self::Voice => "audio/ogg; codecs=opus",
            Self::Document => "application/octet-stream",
            Self::Sticker => "image/webp",
        }
    }
}

/// A file that a phone sends.
#[derive(Debug, Clone)]
pub struct File {
    /// What kind.
    pub kind: FileKind,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// What the message says that it is; none is the usual of its kind.
    pub mimetype: Option<String>,
    /// Words beside it; only pictures, films and documents have any.
    pub caption: Option<String>,
    /// Its name; only documents have one.
    pub name: Option<String>,
}

/// A file that a phone has received, downloaded and opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedFile {
    /// What kind.
    pub kind: FileKind,
    /// What the message says that it is.
    pub mimetype: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// How many bytes, opened.
    pub length: u64,
    /// Of what is in it, in hex.
    pub sha256: String,
}

/// What a message says of its file.
struct Said<'a> {
    kind: FileKind,
    path: Option<&'a str>,
    key: Option<&'a [u8]>,
    sha256: Option<&'a [u8]>,
    sealed_sha256: Option<&'a [u8]>,
    length: Option<u64>,
    mimetype: Option<&'a str>,
    name: Option<&'a str>,
}

/// The fields are called the same in each kind of message.
macro_rules! said {
    ($message:expr, $kind:expr, $name:expr) => {
        Said {
            kind: $kind,
            path: $message.direct_path.as_deref(),
            key: $message.media_key.as_deref(),
            sha256: $message.file_sha256.as_deref(),
            sealed_sha256: $message.file_enc_sha256.as_deref(),
            length: $message.file_length,
            mimetype: $message.mimetype.as_deref(),
            name: $name,
        }
    };
}

fn said(message: &wa::Message) -> Option<Said<'_>> {
    if let Some(image) = message.image_message.as_option() {
        return Some(said!(image, FileKind::Image, None));
    }
    if let Some(video) = message.video_message.as_option() {
        return Some(said!(video, FileKind::Video, None));
    }
    if let Some(audio) = message.audio_message.as_option() {
        let kind = if audio.ptt == Some(true) { FileKind::Voice } else { FileKind::Audio };
        return Some(said!(audio, kind, None));
    }
    if let Some(sticker) = message.sticker_message.as_option() {
        return Some(said!(sticker, FileKind::Sticker, None));
    }
    let wrapped = message.document_with_caption_message.as_option();
    let inner = wrapped.and_then(|wrapped| wrapped.message.as_option()).unwrap_or(message);
    let document = inner.document_message.as_option()?;
    Some(said!(document, FileKind::Document, document.file_name.as_deref()))
}

/// Downloads and opens the file of a message, if it has one, and checks all that the message says of it.
pub(super) fn open(message: &wa::Message, files: &Files) -> Result<Option<(ReceivedFile, Vec<u8>)>, String> {
    let Some(said) = said(message) else { return Ok(None) };
    let path = said.path.ok_or("it has no direct path")?;
    let key = said.key.ok_or("it has no media key")?;
    let sealed = files.get(path).ok_or_else(|| format!("nothing was uploaded to {path}"))?;
    if said.sealed_sha256 != Some(&Sha256::digest(&sealed)[..]) {
        return Err("what was uploaded has another hash than the message says".into());
    }
    let plain = DownloadUtils::verify_and_decrypt(&sealed, key, said.kind.sealed_as())
        .map_err(|error| format!("it does not open: {error}"))?;
    let sha256 = Sha256::digest(&plain);
    if said.sha256 != Some(&sha256[..]) {
        return Err("what is in it has another hash than the message says".into());
    }
    let length = plain.len() as u64;
    if said.length != Some(length) {
        return Err(format!("it has {length} bytes, and the message says {:?}", said.length));
    }
    let received = ReceivedFile {
        kind: said.kind,
        mimetype: said.mimetype.map(str::to_owned),
        name: said.name.map(str::to_owned),
        length,
        sha256: hex::encode(sha256),
    };
    Ok(Some((received, plain)))
}

impl World {
    /// The phone of `from` seals a file, uploads it and sends it to `to`. The message's id.
    pub(crate) fn send_file(&self, from: &str, to: &str, file: File) -> Result<String, Refused> {
        let at = i64::try_from(self.unix()).unwrap_or(i64::MAX);
        let sealed = encrypt_media(&file.bytes, file.kind.sealed_as()).map_err(refused)?;
        let path = self.lock().files.keep(sealed.data_to_upload.into());
        let mimetype = Some(file.mimetype.unwrap_or_else(|| file.kind.mimetype().to_owned()));
        let (url, length) = (Some(self.media_url(&path)), Some(file.bytes.len() as u64));
        /// The fields are called the same in each kind of message.
        macro_rules! message {
            ($kind:ident { $($field:ident: $value:expr),* }) => {
                MessageField::some($kind {
                    url,
                    mimetype,
                    direct_path: Some(path),
                    media_key: Some(sealed.media_key.to_vec()),
                    file_sha256: Some(sealed.file_sha256.to_vec()),
                    file_enc_sha256: Some(sealed.file_enc_sha256.to_vec()),
                    file_length: length,
                    media_key_timestamp: Some(at),
                    $($field: $value,)*
                    ..$kind::default()
                })
            };
        }
        let mut message = wa::Message::default();
        let caption = file.caption;
        match file.kind {
            FileKind::Image => message.image_message = message!(ImageMessage { caption: caption }),
            FileKind::Video => {
                message.video_message =
                    message!(VideoMessage { caption: caption, streaming_sidecar: sealed.streaming_sidecar });
            }
            FileKind::Audio | FileKind::Voice => {
                let ptt = Some(file.kind == FileKind::Voice);
                message.audio_message =
                    message!(AudioMessage { ptt: ptt, streaming_sidecar: sealed.streaming_sidecar });
            }
            FileKind::Document => {
                let name = file.name.clone();
                message.document_message =
                    message!(DocumentMessage { caption: caption, file_name: file.name, title: name });
            }
            FileKind::Sticker => message.sticker_message = message!(StickerMessage {}),
        }
        self.write(from, to, message)
    }

    /// What is in a file that a phone has received.
    pub(crate) fn received_file(&self, phone: &str, id: &str) -> Result<Vec<u8>, Refused> {
        let state = self.lock();
        let received = state.traffic.received.get(phone);
        let message = received.and_then(|received| received.iter().find(|message| message.id == id));
        let message = message.ok_or_else(|| Refused(format!("{phone} has no message {id}")))?;
        let opened = open(&message.opened, &state.files).map_err(Refused)?;
        opened.map(|(_, bytes)| bytes).ok_or_else(|| Refused(format!("the message {id} has no file")))
    }
}
