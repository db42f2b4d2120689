//! What is written in groups: opened with the sender key of whoever wrote it, which outlives restarts.

use serde_json::{Value, json};
use tetherd_sandbox::{Fault, Planned};

use crate::receiver::Receiver;
use crate::support::Daemon;
use crate::{FRIEND, PHONE, created, set};

const GROUP: &str = "120363041234567890@g.us";
const OTHER: &str = "4915198765432";
const THIRD: &str = "4915155555555";

/// The next message's group or chat, who wrote it, and what. What was delivered just before a kill may come twice.
async fn next(receiver: &mut Receiver) -> (Value, Value, Value) {
    let last = receiver.seqs().last().copied();
    loop {
        let (_, event) = receiver.next().await;
        if event["seq"].as_u64() > last {
            let (key, message) = (&event["data"]["key"], &event["data"]["message"]);
            return (key["remoteJid"].clone(), key["participant"].clone(), message["conversation"].clone());
        }
    }
}

fn told(from: &str, text: &str) -> (Value, Value, Value) {
    (json!(GROUP), json!(format!("{from}@s.whatsapp.net")), json!(text))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_read_over_restarts_and_can_be_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, sandbox, _) = created(folder.path(), &[]).await;
    let jid = daemon.link(&sandbox, "shop", PHONE).await;
    let mut receiver = Receiver::answering(&[200]).await;
    assert_eq!(set(&daemon, json!({"url": receiver.url, "events": ["MESSAGES_UPSERT"]})).await.0, 201);
    let write = |from: &str, text: &str| sandbox.send_to_group(GROUP, from, &[PHONE], text).unwrap();

    // The first brings the key along, the second does not.
    for (from, text) in [(FRIEND, "one"), (FRIEND, "two"), (OTHER, "three")] {
        write(from, text);
        assert_eq!(next(&mut receiver).await, told(from, text));
    }
    daemon.terminate().await;
    write(FRIEND, "while it is away");
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    assert_eq!(next(&mut receiver).await, told(FRIEND, "while it is away"));
    write(OTHER, "four");
    assert_eq!(next(&mut receiver).await, told(OTHER, "four"));
    let again = || sandbox.receipts(FRIEND).iter().chain(&sandbox.receipts(OTHER)).any(|r| r.kind == "retry");
    assert!(!again(), "each key was kept");

    // A key that a kill overtook is asked for again.
    write(THIRD, "five");
    assert_eq!(next(&mut receiver).await, told(THIRD, "five"));
    daemon.kill().await;
    write(THIRD, "six");
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    assert_eq!(next(&mut receiver).await, told(THIRD, "six"));

    // What cannot be opened is asked for again, and comes with the key.
    sandbox.plan(Planned::from(Fault::Unreadable).of(jid).times(1)).await.unwrap();
    write(FRIEND, "seven");
    assert_eq!(next(&mut receiver).await, told(FRIEND, "seven"));
    assert!(again());

    let (status, _) = daemon.ask("POST", "/settings/set/shop", Some(json!({"groupsIgnore": true}))).await;
    assert_eq!(status, 201);
    write(FRIEND, "not for us");
    sandbox.send_text(FRIEND, PHONE, "for us").unwrap();
    let (chat, _, text) = next(&mut receiver).await;
    assert_eq!((chat, text), (json!(format!("{FRIEND}@s.whatsapp.net")), json!("for us")));
    let (status, _) = daemon.ask("POST", "/settings/set/shop", Some(json!({"groupsIgnore": false}))).await;
    assert_eq!(status, 201);
    write(FRIEND, "eight");
    assert_eq!(next(&mut receiver).await, told(FRIEND, "eight"), "what was ignored moved the key on");
    daemon.terminate().await;
}
