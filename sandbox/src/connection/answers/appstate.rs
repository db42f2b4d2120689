//! App state: what an account's devices know in common (protocol page §5).

use tokio::io::{AsyncRead, AsyncWrite};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;

use super::super::Peer;
use crate::appstate::{Collection, NAMES, Wrong};
use crate::stanza::{attr, bytes, data, result};
use crate::wire::WireFault;
use crate::world::State;

/// Patches in one answer; the client asks for more.
const AT_ONCE: usize = 100;

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub(super) async fn collections(&mut self, id: &str, sync: &Node) -> Result<(), WireFault> {
        let asked = sync.get_children_by_tag("collection").collect::<Vec<_>>();
        if asked.is_empty() {
            self.world.tell(self.id, "violation", "a sync of no collection");
        }
        let answers = asked.into_iter().map(|asked| self.collection(asked)).collect::<Vec<_>>();
        self.world.changed();
        let sync = NodeBuilder::new("sync").children(answers).build();
        self.send(result(id).children([sync]).build()).await
    }

    fn collection(&self, asked: &Node) -> Node {
        let (name, now) = (attr(asked, "name"), self.world.unix());
        let mut state = self.world.lock();
        let Some((phone, device)) = &self.device else { return refused(&name, 403, "forbidden") };
        let version = match attr(asked, "version") {
            none if none.is_empty() => Some(0),
            version => version.parse::<u64>().ok(),
        };
        let (Some(version), true) = (version, NAMES.contains(&name.as_str())) else {
            state.tell(
                self.id,
                "violation",
                format!("a collection {name:?} of version {:?}", attr(asked, "version")),
            );
            return refused(&name, 400, "bad-request");
        };
        let kept = match state.app_state(phone, now) {
            Ok(kept) => kept,
            Err(why) => {
                state.tell(self.id, "violation", why.0);
                return refused(&name, 404, "item-not-found");
            }
        };
        let Some(patch) = asked.get_optional_child("patch") else {
            let Some(answer) = newer(&name, kept.collection(&name), version) else {
                state.tell(self.id, "violation", format!("{name} has no version {version}"));
                return refused(&name, 400, "bad-request");
            };
            return answer.build();
        };
        match kept.take(&name, version, bytes(patch)) {
            Ok(changes) => {
                let reached = version + 1;
                for change in &changes {
                    state.note(phone, &name, change);
                }
                state.tell_collection(phone, Some(*device), (&name, reached), now);
                NodeBuilder::new("collection")
                    .attr("name", name)
                    .attr("version", reached.to_string())
                    .attr("type", "result")
                    .build()
            }
            Err(Wrong::Conflict) => conflict(&mut state, self.id, (phone, &name), version, now),
            Err(Wrong::Patch(why)) => {
                state.tell(self.id, "violation", format!("a patch of {name} on version {version}: {why}"));
                refused(&name, 400, "bad-request")
            }
        }
    }
}

/// Another device was first: what it did, and an error that says so.
fn conflict(state: &mut State, connection: u64, (phone, name): (&str, &str), version: u64, now: u64) -> Node {
    state.tell(connection, "conflict", format!("{phone}: {name}: a patch on version {version}"));
    let kept = state.app_state(phone, now).ok();
    let answer = kept.and_then(|kept| newer(name, kept.collection(name), version));
    let Some(answer) = answer else {
        state.tell(connection, "violation", format!("{name} has no version {version}"));
        return refused(name, 400, "bad-request");
    };
    let mut node = answer.attr("type", "error").build();
    let error = NodeBuilder::new("error").attr("code", "409").attr("text", "conflict").build();
    match &mut node.content {
        Some(wacore_binary::node::NodeContent::Nodes(children)) => children.insert(0, error),
        content => *content = Some(wacore_binary::node::NodeContent::Nodes(vec![error])),
    }
    node
}

/// The patches after this version. None when the version is not reached yet.
fn newer(name: &str, collection: Option<&Collection>, version: u64) -> Option<NodeBuilder> {
    let mut patches = match collection {
        Some(collection) => collection.since(version)?,
        None if version == 0 => Vec::new(),
        None => return None,
    };
    let more = patches.len() > AT_ONCE;
    patches.truncate(AT_ONCE);
    let reached = version + patches.len() as u64;
    let answer = NodeBuilder::new("collection")
        .attr("name", name.to_owned())
        .attr("version", reached.to_string())
        .attr("has_more_patches", if more { "true" } else { "false" });
    if patches.is_empty() {
        return Some(answer);
    }
    let patches = patches.into_iter().map(|patch| data("patch", patch)).collect::<Vec<_>>();
    Some(answer.children([NodeBuilder::new("patches").children(patches).build()]))
}

fn refused(name: &str, code: u16, text: &'static str) -> Node {
    let error = NodeBuilder::new("error").attr("code", code.to_string()).attr("text", text).build();
    NodeBuilder::new("collection")
        .attr("name", name.to_owned())
        .attr("type", "error")
        .children([error])
        .build()
}
