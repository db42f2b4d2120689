//! The row of an instance, and what it says together with the credentials.

use rusqlite::{Connection, Row};

use super::kept::{read_ended, read_proxy};
use crate::model::{
    Digest, Ended, InstanceId, InstanceName, InstanceRecord, InstanceUuid, Integration, LinkTruth, Profile,
    Reason, ReasonDetail, Stamp,
};
use crate::store::seal::{Sealer, place};
use crate::store::{StoreError, credentials};

pub(super) struct RawRow {
    id: i64,
    uuid: String,
    name: String,
    integration: String,
    linked: i64,
    profile: String,
    ended: Option<String>,
    settings: String,
    proxy: Option<Vec<u8>>,
    number: Option<String>,
    business_id: Option<String>,
    token: [u8; 32],
    created: i64,
    updated: i64,
}

impl RawRow {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            uuid: row.get(1)?,
            name: row.get(2)?,
            integration: row.get(3)?,
            linked: row.get(4)?,
            profile: row.get(5)?,
            ended: row.get(6)?,
            settings: row.get(7)?,
            proxy: row.get(8)?,
            number: row.get(9)?,
            business_id: row.get(10)?,
            token: row.get(11)?,
            created: row.get(12)?,
            updated: row.get(13)?,
        })
    }

    pub(super) fn parse(
        self,
        connection: &Connection,
        sealer: &Sealer,
    ) -> Result<InstanceRecord, StoreError> {
        let id = InstanceId(self.id);
        let integration: Integration = self
            .integration
            .parse()
            .map_err(|_| StoreError::Corrupt(format!("integration {}", self.integration)))?;
        let profile: Profile = serde_json::from_str(&self.profile)?;
        let ended = self.ended.as_deref().map(read_ended).transpose()?;
        let device = match credentials::linked_account(connection, sealer, id) {
            // One account's damage is not the others': it stays linked, and each attempt says what is wrong.
            Err(error @ (StoreError::Unsealable(_) | StoreError::Corrupt(_))) => {
                tracing::error!(instance = self.name, %error, "the credentials cannot be read");
                Some(profile.clone())
            }
            read => read?,
        };
        let truth = truth(integration, self.linked, profile, ended, device, Stamp::from_millis(self.updated));
        let proxy = match self.proxy {
            Some(kept) => Some(read_proxy(&sealer.open(&place::proxy(self.id), &kept)?)?),
            None => None,
        };
        Ok(InstanceRecord {
            id,
            uuid: InstanceUuid(self.uuid),
            name: InstanceName::parse(&self.name)
                .map_err(|e| StoreError::Corrupt(format!("name {}: {e}", self.name)))?,
            integration,
            truth,
            settings: serde_json::from_str(&self.settings)?,
            proxy,
            number: self.number,
            business_id: self.business_id,
            token: Digest(self.token),
            created: Stamp::from_millis(self.created),
            updated: Stamp::from_millis(self.updated),
        })
    }
}

/// For the engine's instances the credentials decide, for Meta's what was last known.
fn truth(
    integration: Integration,
    linked: i64,
    known: Profile,
    ended: Option<Ended>,
    device: Option<Profile>,
    at: Stamp,
) -> LinkTruth {
    let merged = |device: Profile| Profile {
        jid: device.jid,
        lid: device.lid.or_else(|| known.lid.clone()),
        name: device.name.or_else(|| known.name.clone()),
        picture_url: known.picture_url.clone(),
    };
    match (integration, linked, device) {
        (Integration::Web, _, Some(device)) => LinkTruth::Linked { profile: merged(device), ended },
        (Integration::Cloud, 1, _) => LinkTruth::Linked { profile: known, ended },
        (_, 0, _) => LinkTruth::Never,
        _ => {
            let gone = || Ended { reason: Reason::LoggedOut, at, detail: ReasonDetail::default() };
            LinkTruth::Unlinked { profile: known, ended: ended.unwrap_or_else(gone) }
        }
    }
}
