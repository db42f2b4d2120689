//! What waits for a device: stanzas in the order in which they came, until the device has said that it has them.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wacore_binary::node::Node;
use wacore_binary::{OwnedNodeRef, marshal};

use crate::stanza::attr;

/// A device that stays away longer than this many stanzas loses the oldest.
const CAPACITY: usize = 20_000;

/// Stanzas by what the preview of a backlog counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Message,
    Receipt,
    Notification,
    Call,
}

impl Class {
    pub(crate) const ALL: [Self; 4] = [Self::Message, Self::Receipt, Self::Notification, Self::Call];

    /// The tag of its stanzas, and its name in acknowledgements and in the preview.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Receipt => "receipt",
            Self::Notification => "notification",
            Self::Call => "call",
        }
    }

    fn of(node: &Node) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == node.tag)
    }
}

/// One stanza for one device.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Letter {
    /// Its place in the order, from 1.
    pub(crate) seq: u64,
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub(crate) node: Node,
}

impl Letter {
    pub(crate) fn is(&self, class: Class) -> bool {
        Class::of(&self.node) == Some(class)
    }
}

/// All that waits for one device.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Mailbox {
    last: u64,
    letters: VecDeque<Letter>,
}

impl Mailbox {
    /// Says whether an older stanza had to go for it.
    pub(crate) fn put(&mut self, node: Node) -> bool {
        self.last += 1;
        self.letters.push_back(Letter { seq: self.last, node });
        self.letters.len() > CAPACITY && self.letters.pop_front().is_some()
    }

    /// The next one after `seq`.
    pub(crate) fn after(&self, seq: u64) -> Option<&Letter> {
        self.letters.iter().find(|letter| letter.seq > seq)
    }

    pub(crate) fn letters(&self) -> impl Iterator<Item = &Letter> {
        self.letters.iter()
    }

    /// The place of the newest one that was ever put.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// The device has these: of each id the one of this `type`, else the oldest, among those that it was sent (up to
    /// `sent`). Receipts of one message share its id: a word of one that comes late says nothing of the next.
    pub(crate) fn take(&mut self, class: Class, ids: &[String], kind: &str, sent: u64) -> usize {
        ids.iter().filter(|id| self.take_one(class, id, kind, sent)).count()
    }

    fn take_one(&mut self, class: Class, id: &str, kind: &str, sent: u64) -> bool {
        let meant =
            |letter: &Letter| letter.seq <= sent && letter.is(class) && attr(&letter.node, "id") == id;
        let exact =
            self.letters.iter().position(|letter| meant(letter) && attr(&letter.node, "type") == kind);
        let found = exact.or_else(|| self.letters.iter().position(meant));
        found.and_then(|at| self.letters.remove(at)).is_some()
    }
}

fn write<S: Serializer>(node: &Node, serializer: S) -> Result<S::Ok, S::Error> {
    let bytes = marshal::marshal(node).map_err(serde::ser::Error::custom)?;
    serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
    let bytes = BASE64_STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
    let plain = wacore_binary::util::unpack(&bytes).map_err(D::Error::custom)?.into_owned();
    Ok(OwnedNodeRef::new(plain).map_err(D::Error::custom)?.to_owned_node())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use wacore_binary::builder::NodeBuilder;

    use super::*;

    fn node(tag: &'static str, id: usize) -> Node {
        NodeBuilder::new(tag).attr("id", id.to_string()).bytes(vec![1, 2, 3]).build()
    }

    #[test]
    fn keeps_the_order_and_gives_up_what_is_acknowledged() {
        let mut mailbox = Mailbox::default();
        (0..4).for_each(|id| assert!(!mailbox.put(node("message", id))));
        mailbox.put(node("receipt", 1));
        assert_eq!(mailbox.take(Class::Message, &["1".into(), "9".into()], "", 5), 1);
        assert_eq!(mailbox.take(Class::Message, &["1".into()], "", 5), 0, "the receipt of the same id stays");
        let order =
            |from| std::iter::successors(mailbox.after(from), |l| mailbox.after(l.seq)).map(|l| l.seq);
        assert_eq!(order(0).collect::<Vec<_>>(), [1, 3, 4, 5]);
        let again: Mailbox = serde_json::from_str(&serde_json::to_string(&mailbox).unwrap()).unwrap();
        assert_eq!(again.after(1).unwrap().node, node("message", 2));
        assert_eq!((again.last(), again.letters().count()), (5, 4));
    }

    #[test]
    fn a_late_word_of_one_receipt_takes_no_other_of_the_same_message() {
        let receipt = |kind| NodeBuilder::new("receipt").attr("id", "1").attr("type", kind).build();
        let take =
            |mailbox: &mut Mailbox, kind, sent| mailbox.take(Class::Receipt, &["1".into()], kind, sent);
        let mut mailbox = Mailbox::default();
        mailbox.put(receipt("read"));
        mailbox.put(receipt("played"));
        assert_eq!(take(&mut mailbox, "played", 1), 1, "a client that names no type right has the oldest");
        assert_eq!(take(&mut mailbox, "read", 1), 0, "what was not sent cannot be had");
        assert_eq!(mailbox.after(0).map(|letter| letter.seq), Some(2));
        mailbox.put(receipt("read"));
        assert_eq!((take(&mut mailbox, "read", 3), mailbox.after(0).map(|letter| letter.seq)), (1, Some(2)));
    }

    #[test]
    fn the_oldest_goes_when_it_is_full() {
        let mut mailbox = Mailbox::default();
        let lost = (0..=CAPACITY).filter(|id| mailbox.put(node("message", *id))).count();
        assert_eq!((lost, mailbox.after(0).unwrap().seq), (1, 2));
    }
}
