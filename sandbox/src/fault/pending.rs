//! Faults that wait, and their turn.

mod turn;

use std::collections::HashMap;
use std::time::Duration;

use wacore_binary::node::Node;

use super::{Direction, Planned};
use crate::jid::same;
use crate::stanza::attr;

/// A fault that waits.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) planned: Planned,
    /// How often still; none is until faults are cleared.
    left: Option<u32>,
    /// When it is over, on the world's clock.
    until: Option<Duration>,
    /// Stanzas that matched, by connection.
    seen: HashMap<u64, u32>,
}

impl Pending {
    fn meets(&self, connection: u64, jid: Option<&str>) -> bool {
        self.planned.connection.is_none_or(|of| of == connection)
            && self.planned.jid.as_deref().is_none_or(|of| jid.is_some_and(|jid| same(of, jid)))
    }

    /// Counts a stanza; whether this is the one.
    fn counts(&mut self, connection: u64, direction: Direction, node: &Node) -> bool {
        let Some(at) = self.planned.waits_for() else { return false };
        let wanted = self.planned.direction() == direction
            && at.tag.is_none_or(|tag| *tag == *node.tag)
            && at.xmlns.is_none_or(|xmlns| attr(node, "xmlns") == xmlns)
            && at.child.is_none_or(|child| node.get_optional_child(&child).is_some());
        if !wanted {
            return false;
        }
        let seen = self.seen.entry(connection).or_default();
        *seen += 1;
        let due = *seen >= at.stanza;
        if due {
            *seen = 0;
        }
        due
    }

    /// Counts it as happened; whether it can happen again.
    fn happened(&mut self) -> bool {
        let Some(left) = &mut self.left else { return true };
        *left = left.saturating_sub(1);
        *left > 0
    }
}

/// What a client gets for its upgrade.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Upgrade {
    /// A WebSocket.
    Yes,
    /// A WebSocket on which nothing happens.
    Silent,
    Status(u16),
    NoHttp,
    Hang,
}
