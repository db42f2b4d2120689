//! Media files from WhatsApp's hosts, opened by the engine.

use std::time::Duration;

use bytes::Bytes;
use whatsapp_rust::ErrorChainExt as _;
use whatsapp_rust::anyhow;
use whatsapp_rust::download::{DownloadParams, MediaType};

use super::WebLink;
use super::http::{LIMIT, TooLarge};
use crate::link::LinkError;
use crate::model::{Media, MediaKind, MediaPlace};

/// How long a file may take to be loaded.
const DOWNLOAD: Duration = Duration::from_secs(30);
/// What encryption adds at most.
const SEALED: usize = 1024;

pub(super) async fn load(link: &WebLink, media: &Media, limit: usize) -> Result<Bytes, LinkError> {
    let MediaPlace::WhatsApp { path, key, sha256, sealed_sha256 } = &media.place else {
        return Err(LinkError::Refused("the file is with Meta".into()));
    };
    let client = link.client().await?;
    let params = DownloadParams::encrypted(
        path.clone(),
        key,
        sha256,
        sealed_sha256,
        media.length.unwrap_or_default(),
        match media.kind {
            MediaKind::Image => MediaType::Image,
            MediaKind::Video => MediaType::Video,
            MediaKind::Audio => MediaType::Audio,
            MediaKind::Document => MediaType::Document,
            MediaKind::Sticker => MediaType::Sticker,
        },
    );
    // The engine passes no limit on: our client finds it where the download runs.
    let loading = LIMIT.scope(limit.saturating_add(SEALED), client.download(&params));
    match tokio::time::timeout(DOWNLOAD, loading).await {
        Ok(Ok(file)) => Ok(Bytes::from(file)),
        Ok(Err(error)) => Err(failed(&error)),
        Err(_) => Err(LinkError::TimedOut(DOWNLOAD)),
    }
}

fn failed(error: &anyhow::Error) -> LinkError {
    match error.http_status() {
        Some(status @ (401 | 403 | 404 | 410)) => {
            LinkError::Refused(format!("WhatsApp has the file no more ({status})"))
        }
        Some(status) => LinkError::Unreachable(format!("WhatsApp's media host answered {status}")),
        None if error.downcast_ref::<TooLarge>().is_some() => {
            LinkError::Refused("the file is larger than its sender said".into())
        }
        None => LinkError::Unreachable(format!("the file could not be loaded: {error}")),
    }
}
