//! What an account tells the service of itself, and asks it for (protocol page §5).

use tokio::io::{AsyncRead, AsyncWrite};
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;

use super::super::Peer;
use super::props;
use super::refusal::Refusal;
use crate::stanza::{self, attr, data, leaf, result};
use crate::wire::WireFault;

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    /// Every request that has no answer of its own elsewhere.
    pub(super) async fn common(&mut self, id: &str, kind: &str, node: &Node) -> Result<(), WireFault> {
        let namespace = attr(node, "xmlns");
        let child = node.children().and_then(|children| children.first());
        match self.answer((&namespace, kind), child) {
            Ok(Some(answer)) => self.send(result(id).children([answer]).build()).await,
            Ok(None) => self.send(result(id).build()).await,
            Err(Refusal { code, text, why }) => {
                if let Some(why) = why {
                    self.world.tell(self.id, "violation", format!("{kind} {namespace}: {why}"));
                }
                self.send(stanza::error(id, code, text)).await
            }
        }
    }

    fn answer(&self, (namespace, kind): (&str, &str), child: Option<&Node>) -> Result<Option<Node>, Refusal> {
        let tag = child.map(|child| child.tag.to_string()).unwrap_or_default();
        let Some((phone, device)) = self.device.clone() else {
            return Err(Refusal {
                code: 403,
                text: "forbidden",
                why: Some("nobody has logged in here".into()),
            });
        };
        let (now, mut state) = (self.world.unix(), self.world.lock());
        Ok(match (namespace, kind, tag.as_str(), child) {
            ("abt", "get", "props", Some(props)) => Some(props::experiments(props)?),
            ("w", "get", "props", Some(props)) => Some(props::properties(props)?),
            ("blocklist", "get", "", None) => Some(state.blocklist(&phone)),
            ("blocklist", "set", "item", Some(item)) => {
                state.block((&phone, device), item, now)?;
                Some(state.blocklist(&phone))
            }
            ("privacy", "get", "privacy", _) => Some(state.settings(&phone).shown_privacy()),
            ("privacy", "set", "privacy", Some(privacy)) => {
                state.settings(&phone).hide(privacy)?;
                Some(privacy.clone())
            }
            ("privacy", "set", "tokens", Some(tokens)) => {
                if tokens.children().is_none_or(<[Node]>::is_empty) {
                    return Err(Refusal::bad("no token"));
                }
                Some(leaf("tokens"))
            }
            ("status", "set", "status", Some(status))
            | ("disappearing_mode", "set", "disappearing_mode", Some(status)) => {
                state.settings(&phone).say(status)?;
                None
            }
            ("w:profile:picture", "get", "picture", _) => {
                return Err(Refusal { code: 404, text: "item-not-found", why: None });
            }
            ("w:profile:picture", "set", ..) => {
                Some(NodeBuilder::new("picture").attr("id", now.to_string()).build())
            }
            ("w:g2", "get", "participating", _) => Some(leaf("groups")),
            ("w:g2", ..) => return Err(Refusal { code: 404, text: "item-not-found", why: None }),
            ("w:mex", "get", "query", Some(query)) => {
                if attr(query, "query_id").is_empty() {
                    return Err(Refusal::bad("a query without a query_id"));
                }
                Some(data("result", br#"{"data":null}"#.to_vec()))
            }
            ("urn:xmpp:whatsapp:dirty", "set", "clean", Some(clean)) => {
                if attr(clean, "type").is_empty() {
                    return Err(Refusal::bad("it cleans no type"));
                }
                None
            }
            ("w:stats" | "tos" | "urn:xmpp:whatsapp:push", ..) => None,
            (
                "abt"
                | "w"
                | "blocklist"
                | "privacy"
                | "status"
                | "disappearing_mode"
                | "w:profile:picture"
                | "w:mex"
                | "urn:xmpp:whatsapp:dirty",
                ..,
            ) => {
                return Err(Refusal::bad(format!("<{tag}> is not asked for so")));
            }
            _ => {
                state.tell(self.id, "unknown_request", format!("{kind} {namespace} <{tag}>"));
                None
            }
        })
    }
}
