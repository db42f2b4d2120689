//! What is true of an instance now, for readers: they never wait for the disk or for a link.

use std::sync::Arc;

use super::qr::QrPicture;
use super::tally::Tally;
use crate::link::PairingCode;
use crate::model::{
    Deadline, InstanceId, InstanceName, InstanceRecord, InstanceUuid, Integration, LinkTruth, Profile,
    ProxyConfig, Reason, ReasonDetail, Secret, Settings, Stamp, Visible,
};

/// One instance at one moment. Published as a whole, so that its parts agree.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The store's row.
    pub id: InstanceId,
    /// Its name.
    pub name: InstanceName,
    /// Its public id.
    pub uuid: InstanceUuid,
    /// How it reaches WhatsApp.
    pub integration: Integration,
    /// `number` as given at create (for Cloud: the phone number id).
    pub number: Option<String>,
    /// `businessId` as given at create.
    pub business_id: Option<String>,
    /// The state that the API shows.
    pub visible: Visible,
    /// Why; none for an instance that nobody has connected yet.
    pub reason: Option<Reason>,
    /// What else is known of the reason.
    pub detail: ReasonDetail,
    /// Since when state and reason are as they are.
    pub since: Stamp,
    /// How many attempts in a row have failed, the running one counted.
    pub attempt: u32,
    /// When the next attempt starts by itself.
    pub next_retry: Option<Deadline>,
    /// When the running attempt is given up at the latest, while it has shown nothing yet.
    pub given_up: Option<Stamp>,
    /// The backlog and the first app-state sync are through.
    pub synced: bool,
    /// The code to scan, when there is one.
    pub code: Option<ShownCode>,
    /// The phone has taken a code, and the link is being made.
    pub scanned: bool,
    /// How many codes were shown in a row; the code's own number while one is shown.
    pub codes_shown: u32,
    /// How many codes are shown in a row at most (`qr.limit`).
    pub codes_limit: u32,
    /// The pairing code, when there is one.
    pub pairing: Option<PairingCode>,
    /// Why the last request for a pairing code failed, in words.
    pub pairing_error: Option<String>,
    /// What lasts.
    pub truth: LinkTruth,
    /// The owner's settings.
    pub settings: Settings,
    /// How it goes out.
    pub proxy: Option<ProxyConfig>,
    /// When it was created.
    pub created: Stamp,
    /// When something that lasts last changed.
    pub updated: Stamp,
    /// What happened since the process began.
    pub tally: Tally,
}

impl Snapshot {
    /// An instance whose link does nothing.
    pub(crate) fn at_rest(record: InstanceRecord, since: Stamp, codes_limit: u32) -> Self {
        let ended = record.truth.ended();
        Self {
            visible: Visible::Close,
            reason: ended.map(|e| e.reason),
            detail: ended.map(|e| e.detail.clone()).unwrap_or_default(),
            since,
            attempt: 0,
            next_retry: None,
            given_up: None,
            synced: false,
            code: None,
            scanned: false,
            codes_shown: 0,
            codes_limit,
            pairing: None,
            pairing_error: None,
            id: record.id,
            name: record.name,
            uuid: record.uuid,
            integration: record.integration,
            number: record.number,
            business_id: record.business_id,
            truth: record.truth,
            settings: record.settings,
            proxy: record.proxy,
            created: record.created,
            updated: record.updated,
            tally: Tally::default(),
        }
    }

    /// The account, present or former.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.truth.profile()
    }

    /// The original's number for the reason.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        self.reason.map(Reason::status)
    }
}

/// A QR code that can be scanned now.
#[derive(Debug, Clone)]
pub struct ShownCode {
    /// What the engine says, untouched.
    pub text: Secret,
    /// Its number in this row of codes, from 1.
    pub count: u32,
    /// When it was made.
    pub shown: Stamp,
    /// When WhatsApp stops taking it.
    pub expires: Deadline,
    /// It as a picture.
    pub picture: Arc<QrPicture>,
}
