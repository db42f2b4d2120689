//! Media for events, through the instance that received them.

use async_trait::async_trait;
use bytes::Bytes;

use super::error::InstanceError;
use super::registry::Registry;
use crate::events::{MediaSource, NoMedia};
use crate::link::LinkError;
use crate::model::{InstanceId, Media};

#[async_trait]
impl MediaSource for Registry {
    async fn load(&self, instance: InstanceId, media: &Media, limit: usize) -> Result<Bytes, NoMedia> {
        let handle = self.by_id(instance).ok_or_else(|| NoMedia::Never("the instance is no more".into()))?;
        let error = match handle.load(media.clone(), limit).await {
            Ok(file) => return Ok(file),
            Err(error) => error,
        };
        let later = matches!(
            error,
            InstanceError::Stuck
                | InstanceError::Link(
                    LinkError::NotConnected | LinkError::TimedOut(_) | LinkError::Unreachable(_)
                )
        );
        // Without a link there is nothing to wait for.
        if later && handle.snapshot().truth.is_linked() {
            Err(NoMedia::NotNow(error.to_string()))
        } else {
            Err(NoMedia::Never(error.to_string()))
        }
    }
}
