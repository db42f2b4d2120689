//! Stanzas that are wrong.

use std::collections::BTreeMap;

use tetherd::model::Reason;
use tetherd_sandbox::{Alteration, At, Content, Direction, Fault, Planned, Stanza};

use crate::here::PHONE;
use crate::scene::{FRIEND, Scene};

const ALL: [Alteration; 7] = [
    Alteration::NoId,
    Alteration::OtherId,
    Alteration::SameId,
    Alteration::Tag,
    Alteration::NoContent,
    Alteration::NoAttributes,
    Alteration::From,
];

fn altered(what: Alteration, tag: &str) -> Planned {
    let at = At { direction: Some(Direction::Out), tag: Some(tag.into()), ..At::default() };
    Planned::from(Fault::Alter { what }).at(at)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_after_the_log_in_keeps_nobody_out() {
    let scene = Scene::linked().await;
    for tag in ["iq", "ib"] {
        for what in ALL {
            scene.sandbox.plan(altered(what, tag)).await.unwrap();
            scene.suffers(Fault::End, Reason::Disconnected).await;
            scene.hears(&format!("after {tag} {what:?}")).await;
            scene.sandbox.clear_faults();
        }
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_message_stops_none_that_follow() {
    let scene = Scene::linked().await;
    for what in ALL {
        scene.sandbox.plan(altered(what, "message")).await.unwrap();
        let since = scene.mark();
        scene.sandbox.send_text(FRIEND, PHONE, "wrong").unwrap();
        scene.happened(since, |event| event.kind == "fault").await;
        scene.hears(&format!("after {what:?}")).await;
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_could_not_be_taken_comes_again() {
    let scene = Scene::linked().await;
    for what in [Alteration::NoId, Alteration::Tag] {
        scene.sandbox.plan(altered(what, "message")).await.unwrap();
        let (since, now) = (scene.mark(), scene.here.now());
        scene.sandbox.send_text(FRIEND, PHONE, &format!("{what:?}")).unwrap();
        scene.happened(since, |event| event.kind == "fault").await;
        scene.suffers(Fault::Drop, Reason::Disconnected).await;
        scene.heard(now, &format!("{what:?}")).await;
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_knows_is_acknowledged_or_passed_over() {
    let scene = Scene::linked().await;
    let injected = |tag: &str, attributes: &[(&str, &str)], content| {
        let attrs = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Fault::Inject {
            stanza: Stanza { tag: tag.into(), attrs: attrs.collect::<BTreeMap<_, _>>(), content },
        }
    };
    let since = scene.mark();
    let attributes = [("id", "injected-1"), ("from", "s.whatsapp.net"), ("type", "nobody-knows"), ("t", "1")];
    scene.sandbox.fault(injected("notification", &attributes, Content::None), None).await;
    scene
        .happened(since, |event| {
            event.kind == "in" && event.text.starts_with("<ack") && event.text.contains("injected-1")
        })
        .await;
    for stanza in [
        injected("nonsense", &[], Content::Text("of no use".into())),
        injected(
            "iq",
            &[("type", "result"), ("id", "nobody-asked"), ("from", "s.whatsapp.net")],
            Content::None,
        ),
        injected("message", &[], Content::Bytes { hex: vec![0; 32] }),
        injected("receipt", &[("id", "x")], Content::None),
        injected("ib", &[("from", "s.whatsapp.net")], Content::Children(vec![])),
        injected("success", &[], Content::None),
    ] {
        scene.sandbox.fault(stanza, None).await;
    }
    scene.hears("after all of that").await;
    scene.end().await;
}
