//! Faults in the world: planned, and happening when it is their turn.

use std::collections::HashMap;
use std::time::Duration;

use wacore_binary::node::Node;

use super::super::{Direction, Fault, Moment, Planned};
use super::{Pending, Upgrade};
use crate::line;
use crate::told::Refused;
use crate::world::{Connection, Order, State, World};

impl State {
    /// What happens at this stanza.
    pub(crate) fn due_at(&mut self, connection: u64, direction: Direction, node: &Node) -> Vec<Fault> {
        if self.faults.is_empty() {
            return Vec::new();
        }
        let jid = self.connections.get(&connection).and_then(Connection::jid);
        let mut due = Vec::new();
        self.faults.retain_mut(|pending| {
            if !pending.meets(connection, jid.as_deref()) || !pending.counts(connection, direction, node) {
                return true;
            }
            due.push(pending.planned.fault.clone());
            pending.happened()
        });
        due
    }

    /// Lets a line have the latency and the bandwidth that are asked for.
    pub(crate) fn shape(&self, line: &line::Control, connection: u64, jid: Option<&str>) {
        for pending in self.faults.iter().filter(|p| p.planned.at.is_none() && p.meets(connection, jid)) {
            line.shape(&pending.planned.fault);
        }
    }

    /// A fault that is due and is not one of a stanza; counts it as happened.
    pub(crate) fn fault_due(&mut self, wanted: impl Fn(&Fault) -> bool, jid: Option<&str>) -> Option<Fault> {
        let at = self.faults.iter().position(|p| wanted(&p.planned.fault) && p.meets(0, jid))?;
        let pending = self.faults.get_mut(at)?;
        let fault = pending.planned.fault.clone();
        if !pending.happened() {
            self.faults.remove(at);
        }
        Some(fault)
    }

    /// A connection is no more.
    pub(crate) fn uncount(&mut self, connection: u64) {
        for pending in &mut self.faults {
            pending.seen.remove(&connection);
        }
    }
}

impl World {
    /// Lets a fault happen: now to open connections, or when its time comes. How many it hit now.
    pub(crate) async fn plan(&self, planned: Planned) -> Result<usize, Refused> {
        planned.check()?;
        let moment = planned.fault.moment();
        let waits = planned.waits_for().is_some() || !matches!(moment, Moment::Now | Moment::Always);
        if waits || moment == Moment::Always {
            let until = match planned.fault {
                Fault::Banned { expire, .. } => Some(self.now() + Duration::from_secs(expire)),
                _ => None,
            };
            let left = planned.left();
            let pending = Pending { planned: planned.clone(), left, until, seen: HashMap::new() };
            self.lock().faults.push_back(pending);
        }
        if waits {
            return Ok(0);
        }
        let open = self.open(planned.jid.as_deref(), planned.connection);
        for orders in &open {
            let _ = orders.send(Order::Fault(Box::new(planned.fault.clone()))).await;
        }
        Ok(open.len())
    }

    /// A fault that is due for this connection before its first stanza; counts it as happened.
    pub(crate) fn fault_due(&self, wanted: impl Fn(&Fault) -> bool, jid: Option<&str>) -> Option<Fault> {
        self.lock().fault_due(wanted, jid)
    }

    /// Why this device is banned, and for how many seconds still.
    pub(crate) fn banned(&self, jid: &str) -> Option<(u16, u64)> {
        let now = self.now();
        let mut state = self.lock();
        state.faults.retain(|pending| pending.until.is_none_or(|until| now < until));
        state.faults.iter().find(|pending| pending.meets(0, Some(jid)) && pending.until.is_some()).and_then(
            |pending| match pending.planned.fault {
                Fault::Banned { code, .. } => {
                    Some((code, pending.until?.saturating_sub(now).as_secs().max(1)))
                }
                _ => None,
            },
        )
    }

    /// Faults that wait happen no more, and lines are as they were.
    pub(crate) fn clear_faults(&self) {
        let mut state = self.lock();
        state.faults.clear();
        state.connections.values().for_each(|connection| connection.line.plain());
    }
}

impl World {
    pub(crate) fn upgrade(&self) -> Upgrade {
        let wanted = |fault: &Fault| {
            matches!(fault, Fault::Upgrade { .. } | Fault::NoHttp | Fault::HangUpgrade | Fault::HangOpen)
        };
        match self.fault_due(wanted, None) {
            Some(Fault::Upgrade { status, .. }) => Upgrade::Status(status),
            Some(Fault::NoHttp) => Upgrade::NoHttp,
            Some(Fault::HangUpgrade) => Upgrade::Hang,
            Some(_) => Upgrade::Silent,
            None => Upgrade::Yes,
        }
    }
}
