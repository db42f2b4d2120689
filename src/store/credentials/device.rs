//! The device: keys of the account, its number once it is linked.

use std::sync::PoisonError;

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use whatsapp_rust::wacore::store::Device;
use whatsapp_rust::wacore::store::traits::DeviceStore;

use super::Credentials;
use super::kv::{Answer, Kind, Put, encode};

#[async_trait]
impl DeviceStore for Credentials {
    async fn save(&self, device: &Device) -> Answer<()> {
        let value = zeroize::Zeroizing::new(encode(device)?);
        let digest: [u8; 32] = Sha256::digest(&*value).into();
        if *self.saved.lock().unwrap_or_else(PoisonError::into_inner) == Some(digest) {
            return Ok(());
        }
        let put = Put::new(Kind::Device, "", &value).with(i64::from(device.pn.is_some()));
        self.put_all(vec![put]).await?;
        *self.saved.lock().unwrap_or_else(PoisonError::into_inner) = Some(digest);
        Ok(())
    }

    async fn load(&self) -> Answer<Option<Device>> {
        *self.saved.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.get_json(Kind::Device, "").await
    }

    async fn exists(&self) -> Answer<bool> {
        Ok(self.get(Kind::Device, "").await?.is_some())
    }

    async fn create(&self) -> Answer<i32> {
        self.save(&Device::new()).await?;
        Ok(i32::try_from(self.instance.0).unwrap_or(i32::MAX))
    }
}
