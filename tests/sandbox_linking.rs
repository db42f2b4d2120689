//! The sandbox as a client of the engine meets it when it is linked: by all shapes of a QR, by codes, and when it must not be.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "support/engine.rs"]
mod engine;

use std::time::Duration;

use engine::{Engine, FRIEND, Keys, ME, friend, sandbox, text, until, violations};
use tetherd_sandbox::phone::adv::AdvFault;
use tetherd_sandbox::{Fault, Happened, Planned, Refused, Sandbox};
use whatsapp_rust::wacore::pair_code::PairCodeOptions;
use whatsapp_rust::wacore::types::events::Event;

const LIMIT: Duration = Duration::from_secs(20);
const LINK: &str = "https://wa.me/settings/linked_devices#";

fn devices(sandbox: &Sandbox) -> usize {
    let accounts = sandbox.state()["accounts"].as_array().cloned().unwrap_or_default();
    accounts.iter().map(|account| account["devices"].as_array().map_or(0, Vec::len)).sum()
}

/// A client that shows its code.
async fn shown(sandbox: &Sandbox) -> (Engine, String) {
    let mut engine = Engine::start(sandbox, &Keys::default()).await;
    let qr = engine.qr().await;
    (engine, qr)
}

/// A client that asks for a code to link it to [`ME`].
async fn coded(sandbox: &Sandbox) -> (Engine, String) {
    let (engine, _) = shown(sandbox).await;
    let code = ask(&engine).await.unwrap();
    (engine, code)
}

async fn ask(engine: &Engine) -> Result<String, String> {
    let options = PairCodeOptions { phone_number: ME.to_owned(), ..PairCodeOptions::default() };
    engine.client.pair_with_code(options).await.map_err(|error| error.to_string())
}

