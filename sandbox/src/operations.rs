//! What phones do, and what tests ask for.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use wacore_binary::builder::NodeBuilder;

use crate::Refused;
use crate::phone::adv::sign_companion;
use crate::phone::{Account, RawKey, code, qr};
use crate::stanza::{self, bytes, server};
use crate::world::{Candidate, Connection, Order, World, device_key};

/// A device that does not answer is given up.
const ANSWER: Duration = Duration::from_secs(20);

/// Clients show a code a little before they have asked for it.
const ASKING: Duration = Duration::from_secs(2);

type Orders = mpsc::Sender<Order>;
/// Who asked for a code: its connection, its keys, the ref, and its wrapped key.
type Asking = (Orders, Option<Candidate>, Vec<u8>, Vec<u8>);

impl World {
    /// The phone of this number scans a QR. The JID of the device, once its signature was verified.
    pub(crate) async fn scan(&self, phone: &str, text: &str) -> Result<String, Refused> {
        let fields = qr::parse(text).map_err(|error| Refused(error.to_string()))?;
        let account = self.account(phone)?;
        let now = self.now();
        let found = {
            let state = self.lock();
            let owner =
                state.connections.values().find(|c| c.refs.iter().any(|(r, ..)| *r == fields.reference));
            let owner = owner.ok_or_else(|| {
                Refused("no open connection offers this code; it is from an earlier one".into())
            })?;
            let alive =
                owner.refs.iter().any(|(r, from, to)| *r == fields.reference && *from <= now && now < *to);
            if !alive {
                return Err(Refused("this code has expired, or is not shown yet".into()));
            }
            owner.candidate.clone().map(|candidate| (owner.orders.clone(), candidate))
        };
        let (orders, candidate) = found.ok_or_else(|| Refused("the device never registered".into()))?;
        if fields.noise_pub != candidate.noise || fields.identity_pub != candidate.identity {
            return Err(Refused("the code names other keys than the connection".into()));
        }
        self.pair(account, &orders, &candidate, &fields.adv_secret).await
    }

    /// The phone of this number gets the code that the device shows.
    pub(crate) async fn enter_code(&self, phone: &str, typed: &str) -> Result<String, Refused> {
        let account = self.account(phone)?;
        let (orders, candidate, reference, wrapped) = tokio::time::timeout(ASKING, self.asking(phone))
            .await
            .map_err(|_| Refused(format!("no device asked for a code for {phone}")))?;
        let candidate = candidate.ok_or_else(|| Refused("the device never registered".into()))?;
        let typed = typed.to_owned();
        let entered = tokio::task::spawn_blocking(move || code::enter(&typed, &wrapped))
            .await
            .map_err(|_| Refused("interrupted".into()))?
            .map_err(|error| Refused(error.to_string()))?;
        let reg = NodeBuilder::new("link_code_companion_reg").attr("stage", "primary_hello").children([
            stanza::data("link_code_pairing_wrapped_primary_ephemeral_pub", entered.wrapped_primary.clone()),
            stanza::data("primary_identity_pub", account.identity_pub().to_vec()),
            stanza::data("link_code_pairing_ref", reference),
        ]);
        let node = NodeBuilder::new("notification")
            .attr("from", server())
            .attr("type", "link_code_companion_reg")
            .attr("id", self.number().to_string())
            .attr("t", self.unix().to_string())
            .children([reg.build()])
            .build();
        let (done, finished) = oneshot::channel();
        orders.send(Order::Primary { node, done }).await.map_err(|_| gone())?;
        let finish = tokio::time::timeout(ANSWER, finished).await.map_err(|_| gone())?.map_err(|_| gone())?;
        let bundle =
            finish.get_optional_child("link_code_pairing_wrapped_key_bundle").map(bytes).unwrap_or_default();
        let secret = code::finish(&account, &entered, bundle, &candidate.identity)
            .map_err(|error| Refused(error.to_string()))?;
        self.pair(account, &orders, &candidate, &secret).await
    }

