//! How the nearest peer fails its users (`peers.md` §4, one to six), each as what must not happen here.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;
use tetherd_sandbox::Fault;

use crate::support::stream::Stream;
use crate::support::{Daemon, KEY, LIMIT, run};
use crate::{PHONE, connections, linked, over, started};

const AWAY: Fault = Fault::Upgrade { status: 503, times: 0 };

/// 1: two restarts while WhatsApp is away, and a kill in the middle of linking again, write nothing over "linked".
#[tokio::test(flavor = "multi_thread")]
async fn what_was_linked_is_tried_after_any_number_of_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, _) = linked(folder.path(), "shop").await;
    sandbox.fault(AWAY, None).await;
    sandbox.fault(Fault::Drop, None).await;
    daemon.until_of("shop", "connecting").await;
    daemon.terminate().await;
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.until_of("shop", "connecting").await;
    daemon.terminate().await;
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.kill().await;
    sandbox.clear_faults();
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    daemon.until_of("shop", "open").await;
    daemon.terminate().await;
}

/// 2: after a crash no list claims an account online that is not, all routes agree, and no code outlives its attempt.
#[tokio::test(flavor = "multi_thread")]
async fn all_that_tells_of_an_instance_tells_the_same_and_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, _) = linked(folder.path(), "shop").await;
    daemon.create("fresh").await;
    daemon.kill().await;
    sandbox.fault(AWAY, None).await;
    let daemon = Daemon::start(folder.path(), &sandbox).await;
    for (name, state) in [("shop", "connecting"), ("fresh", "close")] {
        assert_eq!(daemon.state_of(name).await["state"], state, "{name}");
        let (_, rows) =
            daemon.ask("GET", &format!("/instance/fetchInstances?instanceName={name}"), None).await;
        assert_eq!(rows[0]["connectionStatus"], state, "{name}: {rows}");
    }
    sandbox.clear_faults();
    let (_, shown) = daemon.ask("GET", "/instance/connect/fresh", None).await;
    assert!(shown["code"].is_string(), "{shown}");
    let mut events = Stream::from_now(&daemon).await;
    sandbox.fault(AWAY, None).await;
    sandbox.fault(Fault::Drop, None).await;
    events.event("that the attempt is over", |event| over(event, "fresh")).await;
    let (shown, code) = daemon.ask("GET", "/instance/qrcode/fresh", None).await;
    assert_eq!(shown, 404, "the code of an attempt that is over is still shown: {code}");
    let (_, nothing) = daemon.ask("GET", "/instance/connect/fresh?wait=0", None).await;
    assert_eq!((&nothing["count"], nothing.get("code")), (&json!(0), None), "{nothing}");
    daemon.terminate().await;
}

/// 3: connecting, and restarting, what is well opens no second connection beside the first.
#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_link_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, _) = linked(folder.path(), "shop").await;
    // The other end hears of a close a moment later; who were to replace another would be told of a conflict.
    let alone = async || {
        loop {
            let seen = sandbox.events().last().map_or(0, |event| event.seq);
            if sandbox.state()["connections"].as_array().unwrap().len() == 1 {
                break;
            }
            let closed = sandbox.wait_for(seen, LIMIT, |event| event.kind == "closed").await;
            assert!(closed.is_some(), "one after the other");
        }
    };
    alone().await;
    let before = connections(&sandbox);
    for _ in 0..20 {
        assert_eq!(daemon.ask("GET", "/instance/connect/shop", None).await.1["instance"]["state"], "open");
    }
    assert_eq!(connections(&sandbox), before);
    for _ in 0..5 {
        assert_eq!(daemon.ask("POST", "/instance/restart/shop", None).await.1["instance"]["state"], "open");
        alone().await;
    }
    let replaced = sandbox.events().into_iter().filter(|event| event.text.contains("conflict")).count();
    assert_eq!((connections(&sandbox), replaced), (before + 5, 0));
    daemon.terminate().await;
}