/// Another code of the right form.
fn mistyped(code: &str) -> String {
    let first = if code.starts_with('A') { 'B' } else { 'A' };
    format!("{first}{}", &code[1..])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_shape_of_the_qr_links_a_further_device_and_they_hear_of_each_other() {
    let sandbox = sandbox().await;
    let mut engines = Vec::new();
    for shape in 0..4 {
        let (mut engine, qr) = shown(&sandbox).await;
        let bare = qr.strip_prefix(LINK).unwrap_or(&qr);
        let (four, _) = bare.rsplit_once(',').expect("the engine shows five fields");
        let text = match shape {
            0 => bare.to_owned(),
            1 => four.to_owned(),
            2 => format!("{LINK}{bare}"),
            _ => format!("{LINK}{four}"),
        };
        let jid = sandbox.scan(ME, &text).await.unwrap();
        assert_eq!(jid, format!("{ME}:{}@s.whatsapp.net", shape + 1));
        engine.connected().await;
        engines.push(engine);
    }
    // Each new device is told to those before it, and they take note.
    for wanted in ["account_sync", "<ack"] {
        let mut seen = 0;
        for _ in 0..1 + 2 + 3 {
            let told = |event: &Happened| {
                event.text.contains(wanted)
                    && event.text.contains("notification")
                    && !event.text.contains("<iq")
            };
            seen =
                sandbox.wait_for(seen, LIMIT, told).await.unwrap_or_else(|| panic!("more of {wanted}")).seq;
        }
    }

    let mut third = engines.remove(2);
    sandbox.send_text(FRIEND, ME, "hello, all of you").unwrap();
    assert_eq!(text(&third.messages(1).await[0]), "hello, all of you");
    engines[0].client.send_text(friend(), "from the first").await.unwrap();
    let own = third.messages(1).await.remove(0);
    assert_eq!((text(&own).as_str(), own.info.source.is_from_me), ("from the first", true));

    let before = sandbox.events().last().unwrap().seq;
    sandbox.unlink(&format!("{ME}:4@s.whatsapp.net")).await.unwrap();
    let mut seen = before;
    for _ in 0..3 {
        let told = |event: &Happened| event.kind == "out" && event.text.contains("account_sync");
        let event = sandbox.wait_for(seen, LIMIT, told).await.expect("the others hear that one is gone");
        assert!(!event.text.contains(&format!("{ME}:4@")), "{}", event.text);
        seen = event.seq;
    }
    for engine in engines {
        engine.stop().await;
    }
    third.stop().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ref_is_scanned_in_its_own_time_only_and_after_the_last_the_service_ends_the_connection() {
    let sandbox = sandbox().await;
    let (engine, qr) = shown(&sandbox).await;
    sandbox.advance_clock(62);
    let Err(Refused(why)) = sandbox.scan(ME, &qr).await else { panic!("the first ref is over") };
    assert!(why.contains("expired"), "{why}");
    sandbox.advance_clock(60);
    assert!(sandbox.events().iter().all(|event| event.kind != "refs_over"), "160 s are not over");
    sandbox.advance_clock(40);
    until(&sandbox, "refs_over", "").await;
    until(&sandbox, "out", "<xmlstreamend/>").await;
    until(&sandbox, "closed", "server").await;
    let Err(Refused(why)) = sandbox.scan(ME, &qr).await else { panic!("the connection is over") };
    assert!(why.contains("no open connection"), "{why}");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_mistyped_can_be_typed_again() {
    let sandbox = sandbox().await;
    let (mut engine, code) = coded(&sandbox).await;
    let Err(Refused(why)) = sandbox.enter_code(ME, "12").await else { panic!("no code at all") };
    assert!(why.contains("eight characters"), "{why}");
    for _ in 0..2 {
        let Err(Refused(why)) = sandbox.enter_code(ME, &mistyped(&code)).await else {
            panic!("another code")
        };
        assert_eq!(why, "the code is not the one that the device shows");
    }
    let jid = sandbox.enter_code(ME, &format!("{}-{}", &code[..4], code[4..].to_lowercase())).await.unwrap();
    engine.connected().await;
    assert_eq!(jid, format!("{ME}:1@s.whatsapp.net"));
    engine.stop().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_dead_after_three_tries_and_after_three_minutes() {
    let sandbox = sandbox().await;
    let (engine, code) = coded(&sandbox).await;
    for _ in 0..3 {
        sandbox.enter_code(ME, &mistyped(&code)).await.unwrap_err();
    }
    let Err(Refused(why)) = sandbox.enter_code(ME, &code).await else { panic!("a fourth try") };
    assert!(why.contains("3 times"), "{why}");
    engine.stop().await;

    let (engine, code) = coded(&sandbox).await;
    sandbox.advance_clock(163);
    assert!(sandbox.events().iter().all(|event| event.kind != "refs_over"), "the code outlives the refs");
    sandbox.advance_clock(20);
    until(&sandbox, "refs_over", "").await;
    sandbox.enter_code(ME, &code).await.unwrap_err();
    assert_eq!(devices(&sandbox), 0);
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_refused_on_request_and_when_they_are_too_many() {
    let sandbox = sandbox().await;
    let (engine, _) = shown(&sandbox).await;
    for (code, text) in [
        (400, "bad-request"),
        (403, "forbidden"),
        (429, "rate-overlimit"),
        (452, "feature-not-available"),
        (500, "internal-server-error"),
    ] {
        let refusal = Planned::from(Fault::RefuseCode { code }).of(format!("{ME}@s.whatsapp.net")).times(1);
        sandbox.plan(refusal).await.unwrap();
        let refused = ask(&engine).await.unwrap_err();
        assert!(refused.contains(&code.to_string()), "{code}: {refused}");
        until(&sandbox, "code_refused", &format!("{code} {text}")).await;
    }
    sandbox.plan(Fault::RefuseCode { code: 404 }).await.unwrap_err();
    for _ in 0..10 {
        ask(&engine).await.unwrap();
        engine.client.cancel_pair_code().await;
    }
    let refused = ask(&engine).await.unwrap_err();
    assert!(refused.contains("429"), "{refused}");
    engine.stop().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_refuses_what_the_phone_did_not_sign() {
    let sandbox = sandbox().await;
    for (what, text) in [
        (AdvFault::Hmac, "hmac-mismatch"),
        (AdvFault::AccountSignature, "signature-mismatch"),
        (AdvFault::Undecodable, "internal-error"),
    ] {
        sandbox.plan(Planned::from(Fault::BadSignature { what }).times(1)).await.unwrap();
        let (mut engine, qr) = shown(&sandbox).await;
        let Err(Refused(why)) = sandbox.scan(ME, &qr).await else { panic!("{what:?} went unnoticed") };
        assert!(why.contains(text), "{why}");
        engine.event("the failure", |event| matches!(event, Event::PairError(_)).then_some(())).await;
        engine.stop().await;
        assert_eq!(devices(&sandbox), 0, "it is not linked");
    }
    let (engine, _, jid) = Engine::linked(&sandbox, ME).await;
    assert_eq!(jid, format!("{ME}:4@s.whatsapp.net"), "numbers of devices are not given again");
    engine.stop().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refresh_only_the_new_code_links() {
    let sandbox = sandbox().await;
    let (mut stale, old) = shown(&sandbox).await;
    assert_eq!(sandbox.refresh_registration(None).await, 1);
    let new = stale.qr().await;
    let fields = |qr: &str| qr.split(',').map(str::to_owned).collect::<Vec<_>>();
    let (before, after) = (fields(&old), fields(&new));
    assert_eq!(before[..3], after[..3], "the same ref and keys");
    assert_ne!(before[3], after[3], "another secret");
    let Err(Refused(why)) = sandbox.scan(ME, &old).await else { panic!("the old secret is retired") };
    assert!(why.contains("hmac-mismatch"), "{why}");
    stale.stop().await;

    let (mut engine, _) = shown(&sandbox).await;
    sandbox.refresh_registration(None).await;
    let new = engine.qr().await;
    sandbox.scan(ME, &new).await.unwrap();
    engine.connected().await;
    assert_eq!(sandbox.refresh_registration(None).await, 0, "none waits any more: {}", sandbox.state());
    engine.stop().await;
}
