//! Codes in the world: asked for by devices, typed on phones.

use std::time::Duration;

use tokio::sync::oneshot;
use wacore_binary::builder::NodeBuilder;

use super::CodeWanted;
use crate::fault::Fault;
use crate::operations::{ANSWER, Orders, gone};
use crate::phone::code;
use crate::stanza::{self, bytes, server};
use crate::told::Refused;
use crate::world::{Candidate, Order, State, World};

/// Clients show a code a little before they have asked for it.
const ASKING: Duration = Duration::from_secs(2);

/// What a refusal says beside its number.
fn said(code: u16) -> &'static str {
    match code {
        400 => "bad-request",
        403 => "forbidden",
        429 => "rate-overlimit",
        452 => "feature-not-available",
        _ => "internal-server-error",
    }
}

impl State {
    fn asking(
        &mut self,
        phone: &str,
        now: Duration,
    ) -> Option<Result<(Orders, Candidate, CodeWanted), Refused>> {
        let of = self.connections.iter_mut();
        let of = of.filter(|(_, c)| c.code.as_ref().is_some_and(|wanted| wanted.number == phone));
        let (_, connection) = of.max_by_key(|(id, _)| **id)?;
        let (orders, candidate) = (connection.orders.clone(), connection.candidate.clone()?);
        let wanted = connection.code.as_mut()?;
        Some(wanted.try_it(now).map(|()| (orders, candidate, wanted.clone())))
    }
}

impl World {
    /// Whether a code for this number is refused, and how.
    pub(crate) fn refuses_code(&self, number: &str) -> Option<(u16, &'static str)> {
        let jid = format!("{number}@s.whatsapp.net");
        if let Some(Fault::RefuseCode { code }) =
            self.fault_due(|fault| matches!(fault, Fault::RefuseCode { .. }), Some(&jid))
        {
            return Some((code, said(code)));
        }
        let now = self.now();
        self.lock().asked.again(number, now).then_some((429, said(429)))
    }

    /// The phone of this number gets the code that the device shows.
    pub(crate) async fn enter_code(&self, phone: &str, typed: &str) -> Result<String, Refused> {
        code::normalise(typed).map_err(|error| Refused(error.to_string()))?;
        let account = self.account(phone)?;
        let asking = tokio::time::timeout(ASKING, self.asking(phone)).await;
        let (orders, candidate, wanted) =
            asking.map_err(|_| Refused(format!("no device asked for a code for {phone}")))??;
        let (typed, wrapped) = (typed.to_owned(), wanted.wrapped);
        let entered = tokio::task::spawn_blocking(move || code::enter(&typed, &wrapped))
            .await
            .map_err(|_| Refused("interrupted".into()))?
            .map_err(|error| Refused(error.to_string()))?;
        let reg = NodeBuilder::new("link_code_companion_reg").attr("stage", "primary_hello").children([
            stanza::data("link_code_pairing_wrapped_primary_ephemeral_pub", entered.wrapped_primary.clone()),
            stanza::data("primary_identity_pub", account.identity_pub().to_vec()),
            stanza::data("link_code_pairing_ref", wanted.reference),
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

    /// The newest device that asked for a code for this number, once there is one; counts the try.
    async fn asking(&self, phone: &str) -> Result<(Orders, Candidate, CodeWanted), Refused> {
        let mut newest = self.newest();
        loop {
            newest.borrow_and_update();
            if let Some(found) = self.lock().asking(phone, self.now()) {
                return found;
            }
            // The world lives as long as this.
            let _ = newest.changed().await;
        }
    }

    /// Devices that wait to be linked shall make a new secret, and show another code. How many were told.
    pub(crate) async fn refresh_registration(&self, connection: Option<u64>) -> usize {
        let waiting: Vec<_> = {
            let state = self.lock();
            let waiting = state.connections.iter().filter(|(id, c)| {
                connection.is_none_or(|wanted| wanted == **id) && c.candidate.is_some() && c.device.is_none()
            });
            waiting.map(|(_, connection)| connection.orders.clone()).collect()
        };
        for orders in &waiting {
            let node = NodeBuilder::new("notification")
                .attr("from", server())
                .attr("type", "companion_reg_refresh")
                .attr("id", self.number().to_string())
                .attr("t", self.unix().to_string())
                .children([stanza::leaf("companion_reg_refresh")])
                .build();
            let _ = orders.send(Order::Send(node)).await;
        }
        waiting.len()
    }
}
