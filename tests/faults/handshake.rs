//! The Noise handshake.

use tetherd::model::Reason;
use tetherd_sandbox::{Fault, NoiseTampering, Planned};

use crate::here::PHONE;
use crate::scene::Scene;

/// tests/whatsmeow meets the same and checks signatures, too, which a demo build does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_no_chain_is_refused() {
    let scene = Scene::linked().await;
    for what in [
        NoiseTampering::IssuerSerial,
        NoiseTampering::NoIntermediate,
        NoiseTampering::LeafIssuerSerial,
        NoiseTampering::LeafKey,
    ] {
        // A client that knows the server's key looks at no chain.
        scene.sandbox.rotate_key();
        let said = scene.meets(Fault::NoiseCertificate { what }, Reason::ServerError).await;
        assert!(said.contains("what answered is not WhatsApp"), "{what:?}: {said}");
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_chain_is_not_remembered() {
    let scene = Scene::linked().await;
    for what in [NoiseTampering::Expired, NoiseTampering::NotYetValid] {
        // The engine remembers a chain only from a handshake with XX.
        scene.sandbox.rotate_key();
        scene.sandbox.plan(Planned::from(Fault::NoiseCertificate { what }).times(1)).await.unwrap();
        let met = reconnected(&scene).await;
        assert_eq!(met, "Fallback", "{what:?}");
        assert_eq!(reconnected(&scene).await, "Xx", "{what:?}");
        assert_eq!(reconnected(&scene).await, "Ik", "{what:?}");
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hello_that_is_none_ends_it() {
    let scene = Scene::linked().await;
    let said = scene.meets(Fault::BadHello, Reason::ServerError).await;
    assert!(said.contains("The encrypted session could not be made"), "{said}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_declines_is_met_by_fallback() {
    let scene = Scene::linked().await;
    assert_eq!(reconnected(&scene).await, "Ik");
    scene.sandbox.plan(Planned::from(Fault::DeclineIk).times(1)).await.unwrap();
    assert_eq!(reconnected(&scene).await, "Fallback");
    assert_eq!(scene.violations(), Vec::<String>::new());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn routing_information_comes_back_before_the_handshake() {
    let scene = Scene::linked().await;
    let since = scene.mark();
    reconnected(&scene).await;
    let back = scene.happened(since, |event| event.kind == "routing").await;
    assert_eq!(hex::decode(back.text).unwrap(), format!("sandbox/{PHONE}:1").into_bytes());
    scene.end().await;
}

/// The pattern of the next handshake.
async fn reconnected(scene: &Scene) -> String {
    let since = scene.mark();
    scene.suffers(Fault::End, Reason::Disconnected).await;
    scene.happened(since, |event| event.kind == "handshake").await.text
}
