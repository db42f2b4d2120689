//! Media bytes within an event, for webhooks that want them (`base64`).
//!
//! An event is stored without them: nothing waits for a download, and no card is filled with pictures.
//! They are loaded when the event is delivered, and an event is delivered also when they cannot be.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::model::{EventKind, InstanceId, Media};
use crate::store::StoredEvent;

/// How long one download may take.
const DOWNLOAD: Duration = Duration::from_secs(30);

/// Loads media through the instance that received them.
#[async_trait]
pub trait MediaSource: Send + Sync {
    /// The file, of `limit` bytes at most.
    async fn load(&self, instance: InstanceId, media: &Media, limit: usize) -> Result<Bytes, NoMedia>;
}

/// Why there is no file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoMedia {
    /// There may be later: the link is down, or the host did not answer.
    #[error("{0}")]
    NotNow(String),
    /// There never will be.
    #[error("{0}")]
    Never(String),
}

/// What putting media into events takes.
pub(super) struct Inliner {
    pub(super) source: Arc<dyn MediaSource>,
    /// Bytes of a file at most.
    pub(super) limit: usize,
}

impl Inliner {
    /// Whether an event would get bytes.
    pub(super) fn concerns(event: &StoredEvent) -> bool {
        event.kind == EventKind::MessagesUpsert && Media::of(&event.data).is_some()
    }

    /// The event's data with the bytes as `message.base64`, or with `message.base64Error` that says why
    /// there are none. None: not now, and `patient` is still.
    pub(super) async fn inlined(&self, event: &StoredEvent, patient: bool) -> Option<Value> {
        let mut data = event.data.clone();
        let Some(media) = Media::of(&data) else { return Some(data) };
        let (name, value) = match self.load(event.instance, &media).await {
            Ok(file) => ("base64", Value::String(STANDARD.encode(&file))),
            Err(NoMedia::NotNow(_)) if patient => return None,
            Err(error) => ("base64Error", json!(error.to_string())),
        };
        if let Some(message) = data.get_mut("message").and_then(Value::as_object_mut) {
            message.insert(name.to_owned(), value);
        }
        Some(data)
    }

    async fn load(&self, instance: InstanceId, media: &Media) -> Result<Bytes, NoMedia> {
        let limit = u64::try_from(self.limit).unwrap_or(u64::MAX);
        let larger = |length: u64| {
            NoMedia::Never(format!(
                "the file has {length} bytes, more than the {limit} that [webhooks] media_limit allows"
            ))
        };
        if let Some(length) = media.length.filter(|length| *length > limit) {
            return Err(larger(length));
        }
        let loading = self.source.load(instance, media, self.limit);
        let file = tokio::time::timeout(DOWNLOAD, loading).await.unwrap_or_else(|_| {
            Err(NoMedia::NotNow(format!("the file did not come within {} s", DOWNLOAD.as_secs())))
        })?;
        match u64::try_from(file.len()) {
            Ok(length) if length > limit => Err(larger(length)),
            _ => Ok(file),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::{Inliner, MediaSource, NoMedia};
    use crate::model::{EventKind, InstanceId, Media, Seq, Stamp};
    use crate::store::StoredEvent;
    use async_trait::async_trait;
    use bytes::Bytes;
    use serde_json::{Value, json};
    use std::sync::Arc;

    struct Answer(Result<Bytes, NoMedia>);

    #[async_trait]
    impl MediaSource for Answer {
        async fn load(&self, _: InstanceId, _: &Media, _: usize) -> Result<Bytes, NoMedia> {
            self.0.clone()
        }
    }

    async fn inlined(answer: Result<Bytes, NoMedia>, length: u64, patient: bool) -> Option<Value> {
        let inliner = Inliner { source: Arc::new(Answer(answer)), limit: 8 };
        let data = json!({"messageType": "imageMessage", "message": {"imageMessage": {"id": "1", "fileLength": length}}});
        let event = StoredEvent {
            id: 1,
            instance: InstanceId(1),
            name: "shop".into(),
            sender: None,
            seq: Seq(1),
            kind: EventKind::MessagesUpsert,
            data,
            at: Stamp::from_millis(0),
        };
        inliner.inlined(&event, patient).await.map(|data| data["message"].clone())
    }

    #[tokio::test]
    async fn bytes_or_the_reason_why_there_are_none() {
        let there = inlined(Ok(Bytes::from_static(b"picture")), 7, true).await.unwrap();
        assert_eq!(there["base64"], "cGljdHVyZQ==");
        let too_large = inlined(Ok(Bytes::from_static(b"x")), 9, true).await.unwrap();
        assert!(too_large["base64Error"].as_str().unwrap().contains("9 bytes"), "{too_large}");
        let lied = inlined(Ok(Bytes::from_static(b"much more")), 1, true).await.unwrap();
        assert!(lied["base64Error"].is_string() && lied["base64"].is_null());
        let offline = || Err(NoMedia::NotNow("offline".into()));
        assert_eq!(inlined(offline(), 7, true).await, None, "it waits");
        assert_eq!(inlined(offline(), 7, false).await.unwrap()["base64Error"], "offline");
        let gone = inlined(Err(NoMedia::Never("gone".into())), 7, true).await.unwrap();
        assert_eq!(gone["base64Error"], "gone");
    }
}
