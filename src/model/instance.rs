//! An instance as the domain knows it and as the store keeps it.

use super::{
    Digest, InstanceId, InstanceName, InstanceUuid, Integration, LinkTruth, Profile, ProxyConfig, Secret,
    Settings, Stamp, Webhook,
};

/// An instance as it is kept.
#[derive(Debug, Clone)]
pub struct InstanceRecord {
    /// The row.
    pub id: InstanceId,
    /// Its public id.
    pub uuid: InstanceUuid,
    /// Its name.
    pub name: InstanceName,
    /// How it reaches WhatsApp.
    pub integration: Integration,
    /// What lasts about its link. `Linked` exactly when there are credentials of a linked device.
    pub truth: LinkTruth,
    /// The owner's settings.
    pub settings: Settings,
    /// How it goes out.
    pub proxy: Option<ProxyConfig>,
    /// `number` as given at create.
    pub number: Option<String>,
    /// `businessId` as given at create.
    pub business_id: Option<String>,
    /// SHA-256 of its token.
    pub token: Digest,
    /// When it was created.
    pub created: Stamp,
    /// When something that lasts last changed.
    pub updated: Stamp,
}

/// An instance to be kept.
#[derive(Debug, Clone)]
pub struct NewInstance {
    /// Its public id.
    pub uuid: InstanceUuid,
    /// Its name.
    pub name: InstanceName,
    /// How it reaches WhatsApp.
    pub integration: Integration,
    /// The owner's settings.
    pub settings: Settings,
    /// How it goes out.
    pub proxy: Option<ProxyConfig>,
    /// `number` as given.
    pub number: Option<String>,
    /// `businessId` as given.
    pub business_id: Option<String>,
    /// SHA-256 of its token.
    pub token: Digest,
    /// Cloud: Meta's access token; kept sealed.
    pub cloud_token: Option<Secret>,
    /// Where its events go from the first one on.
    pub webhook: Option<Webhook>,
}

impl NewInstance {
    /// With a public id of its own and nothing else that need not be.
    #[must_use]
    pub fn named(name: InstanceName, integration: Integration, token: Digest) -> Self {
        Self {
            uuid: InstanceUuid::generate(),
            name,
            integration,
            settings: Settings::default(),
            proxy: None,
            number: None,
            business_id: None,
            token,
            cloud_token: None,
            webhook: None,
        }
    }

    /// As it is kept from now on, without what is kept elsewhere.
    #[must_use]
    pub fn kept(self, id: InstanceId, now: Stamp) -> InstanceRecord {
        InstanceRecord {
            id,
            uuid: self.uuid,
            name: self.name,
            integration: self.integration,
            truth: LinkTruth::Never,
            settings: self.settings,
            proxy: self.proxy,
            number: self.number,
            business_id: self.business_id,
            token: self.token,
            created: now,
            updated: now,
        }
    }
}

/// A change of what lasts.
#[derive(Debug, Clone)]
pub enum InstanceChange {
    /// Nothing but the events.
    None,
    /// The truth about the link.
    Truth(LinkTruth),
    /// The truth, and every credential is wiped with it. With `tombstone`, a sealed copy of what telling WhatsApp
    /// needs is kept until WhatsApp was told.
    Forget {
        /// The truth from now on.
        truth: LinkTruth,
        /// WhatsApp does not know yet.
        tombstone: bool,
    },
    /// What is known of the account.
    Profile(Profile),
    /// The owner's settings.
    Settings(Settings),
    /// How it goes out.
    Proxy(Option<ProxyConfig>),
    /// Its token.
    Token(Digest),
    /// Meta's access token.
    CloudToken(Secret),
}
