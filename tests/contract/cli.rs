//! The command line as people use it, and starts that cannot be.

use std::path::Path;

use serde_json::Value;
use tetherd_sandbox::Sandbox;

use crate::support::stream::Stream;
use crate::support::{Daemon, LIMIT, command, run};
use crate::{PHONE, linked, started};

/// Runs a subcommand beside what the test does.
fn beside(folder: &Path, arguments: &[&str]) -> tokio::task::JoinHandle<(bool, String)> {
    let (folder, arguments) =
        (folder.to_owned(), arguments.iter().map(|&a| a.to_owned()).collect::<Vec<_>>());
    tokio::spawn(async move { run(&folder, &arguments.iter().map(String::as_str).collect::<Vec<_>>()).await })
}

/// The code that is shown as soon as there is one: readers see it before its event.
async fn code(daemon: &Daemon, events: &mut Stream, member: &str) -> String {
    let told = |event: &Value| event["data"]["qrcode"][member].as_str().map(str::to_owned);
    let told = events.event(member, told).await;
    let (status, shown) = daemon.ask("GET", "/instance/qrcode/shop?format=json", None).await;
    assert_eq!((status, shown[member].as_str()), (200, Some(&*told)), "{shown}");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn link_draws_the_code_and_ends_when_the_phone_has_scanned_it() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    let mut events = Stream::from_now(&daemon).await;
    let linking = beside(folder.path(), &["link", "shop"]);
    sandbox.scan(PHONE, &code(&daemon, &mut events, "code").await).await.unwrap();
    let (done, told) = linking.await.unwrap();
    assert!(done, "{told}");
    for part in ["made the instance shop; its token, shown this once: ", "█", "Good for ", "shop is linked."]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let (done, told) = run(folder.path(), &["link", "shop"]).await;
    assert!(done && told.contains("shop is linked."), "again: {told}");
    let (done, told) = run(folder.path(), &["status"]).await;
    assert!(done && told.contains("shop: open") && told.contains(PHONE), "{told}");
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn link_with_a_number_tells_the_pairing_code() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    let (done, told) = run(folder.path(), &["link", "shop", "--number", "12"]).await;
    assert!(!done && told.contains("--number has 2 digits"), "{told}");
    assert_eq!(
        daemon.ask("GET", "/instance/fetchInstances", None).await.1,
        serde_json::json!([]),
        "nothing is made"
    );
    let mut events = Stream::from_now(&daemon).await;
    let linking = beside(folder.path(), &["link", "shop", "--number", "+1 (555) 123-4567"]);
    let code = code(&daemon, &mut events, "pairingCode").await;
    sandbox.enter_code(PHONE, &code).await.unwrap();
    let (done, told) = linking.await.unwrap();
    assert!(done && told.contains(&code) && told.contains("shop is linked."), "{told}");
    let good: u64 =
        told.split("Good for ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).unwrap();
    assert!((150..=180).contains(&good), "{told}");
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn status_says_why_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    let (done, told) = run(folder.path(), &["status"]).await;
    assert!(done && told.contains("tetherd link NAME"), "{told}");
    daemon.create("shop").await;
    let (done, told) = run(folder.path(), &["status"]).await;
    assert!(done && told.contains("shop: close"), "{told}");
    daemon.terminate().await;
    let (done, told) = run(folder.path(), &["status"]).await;
    assert!(!done && told.contains("Is it running?"), "{told}");
}

/// A start that must not be; what it says.
async fn refused(folder: &Path, sandbox: &Sandbox) -> String {
    let start = command(folder, sandbox).output();
    let done = tokio::time::timeout(LIMIT, start).await.expect("in time").unwrap();
    let told = String::from_utf8(done.stderr).unwrap();
    assert!(!done.status.success(), "{told}");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_one_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    let told = refused(folder.path(), &sandbox).await;
    assert!(told.contains("another tetherd") || told.contains("already"), "{told}");
    assert_eq!(
        daemon.ask("GET", "/instance/fetchInstances", None).await.0,
        200,
        "the first one is not disturbed"
    );
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_newer_or_damaged_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, _) = linked(folder.path(), "shop").await;
    daemon.terminate().await;
    let database = folder.path().join("tetherd.db");
    let good = std::fs::read(&database).unwrap();
    let newer = rusqlite::Connection::open(&database).unwrap();
    newer.pragma_update(None, "user_version", 4000).unwrap();
    drop(newer);
    let before = std::fs::read(&database).unwrap();
    let told = refused(folder.path(), &sandbox).await;
    assert!(told.contains("newer"), "{told}");
    assert_eq!(std::fs::read(&database).unwrap(), before);
    for damaged in [b"this was a database once".to_vec(), good[..good.len() / 2].to_vec(), {
        let mut torn = good.clone();
        torn[4096..20_000].fill(0xa5);
        torn
    }] {
        std::fs::write(&database, &damaged).unwrap();
        let told = refused(folder.path(), &sandbox).await;
        assert!(told.contains("damaged") && told.contains("backup"), "{told}");
        assert_eq!(std::fs::read(&database).unwrap(), damaged, "never overwritten");
    }
    std::fs::write(&database, &good).unwrap();
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.until_of("shop", "open").await;
    daemon.terminate().await;
}

/// Flag over environment over file over default; unknown keys by file and line.
#[tokio::test(flavor = "multi_thread")]
async fn configuration_is_laid_over_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(tetherd_sandbox::Options::default()).await.unwrap();
    let file = folder.path().join("tetherd.toml");
    let data = folder.path().join("data");
    std::fs::write(
        &file,
        "listen = \"192.0.2.1:1\"\nlog = \"error\"\n[whatsapp]\ndevice_name = \"of the file\"\n",
    )
    .unwrap();
    let mut start = command(&data, &sandbox);
    start.env("TETHERD_CONFIG", &file).env("TETHERD_LISTEN", "192.0.2.2:2");
    // The flag of `command` wins over both, and what only the file has holds.
    let daemon = Daemon::of(start).await;
    assert!(daemon.url.starts_with("http://127.0.0.1:"), "{}", daemon.url);
    daemon.ask("GET", "/readyz", None).await;
    // The environment wins over the file.
    daemon.until_logged("DEBUG").await;
    daemon.terminate().await;
    std::fs::write(&file, "log = \"info\"\n[http]\nhosts = []\nhostz = []\n").unwrap();
    let mut start = command(&data, &sandbox);
    let done =
        tokio::time::timeout(LIMIT, start.env("TETHERD_CONFIG", &file).output()).await.unwrap().unwrap();
    let told = String::from_utf8(done.stderr).unwrap();
    assert!(!done.status.success() && told.contains("tetherd.toml:4") && told.contains("hostz"), "{told}");
}
