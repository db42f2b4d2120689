//! What a client asks the service for, and what it gets when it asks wrongly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "support/engine.rs"]
mod engine;

use engine::{Engine, FRIEND, Keys, ME, friend, linked, until, violations};
use tetherd_sandbox::{Options, Sandbox};
use whatsapp_rust::wacore::request::{InfoQuery, InfoQueryType};
use whatsapp_rust::wacore_binary::{Node, NodeContent};
use whatsapp_rust::{Jid, NodeBuilder, Server};

/// The answer to a request as it is written, or the error.
async fn ask(
    engine: &Engine,
    kind: InfoQueryType,
    namespace: &'static str,
    child: Node,
) -> Result<Node, String> {
    let query = InfoQuery {
        namespace,
        query_type: kind,
        to: Jid::new("", Server::Pn),
        target: None,
        id: None,
        content: Some(NodeContent::Nodes(vec![child])),
        timeout: None,
    };
    engine
        .client
        .send_iq(query)
        .await
        .map(|answer| answer.get().to_owned())
        .map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_blocked_is_not_heard_of_until_he_is_unblocked() {
    let (sandbox, mut engine) = linked().await;
    let contact = engine.client.contacts().is_on_whatsapp(&[friend()]).await.unwrap();
    assert!(contact[0].is_registered);
    engine.client.blocking().block(&friend()).await.unwrap();
    let list = engine.client.blocking().get_blocklist().await.unwrap();
    assert_eq!(list.len(), 1);
    let unheard = sandbox.send_text(FRIEND, ME, "unheard").unwrap();
    until(&sandbox, "blocked", &unheard).await;
    engine.client.blocking().unblock(&friend()).await.unwrap();
    let heard = sandbox.send_text(FRIEND, ME, "heard").unwrap();
    assert_eq!(engine.messages(1).await[0].info.id, heard);
    engine.stop().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_rightly_is_answered_and_what_is_not_is_a_violation() {
    let (sandbox, engine) = linked().await;
    let node = |tag: &'static str, attributes: &[(&'static str, &'static str)]| {
        let mut node = NodeBuilder::new(tag);
        for (name, value) in attributes {
            node = node.attr(name, *value);
        }
        node.build()
    };
    let (get, set) = (|| InfoQueryType::Get, || InfoQueryType::Set);
    let hidden = NodeBuilder::new("privacy")
        .children([node("category", &[("name", "last"), ("value", "none")])])
        .build();
    ask(&engine, set(), "privacy", hidden).await.unwrap();
    let shown = ask(&engine, get(), "privacy", node("privacy", &[])).await.unwrap();
    let categories = shown.get_optional_child("privacy").unwrap().children().unwrap().to_vec();
    let last = categories.iter().find(|c| c.attrs.get("name").is_some_and(|n| n == "last")).unwrap();
    assert!(last.attrs.get("value").is_some_and(|value| value == "none") && categories.len() == 8);
    let props =
        ask(&engine, get(), "abt", node("props", &[("protocol", "1"), ("hash", "sandbox")])).await.unwrap();
    assert!(props.get_optional_child("props").unwrap().attrs.get("delta_update").is_some());
    assert!(
        ask(&engine, get(), "w:profile:picture", node("picture", &[])).await.unwrap_err().contains("404")
    );
    ask(&engine, get(), "w:g2", node("participating", &[])).await.unwrap();
    ask(&engine, set(), "w:stats", node("add", &[])).await.unwrap();
    ask(&engine, get(), "never:heard:of", node("thing", &[])).await.unwrap();
    until(&sandbox, "unknown_request", "get never:heard:of <thing>").await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());

    let wrong = [
        (get(), "abt", node("props", &[("protocol", "2")]), "protocol"),
        (get(), "w", node("props", &[("protocol", "1")]), "protocol"),
        (set(), "privacy", node("privacy", &[]), "without a category"),
        (set(), "blocklist", node("item", &[("action", "block")]), "nobody"),
        (get(), "blocklist", node("list", &[]), "not asked for so"),
        (set(), "disappearing_mode", node("disappearing_mode", &[("duration", "soon")]), "soon"),
        (get(), "w:mex", node("query", &[]), "query_id"),
        (get(), "usync", node("usync", &[("sid", "1"), ("mode", "query")]), "no context"),
        (set(), "encrypt", node("registration", &[]), "another type than 5"),
        (get(), "md", node("ref", &[]), "links nothing"),
    ];
    for (kind, namespace, child, why) in wrong {
        let before = violations(&sandbox).len();
        let error = ask(&engine, kind, namespace, child).await.unwrap_err();
        assert!(error.contains("40"), "{namespace}: {error}");
        let said = violations(&sandbox);
        assert!(said.len() == before + 1 && said[before].contains(why), "{namespace}: {said:?}");
    }
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_not_logged_in_is_told_nothing_of_accounts() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let mut engine = Engine::start(&sandbox, &Keys::default()).await;
    engine.qr().await;
    let privacy = NodeBuilder::new("privacy").build();
    let error = ask(&engine, InfoQueryType::Get, "privacy", privacy).await.unwrap_err();
    assert!(error.contains("403"), "{error}");
    assert_eq!(violations(&sandbox), ["get privacy: nobody has logged in here"]);
    // One more ref is what it may ask for.
    let more = ask(&engine, InfoQueryType::Get, "md", NodeBuilder::new("ref").build()).await.unwrap();
    assert!(more.get_optional_child("ref").is_some_and(|fresh| fresh.content.is_some()));
    engine.stop().await;
}
