//! Clients that mean ill, through real sockets: no panic, and nobody else notices.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod client;
#[path = "hostile/thoughts.rs"]
mod thoughts;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use client::{HEADER, LIMIT, Session, Socket, framed, log_in, registration, rest, tcp};
use proptest::collection::vec;
use proptest::prelude::*;
use tetherd_sandbox::{Happened, Options, Sandbox};
use thoughts::{part, pieces, stanza};
use tokio::io::AsyncWriteExt as _;
use wacore_binary::builder::NodeBuilder;
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp::HandshakeMessage;
use waproto::whatsapp::handshake_message::{ClientFinish, ClientHello};

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// A panic of a task would only end its connection; here it ends the test.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.fetch_add(1, Ordering::SeqCst);
            usual(info);
        }));
    });
}

/// A sandbox with a client that behaves.
struct Scene {
    runtime: tokio::runtime::Runtime,
    sandbox: Arc<Sandbox>,
}

impl Scene {
    fn new() -> Self {
        count_panics();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let sandbox = Arc::new(runtime.block_on(Sandbox::start(Options::default())).unwrap());
        Self { runtime, sandbox }
    }

    /// What the hostile client does; then another one gets its codes as ever.
    fn attack<F: Future<Output = ()>>(
        &self,
        attack: impl FnOnce(Arc<Sandbox>) -> F,
    ) -> Result<(), TestCaseError> {
        self.runtime.block_on(async {
            attack(Arc::clone(&self.sandbox)).await;
            let mut good = Session::start(&self.sandbox.ws_url(), &registration().encode_to_vec()).await;
            let codes = good.stanza().await.expect("codes");
            prop_assert!(codes.get_optional_child("pair-device").is_some(), "{:?}", codes);
            Ok(())
        })?;
        prop_assert_eq!(PANICS.load(Ordering::SeqCst), 0, "it panicked");
        Ok(())
    }
}

