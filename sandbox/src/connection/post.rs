//! What waits for the device: the backlog in batches after the log-in, and then all that comes (protocol page §5).

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;

use super::Peer;
use crate::mail::{Class, Letter, Mailbox};
use crate::stanza::{attr, server};
use crate::wire::WireFault;
use crate::world::device_key;

/// What comes before the client has asked for a batch.
const PRIMER: usize = 5;
/// Clients that never ask, or not again, get the rest after this.
const PATIENCE: Duration = Duration::from_secs(2);

/// How far the device is with what waits for it.
pub(crate) enum Drain {
    /// Nothing is delivered yet: the device is passive.
    Held,
    /// The backlog up to `until`, as fast as the device asks.
    Backlog { until: u64, allowed: usize, sent: usize, asked: Instant },
    /// All that comes.
    Live,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    /// The device has set itself active: what waits is announced, and begins.
    pub(crate) async fn wake(&mut self) -> Result<(), WireFault> {
        if !matches!(self.drain, Drain::Held) {
            return Ok(());
        }
        let (until, preview) =
            self.mailbox(|mailbox| (mailbox.last(), preview(mailbox))).unwrap_or((0, None));
        self.drain = Drain::Backlog { until, allowed: PRIMER, sent: 0, asked: Instant::now() };
        if let Some(preview) = preview {
            self.send(ib(preview)).await?;
        }
        self.deliver().await?;
        self.greet();
        Ok(())
    }

    /// The phone welcomes the device, when it is time.
    pub(crate) fn greet(&self) {
        if let (Some((phone, device)), false) = (&self.device, matches!(self.drain, Drain::Held)) {
            self.world.greet(phone, *device);
        }
    }

    /// `<ib><offline_batch count="…"/></ib>`.
    pub(crate) async fn batch(&mut self, node: &Node) -> Result<(), WireFault> {
        let count = attr(node, "count").parse::<usize>().unwrap_or_default();
        if let Drain::Backlog { allowed, asked, .. } = &mut self.drain {
            *allowed = allowed.saturating_add(count);
            *asked = Instant::now();
        }
        self.deliver().await
    }

    /// When the rest of the backlog goes out unasked; never while there is none.
    pub(crate) fn impatient(&self) -> Option<Instant> {
        match &self.drain {
            Drain::Backlog { asked, .. } => Some(*asked + PATIENCE),
            _ => None,
        }
    }

    pub(crate) async fn deliver_rest(&mut self) -> Result<(), WireFault> {
        if let Drain::Backlog { allowed, .. } = &mut self.drain {
            *allowed = usize::MAX;
        }
        self.deliver().await
    }

    /// Sends what may be sent now.
    pub(crate) async fn deliver(&mut self) -> Result<(), WireFault> {
        loop {
            let next = self.mailbox(|mailbox| mailbox.after(self.delivered).cloned()).flatten();
            let (letter, offline) = match (&mut self.drain, next) {
                (Drain::Held, _) | (Drain::Live, None) => return Ok(()),
                (Drain::Live, Some(letter)) => (letter, false),
                (Drain::Backlog { until, allowed, sent, .. }, Some(letter)) if letter.seq <= *until => {
                    if *sent == *allowed {
                        return Ok(());
                    }
                    *sent += 1;
                    (letter, true)
                }
                (Drain::Backlog { sent, .. }, _) => {
                    let end = NodeBuilder::new("offline").attr("count", sent.to_string()).build();
                    self.drain = Drain::Live;
                    self.send(ib(end)).await?;
                    continue;
                }
            };
            let Letter { seq, mut node } = letter;
            self.delivered = seq;
            if offline {
                node.attrs.insert("offline", "1");
            }
            self.send(node).await?;
        }
    }

    /// The device has these stanzas and wants them no more.
    pub(crate) fn done_with(&self, class: Class, ids: &[String], kind: &str) {
        let Some((phone, device)) = &self.device else { return };
        if let Some(mailbox) = self.world.lock().durable.mail.get_mut(&device_key(phone, *device)) {
            mailbox.take(class, ids, kind, self.delivered);
        }
        self.world.changed();
    }

    fn mailbox<T>(&self, look: impl FnOnce(&Mailbox) -> T) -> Option<T> {
        let (phone, device) = self.device.as_ref()?;
        self.world.lock().durable.mail.get(&device_key(phone, *device)).map(look)
    }
}

fn ib(child: Node) -> Node {
    NodeBuilder::new("ib").attr("from", server()).children([child]).build()
}

/// How much waits, by kind; none when nothing does.
fn preview(mailbox: &Mailbox) -> Option<Node> {
    let total = mailbox.letters().count();
    let mut preview =
        NodeBuilder::new("offline_preview").attr("count", total.to_string()).attr("appdata", "0");
    for class in Class::ALL {
        preview = preview.attr(class.name(), mailbox.letters().filter(|l| l.is(class)).count().to_string());
    }
    (total > 0).then(|| preview.build())
}
