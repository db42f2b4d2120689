//! What phones do, and what tests ask for.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::fault::Fault;
use crate::jid::{same, split};
use crate::phone::adv::{sign_companion, sign_companion_with_fault};
use crate::phone::{Account, RawKey, qr};
use crate::stanza;
use crate::told::Refused;
use crate::world::{Candidate, Connection, Order, World, device_key};

/// A device that does not answer is given up.
pub(crate) const ANSWER: Duration = Duration::from_secs(20);

pub(crate) type Orders = mpsc::Sender<Order>;

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

    pub(crate) async fn pair(
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
        let wrong =
            self.fault_due(|f| matches!(f, Fault::BadSignature { .. }), Some(&account.jid(0).to_string()));
        let (identity, index, now) = (&candidate.identity, slot.key_index, self.unix());
        let signed = match wrong {
            Some(Fault::BadSignature { what }) => {
                sign_companion_with_fault(&account, identity, secret, index, now, what)
            }
            _ => sign_companion(&account, identity, secret, index, now),
        };
        let signed = signed.map_err(|error| Refused(error.to_string()))?;
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
        if was {
            state.tell_devices(phone, device, self.unix());
        }
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

pub(crate) fn gone() -> Refused {
    Refused("the device closed the connection or did not answer".into())
}
