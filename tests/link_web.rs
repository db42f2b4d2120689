//! The whole domain over real parts: registry, store on disk, engine, sockets, the simulated WhatsApp.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "support/here.rs"]
mod here;

use std::time::Duration;

use here::{Here, LIMIT, PHONE, link, open, until};
use tetherd::instance::Shown;
use tetherd::model::{PhoneNumber, Reason, Visible};
use tetherd_sandbox::{Fault, Options, Sandbox};

#[tokio::test(flavor = "multi_thread")]
async fn links_stays_linked_and_notices_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let here = Here::start(folder.path(), &sandbox).await;
    let shop = here.create("shop").await;
    let jid = link(&shop, &sandbox, PHONE).await;
    assert_eq!(shop.snapshot().profile().unwrap().jid.as_ref().unwrap().user(), PHONE);
    here.stop().await;

    let here = Here::start(folder.path(), &sandbox).await;
    let shop = here.get("shop");
    open(&shop).await;
    assert!(
        sandbox.events().iter().any(|e| e.kind == "handshake" && e.text == "Ik"),
        "the server's key is remembered"
    );

    sandbox.unlink(&jid).await.unwrap();
    let gone = until(&shop, "closed", |s| s.visible == Visible::Close).await;
    assert_eq!((gone.reason, gone.status()), (Some(Reason::LoggedOut), Some(401)));
    link(&shop, &sandbox, PHONE).await;
    here.stop().await;
    let violations: Vec<_> = sandbox.events().into_iter().filter(|e| e.kind == "violation").collect();
    assert!(violations.is_empty(), "{violations:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_by_a_pairing_code_beside_the_qr() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let here = Here::start(folder.path(), &sandbox).await;
    let shop = here.create("shop").await;
    let number = PhoneNumber::parse(&format!("+{PHONE}")).unwrap();
    let Shown::Code(shown) = shop.connect(Some(number.clone()), LIMIT).await.unwrap() else {
        panic!("no code")
    };
    let text = shown.pairing.as_ref().expect("a pairing code").text.clone();
    let Shown::Code(again) = shop.connect(Some(number), LIMIT).await.unwrap() else { panic!("no code") };
    assert_eq!(again.pairing.as_ref().unwrap().text, text, "asking again gives the same code");
    assert!(sandbox.enter_code(PHONE, "11111111").await.is_err(), "another code is refused");
    sandbox.enter_code(PHONE, text.expose()).await.unwrap();
    open(&shop).await;
    here.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_here_removes_the_device_there() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let here = Here::start(folder.path(), &sandbox).await;
    let shop = here.create("shop").await;
    link(&shop, &sandbox, PHONE).await;
    shop.logout().await.unwrap();
    assert_eq!(shop.snapshot().visible, Visible::Close);
    assert!(sandbox.wait_for(0, LIMIT, |e| e.kind == "logged_out").await.is_some());
    here.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outdated_version_is_learnt_anew_and_tried_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    sandbox.set_version([2, 3000, 2_000_000_000]);
    let here = Here::start(folder.path(), &sandbox).await;
    let shop = here.create("shop").await;
    link(&shop, &sandbox, PHONE).await;
    sandbox.fault(Fault::Outdated { oldest: 1_999_999_999 }, None).await;
    shop.restart(Duration::ZERO).await.unwrap();
    until(&shop, "connecting", |s| s.visible == Visible::Connecting).await;
    open(&shop).await;
    here.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_changed_its_key_is_met_by_fallback() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let here = Here::start(folder.path(), &sandbox).await;
    let shop = here.create("shop").await;
    link(&shop, &sandbox, PHONE).await;
    sandbox.rotate_key();
    shop.restart(Duration::ZERO).await.unwrap();
    assert!(sandbox.wait_for(0, LIMIT, |e| e.kind == "handshake" && e.text == "Fallback").await.is_some());
    open(&shop).await;
    here.stop().await;
}