fn few() -> ProptestConfig {
    ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn bytes_instead_of_http() {
    let scene = Scene::new();
    proptest!(few(), |(pieces in pieces(), end in any::<bool>())| {
        scene.attack(|sandbox| async move {
            let mut stream = tcp(&sandbox.ws_url()).await;
            for piece in pieces {
                if stream.write_all(&piece).await.is_err() {
                    return;
                }
            }
            if end {
                let _ = stream.shutdown().await;
                rest(&mut stream).await.expect("the server closes, too");
            }
        })?;
    });
}

#[test]
fn bytes_instead_of_frames() {
    let scene = Scene::new();
    proptest!(few(), |(pieces in pieces(), header in any::<bool>(), below in any::<bool>())| {
        scene.attack(|sandbox| async move {
            let mut socket = Socket::open(&sandbox.ws_url()).await;
            if header {
                socket.send(HEADER).await;
            }
            for piece in pieces {
                let goes = if below { socket.send_raw(&piece).await } else { socket.send(piece).await };
                if !goes {
                    return;
                }
            }
        })?;
    });
}

#[test]
fn a_handshake_of_wrong_parts() {
    let scene = Scene::new();
    let routing = prop_oneof![Just(None), vec(any::<u8>(), 0..300).prop_map(Some)];
    proptest!(few(), |(routing in routing, hello in [part(), part(), part()], finish in [part(), part()])| {
        scene.attack(|sandbox| async move {
            let mut socket = Socket::open(&sandbox.ws_url()).await;
            let mut opening = Vec::new();
            if let Some(routing) = routing {
                opening.extend_from_slice(b"ED\x00\x01");
                opening.extend_from_slice(&framed(&routing));
            }
            let [ephemeral, r#static, payload] = hello;
            let hello = ClientHello { ephemeral, r#static, payload, ..Default::default() };
            let hello = HandshakeMessage { client_hello: MessageField::some(hello), ..Default::default() };
            opening.extend_from_slice(HEADER);
            opening.extend_from_slice(&framed(&hello.encode_to_vec()));
            let [r#static, payload] = finish;
            let finish = ClientFinish { r#static, payload, ..Default::default() };
            let finish = HandshakeMessage { client_finish: MessageField::some(finish), ..Default::default() };
            if socket.send(opening).await && socket.send(framed(&finish.encode_to_vec())).await {
                assert!(socket.closed().await, "a handshake that cannot be is ended");
            }
        })?;
    });
}

#[test]
fn a_client_that_is_nobody() {
    let scene = Scene::new();
    let payload = prop_oneof![
        vec(any::<u8>(), 0..300),
        (any::<u64>(), any::<u32>()).prop_map(|(phone, device)| log_in(phone, device).encode_to_vec()),
        [part(), part(), part(), part(), part()].prop_map(|[identity, value, signature, id, registered]| {
            let mut payload = registration();
            let data = payload.device_pairing_data.as_option_mut().unwrap();
            data.e_ident = identity;
            data.e_skey_val = value;
            data.e_skey_sig = signature;
            data.e_skey_id = id;
            data.e_regid = registered;
            payload.encode_to_vec()
        }),
    ];
    proptest!(few(), |(payload in payload)| {
        scene.attack(|sandbox| async move {
            let mut session = Session::start(&sandbox.ws_url(), &payload).await;
            while let Some(answer) = session.stanza().await {
                assert!(["failure", "xmlstreamend"].contains(&&*answer.tag), "{answer:?}");
            }
        })?;
    });
}

#[test]
fn sealed_bytes_that_are_no_stanza() {
    let scene = Scene::new();
    let plain = prop_oneof![
        vec(any::<u8>(), 0..300),
        // A flag byte, a list, and whatever.
        (proptest::sample::select(&[0_u8, 2][..]), 0_u8..=255, vec(any::<u8>(), 0..60))
            .prop_map(|(flag, size, rest)| [&[flag, 248, size], rest.as_slice()].concat()),
        // Lists in lists in lists.
        (1_usize..60_000).prop_map(|depth| [&[0_u8][..], &[248, 2, 20].repeat(depth)].concat()),
    ];
    proptest!(few(), |(plains in vec(plain, 1..4))| {
        scene.attack(|sandbox| async move {
            let mut session = Session::start(&sandbox.ws_url(), &registration().encode_to_vec()).await;
            session.stanza().await.expect("codes");
            for plain in plains {
                if !session.send(&plain).await {
                    return;
                }
            }
        })?;
    });
}

#[test]
fn stanzas_that_nobody_sends() {
    let scene = Scene::new();
    proptest!(few(), |(stanzas in vec(stanza(), 1..12))| {
        scene.attack(|sandbox| async move {
            let mut session = Session::start(&sandbox.ws_url(), &registration().encode_to_vec()).await;
            session.stanza().await.expect("codes");
            for stanza in stanzas {
                if !session.send_node(&stanza).await {
                    return;
                }
            }
        })?;
    });
}

fn violation(sandbox: &Sandbox, text: &str) -> impl Future<Output = Option<Happened>> {
    sandbox.wait_for(0, LIMIT, move |event| event.kind == "violation" && event.text.contains(text))
}

/// Until it is done, time runs faster.
async fn hurried(work: impl Future<Output = ()>) {
    tokio::time::pause();
    let hurry = async {
        loop {
            // While a thread is busy, tokio's clock stands.
            tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(1))).await.unwrap();
            tokio::time::advance(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = work => {}
        () = hurry => unreachable!("it hurries for ever"),
    }
    tokio::time::resume();
}

#[tokio::test]
async fn who_is_not_known_may_not_say_much() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    // A frame of 16 MB, which is never read to its end.
    let mut socket = Socket::open(&sandbox.ws_url()).await;
    socket.send(HEADER).await;
    socket.send([0xff, 0xff, 0xff]).await;
    while socket.send(vec![0; 16 * 1024]).await {}
    let said = violation(&sandbox, "more came").await.expect("it is told");
    assert!(said.text.contains("who is not known yet"), "{}", said.text);
    // An endless head.
    let mut stream = tcp(&sandbox.ws_url()).await;
    while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
}

#[tokio::test]
async fn who_dawdles_is_sent_away() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let dawdle = async {
        // A byte of the upgrade a second.
        let mut stream = tcp(&sandbox.ws_url()).await;
        for byte in b"GET /ws/chat HTTP/1.1\r\nHost: localhost\r\n" {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
    };
    let many = Duration::from_mins(10);
    hurried(async {
        dawdle.await;
        let told = sandbox.wait_for(0, many, |event| event.text.contains("the upgrade took too long"));
        told.await.expect("the upgrade is bounded");
        // A byte of the handshake every now and then.
        let mut socket = Socket::open(&sandbox.ws_url()).await;
        socket.send(HEADER).await;
        while socket.send([0xff]).await {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        let told = sandbox.wait_for(0, many, |event| event.text.contains("silent for too long"));
        told.await.expect("the handshake is bounded");
        // A frame of a session that does not end.
        let mut session = Session::start(&sandbox.ws_url(), &registration().encode_to_vec()).await;
        session.stanza().await.expect("codes");
        session.socket.send([0, 0xff, 0xff]).await;
        while session.socket.send([0]).await {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        let told = sandbox.wait_for(0, many, |event| event.text.contains("a frame was not whole"));
        told.await.expect("a frame is bounded");
    })
    .await;
}

#[tokio::test]
async fn a_stanza_out_of_shape_is_told() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let mut session = Session::start(&sandbox.ws_url(), &registration().encode_to_vec()).await;
    session.stanza().await.expect("codes");
    session.send_node(&NodeBuilder::new("success").build()).await;
    violation(&sandbox, "no client sends a <success>").await.expect("it is told");
    session.send_node(&NodeBuilder::new("iq").attr("type", "get").attr("id", "7").build()).await;
    let told = violation(&sandbox, "<iq id=\"7\"> has no to").await.expect("it is told");
    let state = sandbox.state();
    let connection = state["connections"].as_array().unwrap().iter().find(|c| c["id"] == told.connection);
    let violations = connection.unwrap()["violations"].as_array().unwrap();
    // Who has not logged in may also not ask, whatever its stanza lacks.
    assert_eq!(violations[..2], ["no client sends a <success>", "<iq id=\"7\"> has no to"], "{state}");
}

#[tokio::test]
async fn keys_that_are_not_the_devices_are_refused() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let mut payload = registration();
    if let Some(signature) = &mut payload.device_pairing_data.as_option_mut().unwrap().e_skey_sig {
        signature[5] ^= 1;
    }
    let mut session = Session::start(&sandbox.ws_url(), &payload.encode_to_vec()).await;
    assert_eq!(session.stanza().await.unwrap().tag, "failure");
    violation(&sandbox, "signature does not verify").await.expect("it is told");

    let mut session = Session::start(&sandbox.ws_url(), &log_in(15_551_234_567, 1).encode_to_vec()).await;
    let answer = session.stanza().await.unwrap();
    let reason = answer.attrs.get("reason").map(|reason| reason.as_str().into_owned());
    assert_eq!((&*answer.tag, reason.as_deref()), ("failure", Some("401")));

    let mut session = Session::start(&sandbox.ws_url(), &registration().encode_to_vec()).await;
    session.stanza().await.expect("codes");
    session.socket.send(framed(&[7; 64])).await;
    violation(&sandbox, "does not decrypt").await.expect("it is told");
    assert!(session.socket.closed().await, "and ended");
}
