//! Log-in: who is it, and may it (protocol page §2, §5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncWrite};
use wacore_binary::builder::NodeBuilder;

use super::{Flow, Peer};
use crate::fault::Fault;
use crate::stanza;
use crate::wire::WireFault;
use crate::world::{Order, device_key};

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(crate) async fn log_in(&mut self) -> Result<Flow, WireFault> {
        let phone = self.payload.username.unwrap_or_default().to_string();
        let device = u16::try_from(self.payload.device.unwrap_or_default()).unwrap_or_default();
        let jid = format!("{phone}:{device}@s.whatsapp.net");
        if self.world.fault_due(|f| matches!(f, Fault::HangLogin), Some(&jid)).is_some() {
            self.stalled = true;
            return Ok(Flow::On);
        }
        if let Some((code, expire)) = self.world.banned(&jid) {
            let attributes =
                [("code".to_owned(), code.to_string()), ("expire".to_owned(), expire.to_string())];
            self.last(stanza::failure(402, &attributes)).await?;
            return Ok(Flow::End);
        }
        if let Some(Fault::Failure { reason, attributes, .. }) =
            self.world.fault_due(|f| matches!(f, Fault::Failure { .. }), Some(&jid))
        {
            self.last(stanza::failure(reason, &attributes)).await?;
            return Ok(Flow::End);
        }
        if self.outdated() {
            self.last(stanza::failure(405, &[])).await?;
            return Ok(Flow::End);
        }
        let (known, account) = {
            let state = self.world.lock();
            let known = state.durable.devices.get(&device_key(&phone, device)).map(|d| d.noise);
            (known, state.durable.accounts.get(&phone).cloned())
        };
        let (Some(_), Some(account)) = (known.filter(|noise| *noise == self.client), account) else {
            self.world.tell(self.id, "unknown_device", jid);
            self.last(stanza::failure(401, &[])).await?;
            return Ok(Flow::End);
        };
        self.replace_older(&phone, device).await;
        self.device = Some((phone, device));
        self.world.lock().shape(self.wire.line(), self.id, Some(&jid));
        let success = NodeBuilder::new("success")
            .attr("t", self.world.unix().to_string())
            .attr("lid", account.lid_jid(device))
            .attr("props", "27")
            .attr("abprops", "40")
            .attr("group_abprops", "18")
            .attr("location", "frc")
            .attr("creation", self.world.unix().to_string())
            .attr("display_name", account.push_name.clone())
            .attr("companion_enc_static", STANDARD.encode([7; 32]))
            .build();
        self.send(success).await?;
        self.world.tell(self.id, "logged_in", jid);
        self.route().await?;
        Ok(Flow::On)
    }

    /// Tells the way that the client names before its next handshake.
    async fn route(&mut self) -> Result<(), WireFault> {
        let (phone, device) = self.device.clone().unwrap_or_default();
        let way = stanza::data("routing_info", format!("sandbox/{phone}:{device}"));
        let routing = NodeBuilder::new("edge_routing").children([way]).build();
        let ib = NodeBuilder::new("ib").attr("from", stanza::server()).children([routing]);
        self.send(ib.build()).await
    }

    fn outdated(&self) -> bool {
        let oldest = self.world.fault_due(|f| matches!(f, Fault::Outdated { .. }), None);
        let Some(Fault::Outdated { oldest }) = oldest else { return false };
        let version = self.payload.user_agent.as_option().and_then(|agent| agent.app_version.as_option());
        version.and_then(|version| version.tertiary).unwrap_or_default() < oldest
    }

    /// The same device connected elsewhere: the new one wins.
    async fn replace_older(&self, phone: &str, device: u16) {
        let older: Vec<_> = {
            let mut state = self.world.lock();
            let me = Some((phone.to_owned(), device));
            let older = state.connections.iter().filter(|(id, c)| **id != self.id && c.device == me);
            let older = older.map(|(_, c)| c.orders.clone()).collect();
            if let Some(mine) = state.connections.get_mut(&self.id) {
                mine.device = me;
            }
            older
        };
        for orders in older {
            let _ = orders.send(Order::Terminal(stanza::conflict(None, "replaced"))).await;
        }
    }
}
