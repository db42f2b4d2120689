//! What a client that means ill might say.

use proptest::collection::vec;
use proptest::prelude::*;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::node::Node;

/// Bytes in pieces.
pub(crate) fn pieces() -> impl Strategy<Value = Vec<Vec<u8>>> {
    vec(vec(any::<u8>(), 0..600), 0..6)
}

/// Keys and parts as they might be, or none.
pub(crate) fn part() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop_oneof![
        Just(None),
        vec(any::<u8>(), 32).prop_map(Some),
        Just(Some(vec![0; 32])),
        vec(any::<u8>(), 48).prop_map(Some),
        vec(any::<u8>(), 0..400).prop_map(Some),
    ]
}

/// Stanzas with the names and values that the server looks for, in places where they make no sense.
#[expect(clippy::too_many_lines, reason = "a list of stanzas")]
pub(crate) fn stanza() -> impl Strategy<Value = Node> {
    let name = prop_oneof![
        proptest::sample::select(
            &[
                "iq",
                "message",
                "receipt",
                "ack",
                "ib",
                "presence",
                "notification",
                "call",
                "count",
                "key",
                "user",
                "registration",
                "type",
                "identity",
                "list",
                "skey",
                "id",
                "value",
                "signature",
                "digest",
                "rotate",
                "active",
                "passive",
                "ping",
                "sync",
                "collection",
                "patch",
                "usync",
                "query",
                "devices",
                "enc",
                "participants",
                "to",
                "device-identity",
                "pair-device-sign",
                "link_code_companion_reg",
                "remove-companion-device",
                "link_code_pairing_ref",
                "link_code_pairing_wrapped_key_bundle",
                "companion_identity_public",
                "link_code_pairing_wrapped_companion_ephemeral_pub",
                "offline_batch",
                "media_conn",
                "privacy",
                "tokens",
                "clean",
                "item",
                "error",
                "xmlstreamend",
                "stream:error",
                "success",
            ][..]
        )
        .prop_map(str::to_owned),
        "[a-z]{1,12}",
    ];
    let value = prop_oneof![
        proptest::sample::select(
            &[
                "get",
                "set",
                "result",
                "error",
                "encrypt",
                "md",
                "passive",
                "usync",
                "w:sync:app:state",
                "w:p",
                "w:m",
                "w:mex",
                "abt",
                "privacy",
                "message",
                "receipt",
                "notification",
                "0",
                "1",
                "-1",
                "100",
                "4294967296",
                "99999999999999999999",
                "",
                "pkmsg",
                "msg",
                "skmsg",
                "2",
                "retry",
                "read",
                "companion_hello",
                "companion_finish",
                "critical_block",
                "15551234567@s.whatsapp.net",
                "15551234567:1@s.whatsapp.net",
                "@s.whatsapp.net",
                "s.whatsapp.net",
                "@",
                ":@:",
                "1@lid",
                "status@broadcast",
                "123-456@g.us",
            ][..]
        )
        .prop_map(str::to_owned),
        "\\PC{0,20}",
    ];
    let key = proptest::sample::select(
        &[
            "id",
            "type",
            "xmlns",
            "from",
            "to",
            "jid",
            "class",
            "participant",
            "recipient",
            "t",
            "count",
            "value",
            "v",
            "name",
            "version",
            "stage",
            "key-index",
            "sid",
            "mode",
            "context",
            "index",
            "last",
            "reason",
            "offline",
        ][..],
    );
    let attributes = vec((key, value.clone()), 0..5);
    let leaf = (
        name.clone(),
        attributes.clone(),
        prop_oneof![
            Just(None),
            vec(any::<u8>(), 0..100).prop_map(Some),
            vec(any::<u8>(), 32).prop_map(Some),
            vec(any::<u8>(), 3).prop_map(Some),
        ],
    )
        .prop_map(|(name, attributes, bytes)| {
            let node = with(name, attributes);
            match bytes {
                Some(bytes) => node.bytes(bytes).build(),
                None => node.build(),
            }
        });
    leaf.prop_recursive(4, 24, 4, move |inner| {
        (name.clone(), attributes.clone(), vec(inner, 0..4))
            .prop_map(|(name, attributes, children)| with(name, attributes).children(children).build())
    })
}

fn with(name: String, attributes: Vec<(&'static str, String)>) -> NodeBuilder {
    let mut node = NodeBuilder::new_dynamic(name);
    for (key, value) in attributes {
        node = match value.parse::<wacore_binary::Jid>() {
            Ok(jid) if value.contains('@') => node.attr(key, jid),
            _ => node.attr(key, value),
        };
    }
    node
}
