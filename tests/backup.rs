//! Backup, restore and check as an owner uses them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::path::Path;

use tetherd_sandbox::{Options, Sandbox};
use tokio::process::Command;

use support::{Daemon, LIMIT, run};

const PHONE: &str = "15551234567";

/// A daemon with one linked instance.
async fn linked(folder: &Path, sandbox: &Sandbox) -> Daemon {
    let daemon = Daemon::start(folder, sandbox).await;
    daemon.create("shop").await;
    daemon.link(sandbox, "shop", PHONE).await;
    daemon
}

fn wipe(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        std::fs::remove_file(entry.path()).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn backup_wipe_restore_and_open_without_a_scan() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let (home, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (folder, words) = (home.path(), elsewhere.path().join("words"));
    std::fs::write(&words, "correct horse battery staple\n").unwrap();
    let words = words.to_str().unwrap();
    let plain = elsewhere.path().join("plain.backup");
    let sealed = elsewhere.path().join("sealed.backup");
    let (plain, sealed) = (plain.to_str().unwrap(), sealed.to_str().unwrap());
    let daemon = linked(folder, &sandbox).await;

    let (made, said) = run(folder, &["backup", plain]).await;
    assert!(made && said.contains("1 instance,") && said.contains("sealing.key"), "{said}");
    let (made, said) = run(folder, &["backup", sealed, "--passphrase-file", words]).await;
    assert!(made && said.contains("opens on any box"), "{said}");
    let (made, why) = run(folder, &["backup", sealed]).await;
    assert!(!made && why.contains("exists already"), "{why}");
    let (done, why) = run(folder, &["restore", sealed]).await;
    assert!(!done && why.contains("tetherd is running; stop it first"), "{why}");
    assert_eq!(daemon.state().await["state"], "open", "whoever asks");
    assert!(!daemon.log().contains("correct horse"));
    daemon.terminate().await;

    wipe(folder);
    let nowhere = elsewhere.path().join("no-such-folder");
    let (done, why) = run(&nowhere, &["restore", "no-such.backup"]).await;
    assert!(!done && why.contains("no-such.backup: No such file") && !nowhere.exists(), "{why}");
    let (done, why) = run(folder, &["restore", plain]).await;
    assert!(!done && why.contains("only with the sealing key of the box that made it"), "{why}");
    let (done, said) = run(folder, &["restore", sealed, "--passphrase-file", words]).await;
    assert!(done && said.contains("shop  linked"), "{said}");
    let daemon = Daemon::start(folder, &sandbox).await;
    assert_ne!(daemon.state().await["state"], "close", "the first answer is true");
    daemon.until("open").await;
    assert!(!daemon.log().contains("a code to scan"));
    daemon.terminate().await;

    // Without a daemon, over what is there, with this box's own key.
    let third = elsewhere.path().join("third.backup");
    assert!(run(folder, &["backup", third.to_str().unwrap()]).await.0);
    let (done, said) = run(folder, &["restore", third.to_str().unwrap()]).await;
    assert!(done && said.contains("The database that was there is now"), "{said}");
    let daemon = Daemon::start(folder, &sandbox).await;
    daemon.until("open").await;
    daemon.terminate().await;
}

/// `tetherd check` with WhatsApp there, listening there.
async fn check(folder: &Path, whatsapp: &str, listen: &str) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tetherd"));
    command.args(["check", "--listen", listen]).env("TETHERD_DATA_DIR", folder).env_remove("TETHERD_CONFIG");
    command.env("TETHERD_WHATSAPP_URL", whatsapp);
    let done = tokio::time::timeout(LIMIT, command.output()).await.unwrap().unwrap();
    let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
    (done.status.success(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn check_looks_at_all_that_a_start_needs_and_tells_what_to_do() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (good, said) = check(folder, &sandbox.ws_url(), "127.0.0.1:0").await;
    assert!(good && said.contains("the first start makes it"), "{said}");
    let daemon = linked(folder, &sandbox).await;
    let listen = daemon.url.trim_start_matches("http://").to_owned();
    let (good, said) = check(folder, &sandbox.ws_url(), &listen).await;
    assert!(good && said.contains("where tetherd listens") && said.contains("every sealed value"), "{said}");
    let (key, next) = (folder.join("sealing.key"), folder.join("next.key"));
    assert!(run(folder, &["key", "rotate-seal", "--to", next.to_str().unwrap()]).await.0);
    daemon.keep_secret(&std::fs::read_to_string(&next).unwrap());
    let (good, said) = check(folder, &sandbox.ws_url(), &listen).await;
    let refused = "mind   database       is whole, but the next start will be refused: the sealing key in";
    assert!(good && said.contains(refused), "{said}");
    std::fs::rename(&next, &key).unwrap();
    let (good, said) = check(folder, &sandbox.ws_url(), &listen).await;
    assert!(good && said.contains("ok     database"), "{said}");
    daemon.terminate().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (good, said) = check(folder, &sandbox.ws_url(), &taken.local_addr().unwrap().to_string()).await;
    assert!(!good && said.contains("choose another: listen"), "{said}");
    let (good, said) = check(folder, &sandbox.ws_url(), "127.0.0.1:0").await;
    assert!(good, "{said}");

    let config = folder.join("wrong.toml");
    std::fs::write(&config, "listen = 1\n").unwrap();
    let (good, said) = run(folder, &["check", "--config", config.to_str().unwrap()]).await;
    assert!(
        !good && said.contains("WRONG  configuration") && said.contains("wrong.toml:1: listen is 1"),
        "{said}"
    );

    let database = rusqlite::Connection::open(folder.join("tetherd.db")).unwrap();
    database.execute("UPDATE credential SET key = 'x' WHERE rowid = 1", []).unwrap();
    drop(database);
    let (good, said) = check(folder, &sandbox.ws_url(), "127.0.0.1:0").await;
    assert!(!good && said.contains("WRONG  database") && said.contains("cannot be opened"), "{said}");
    std::fs::remove_file(folder.join("sealing.key")).unwrap();
    let (good, said) = check(folder, &sandbox.ws_url(), "127.0.0.1:0").await;
    assert!(!good && said.contains("sealing.key is missing"), "{said}");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (good, said) = check(folder, &format!("ws://{nobody}/ws/chat"), "127.0.0.1:0").await;
    assert!(!good && said.contains("WRONG  WhatsApp"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_damage_of_one_account_is_not_the_others() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let daemon = linked(folder.path(), &sandbox).await;
    daemon.create("home").await;
    daemon.link(&sandbox, "home", "15557654321").await;
    daemon.terminate().await;
    let database = rusqlite::Connection::open(folder.path().join("tetherd.db")).unwrap();
    let device = "kind = 0 AND instance = (SELECT id FROM instance WHERE name = 'shop')";
    let kept: Vec<u8> = database
        .query_row(&format!("SELECT value FROM credential WHERE {device}"), [], |row| row.get(0))
        .unwrap();
    let mut damaged = kept.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let put = format!("UPDATE credential SET value = ?1 WHERE {device}");
    database.execute(&put, [&damaged]).unwrap();

    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.until_of("home", "open").await;
    daemon.until_logged("the credentials cannot be read instance=\"shop\"").await;
    daemon.until_logged("the database failed: a sealed value in credential/").await;
    let shop = daemon.state_of("shop").await;
    assert_ne!(shop["state"], "open", "{shop}");
    assert!(shop["message"].as_str().unwrap().contains("tetherd restore FILE"), "{shop}");
    daemon.terminate().await;
    database.execute(&put, [&kept]).unwrap();
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.until_of("shop", "open").await;
    daemon.terminate().await;
}