/// 4: after the phone unlinks, every further connect leads to a fresh code, and to a link.
#[tokio::test(flavor = "multi_thread")]
async fn after_an_unlink_there_is_always_a_way_back() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, mut jid) = linked(folder.path(), "shop").await;
    for _ in 0..3 {
        sandbox.unlink(&jid).await.unwrap();
        daemon.until_of("shop", "close").await;
        for _ in 0..3 {
            let (_, shown) = daemon.ask("GET", "/instance/connect/shop", None).await;
            assert!(shown["code"].is_string(), "{shown}");
        }
        jid = daemon.link(&sandbox, "shop", PHONE).await;
    }
    daemon.terminate().await;
}

/// 5: no key is built in, no name leads out of the data folder, and nothing in it is for others to read.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_open_by_default() {
    let around = tempfile::tempdir().unwrap();
    let folder = around.path().join("data");
    let sandbox = tetherd_sandbox::Sandbox::start(tetherd_sandbox::Options::default()).await.unwrap();
    let mut command = crate::support::command(&folder, &sandbox);
    command.env_remove("TETHERD_API_KEY");
    let daemon = Daemon::of(command).await;
    for guess in ["BQYHJGJHJ", "changeme", "admin", "secret", "tetherd", "", KEY] {
        assert_eq!(daemon.ask_as(Some(guess), "POST", "/verify-creds", None).await.0, 401, "{guess:?}");
    }
    let (shown, key) = run(&folder, &["key", "show"]).await;
    assert!(shown, "{key}");
    let key = key.split_whitespace().max_by_key(|word| word.len()).unwrap().to_owned();
    daemon.keep_secret(&key);
    for name in ["../outside", "../../outside", "/tmp/outside", "a/../../outside"] {
        let body = json!({"instanceName": name, "integration": "WHATSAPP-BAILEYS"}).to_string();
        assert_eq!(daemon.ask_as(Some(&key), "POST", "/instance/create", Some(body)).await.0, 400, "{name}");
    }
    let body = json!({"instanceName": "shop", "integration": "WHATSAPP-BAILEYS", "qrcode": true}).to_string();
    let (_, made) = daemon.ask_as(Some(&key), "POST", "/instance/create", Some(body)).await;
    sandbox.scan(PHONE, made["qrcode"]["code"].as_str().unwrap()).await.unwrap();
    let beside: Vec<_> =
        std::fs::read_dir(around.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(beside, ["data"], "nothing outside of the data folder");
    private(&folder);
    daemon.terminate().await;
    private(&folder);
}

/// The folder and all in it is its owner's alone.
fn private(folder: &Path) {
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
}

/// 6: SIGTERM drains: an answer under way is given, links are closed, and it ends with 0 in time, whatever clients and
/// WhatsApp do. (That every documented setting exists is shown where the configuration is tested.)
#[tokio::test(flavor = "multi_thread")]
async fn it_ends_in_time_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    for n in 0..5 {
        daemon.create(&format!("i{n}")).await;
        daemon.link(&sandbox, &format!("i{n}"), &format!("1555000{n:04}")).await;
    }
    daemon.create("fresh").await;
    daemon.create("waiting").await;
    // One connection reads nothing any more, one is silent, one hangs while it is dialled, and a caller waits for it.
    sandbox.plan(tetherd_sandbox::Planned::from(Fault::StopReading).of("15550000000")).await.unwrap();
    sandbox.plan(tetherd_sandbox::Planned::from(Fault::Stall).of("15550000001")).await.unwrap();
    sandbox.plan(tetherd_sandbox::Planned::from(Fault::HangUpgrade).times(0)).await.unwrap();
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut stream = crate::wire::open(&daemon.url).await;
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"GET / HT").await.unwrap();
        slow.push(stream);
    }
    let mut asking = crate::wire::open(&daemon.url).await;
    let line = "GET /instance/connect/waiting?wait=55";
    let bytes = crate::wire::request(line, &[("apikey", KEY)], b"");
    tokio::io::AsyncWriteExt::write_all(&mut asking, &bytes).await.unwrap();
    daemon.until_of("waiting", "connecting").await;
    // Within 5 s and with 0: `terminate` sees to it.
    daemon.terminate().await;
    let answer = crate::wire::answer(&mut asking).await;
    assert!([200, 503].contains(&answer.status), "{}: {}", answer.status, answer.body);
}