    /// The connection whose device asked for a code for this number.
    async fn asking(&self, phone: &str) -> Asking {
        let mut newest = self.newest();
        loop {
            newest.borrow_and_update();
            let found = self.lock().connections.values().find_map(|c| {
                let (number, reference, wrapped) = c.code.clone()?;
                (number == phone).then(|| (c.orders.clone(), c.candidate.clone(), reference, wrapped))
            });
            match found {
                Some(found) => return found,
                // The world lives as long as this.
                None => {
                    let _ = newest.changed().await;
                }
            }
        }
    }

    async fn pair(
        &self,
        account: Account,
        orders: &Orders,
        candidate: &Candidate,
        secret: &RawKey,
    ) -> Result<String, Refused> {
        let (slot, account) = {
            let mut state = self.lock();
            let kept = state.durable.accounts.entry(account.phone.clone()).or_insert(account);
            (kept.allocate(), kept.clone())
        };
        let signed = sign_companion(&account, &candidate.identity, secret, slot.key_index, self.unix())
            .map_err(|error| Refused(error.to_string()))?;
        let (done, answered) = oneshot::channel();
        let order = Order::Pair { account: Box::new(account), slot, signed: Box::new(signed), done };
        orders.send(order).await.map_err(|_| gone())?;
        tokio::time::timeout(ANSWER, answered).await.map_err(|_| gone())?.map_err(|_| gone())?
    }

    /// The device is gone from the account.
    pub(crate) fn forget(&self, phone: &str, device: u16) -> bool {
        let mut state = self.lock();
        if let Some(account) = state.durable.accounts.get_mut(phone) {
            account.unlink(device);
        }
        let was = state.durable.devices.remove(&device_key(phone, device)).is_some();
        state.durable.mail.remove(&device_key(phone, device));
        self.save(&state);
        was
    }

    /// The phone removes a device, or all of its account when `jid` names none.
    pub(crate) async fn unlink(&self, jid: &str) -> Result<usize, Refused> {
        let (phone, device) = split(jid);
        let devices: Vec<u16> = {
            let state = self.lock();
            let account =
                state.durable.accounts.get(&phone).ok_or_else(|| Refused(format!("no account {phone}")))?;
            account
                .linked()
                .map(|slot| slot.device)
                .filter(|d| device.is_none_or(|wanted| wanted == *d))
                .collect()
        };
        if devices.is_empty() {
            return Err(Refused(format!("{jid} is not linked")));
        }
        for device in &devices {
            self.forget(&phone, *device);
            for orders in self.open(Some(&format!("{phone}:{device}")), None) {
                let last = Order::Terminal(stanza::conflict(Some("401"), "device_removed"));
                let _ = orders.send(last).await;
            }
        }
        Ok(devices.len())
    }

    /// Connections of this device or account, or the one of this number.
    pub(crate) fn open(&self, jid: Option<&str>, connection: Option<u64>) -> Vec<Orders> {
        let state = self.lock();
        let of = |c: &Connection| jid.is_none_or(|jid| c.jid().is_some_and(|own| same(jid, &own)));
        let wanted = state.connections.iter().filter(|(id, c)| connection.is_none_or(|n| n == **id) && of(c));
        wanted.map(|(_, connection)| connection.orders.clone()).collect()
    }
}

fn gone() -> Refused {
    Refused("the device closed the connection or did not answer".into())
}

/// `15551234567:3@s.whatsapp.net` and its shorter forms.
fn split(jid: &str) -> (String, Option<u16>) {
    let user = jid.split('@').next().unwrap_or_default();
    match user.split_once(':') {
        Some((phone, device)) => (phone.to_owned(), device.parse().ok()),
        None => (user.to_owned(), None),
    }
}

/// Whether a JID, or an account without a device, means this one.
pub(crate) fn same(wanted: &str, jid: &str) -> bool {
    let ((phone, device), (other, number)) = (split(wanted), split(jid));
    phone == other && (device.is_none() || device == number)
}
