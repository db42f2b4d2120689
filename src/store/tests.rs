#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use whatsapp_rust::bytes::Bytes;
use whatsapp_rust::wacore::store::Device;
use whatsapp_rust::wacore::store::traits::{AppSyncStore, DeviceStore, ProtocolStore, SignalStore};

use super::credentials::Gate;
use super::{EventFilter, SealingKey, Session, Store, StoreError};
use crate::model::{
    AccountJid, Digest, Ended, EventKind, InstanceChange, InstanceId, InstanceName, Integration, LinkTruth,
    NewEvent, NewInstance, Profile, ProxyConfig, ProxyProtocol, Reason, ReasonDetail, Secret, Stamp,
    SystemClock, Webhook,
};

async fn open(folder: &Path) -> Store {
    Store::open(&folder.join("t.db"), SealingKey::new([1; 32]), Arc::new(SystemClock)).await.unwrap()
}

fn shop(name: &str) -> NewInstance {
    NewInstance {
        proxy: Some(ProxyConfig {
            protocol: ProxyProtocol::Socks5,
            host: "h".into(),
            port: 1080,
            username: Some("u".into()),
            password: Some(Secret::new("hunter2")),
        }),
        ..NewInstance::named(InstanceName::parse(name).unwrap(), Integration::Web, Digest::of(name))
    }
}

fn note(text: &str) -> NewEvent {
    NewEvent::new(EventKind::ConnectionUpdate, json!({ "state": text }))
}

async fn linked(store: &Store, id: InstanceId) {
    let credentials = store.credentials(id, Gate::default());
    let mut device = Device::new();
    device.pn = Some("5511999998888:7@s.whatsapp.net".parse().unwrap());
    device.push_name = "Maria".into();
    credentials.save(&device).await.unwrap();
}

#[tokio::test]
async fn the_credentials_on_disk_decide_who_is_linked() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let row = store.create_instance(shop("shop"), vec![]).await.unwrap();
    store.credentials(row.id, Gate::default()).create().await.unwrap();
    assert_eq!(
        store.instances().await.unwrap()[0].truth,
        LinkTruth::Never,
        "a device without a number is no link"
    );
    linked(&store, row.id).await;
    store.close().await;
    drop(store);
    let store = open(folder.path()).await;
    let LinkTruth::Linked { profile, ended: None } = store.instances().await.unwrap()[0].truth.clone() else {
        panic!("a crash between the engine's save and ours loses no link")
    };
    assert_eq!(profile.jid.unwrap().as_str(), "5511999998888@s.whatsapp.net");
    assert_eq!(profile.name.as_deref(), Some("Maria"));
}

#[tokio::test]
async fn forgetting_wipes_with_the_events_that_tell_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let id = store.create_instance(shop("shop"), vec![]).await.unwrap().id;
    linked(&store, id).await;
    store.credentials(id, Gate::default()).put_session("a@s", b"x").await.unwrap();
    let ended =
        Ended { reason: Reason::LoggedOut, at: Stamp::from_millis(5), detail: ReasonDetail::default() };
    let profile = Profile { jid: Some(AccountJid::from_jid("5511@s.whatsapp.net")), ..Profile::default() };
    let truth = LinkTruth::Unlinked { profile, ended };
    let change = InstanceChange::Forget { truth: truth.clone(), tombstone: true };
    store.change_instance(id, change, vec![note("close")]).await.unwrap();
    assert_eq!(store.instances().await.unwrap()[0].truth, truth);
    assert!(!store.credentials(id, Gate::default()).exists().await.unwrap());
    assert!(store.credentials(id, Gate::default()).get_session("a@s").await.unwrap().is_none());
    assert_eq!(store.events_after(0, EventFilter::default(), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_invitation_ends_with_the_link_with_its_time_and_when_it_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let id = store.create_instance(shop("shop"), vec![]).await.unwrap().id;
    let (far, digest) = (Stamp::from_millis(i64::MAX), Digest::of("token"));
    let mut told = store.access_changed();
    store.put_invite(id, far, digest).await.unwrap();
    assert!(told.has_changed().unwrap());
    told.mark_unchanged();
    assert!(!store.invite(digest).await.unwrap().unwrap().used);
    let profile = Profile { jid: Some(AccountJid::from_jid("5511@s.whatsapp.net")), ..Profile::default() };
    let truth = LinkTruth::Linked { profile, ended: None };
    store.change_instance(id, InstanceChange::Truth(truth), vec![]).await.unwrap();
    assert!(store.invite(digest).await.unwrap().unwrap().used);
    assert!(store.invite_of(id).await.unwrap().is_none(), "a used one is not open");
    assert!(!store.end_invite(id).await.unwrap());
    store.put_invite(id, far, digest).await.unwrap();
    assert!(store.invite_of(id).await.unwrap().is_some());
    assert!(store.end_invite(id).await.unwrap() && told.has_changed().unwrap());
    store.put_invite(id, Stamp::from_millis(1), digest).await.unwrap();
    assert!(store.invite(digest).await.unwrap().is_none() && !store.end_invite(id).await.unwrap());
}

#[tokio::test]
async fn nothing_secret_is_readable_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let id = store.create_instance(shop("shop"), vec![]).await.unwrap().id;
    store.credentials(id, Gate::default()).put_session("a@s", b"RATCHET-STATE").await.unwrap();
    store.set_webhook(Some(id), Webhook::to("http://h/?token=URL-TOKEN")).await.unwrap();
    assert_eq!(
        store.instances().await.unwrap()[0].proxy.as_ref().unwrap().password,
        Some(Secret::new("hunter2"))
    );
    store.close().await;
    let bytes = std::fs::read(folder.path().join("t.db")).unwrap();
    for secret in ["hunter2", "RATCHET-STATE", "URL-TOKEN"] {
        assert!(!bytes.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret}");
    }
}

#[tokio::test]
async fn a_second_daemon_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path()).await;
    let second =
        Store::open(&folder.path().join("t.db"), SealingKey::new([1; 32]), Arc::new(SystemClock)).await;
    assert!(matches!(second.err(), Some(StoreError::InUse(_))));
}

#[tokio::test]
async fn one_failing_job_harms_no_other_in_its_commit() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let jobs = (0..40).map(|n| {
        let store = store.clone();
        tokio::spawn(
            async move { store.create_instance(shop(&format!("i{}", n / 2)), vec![note("x")]).await },
        )
    });
    let results = futures_util::future::join_all(jobs).await;
    let good = results.iter().filter(|r| r.as_ref().unwrap().is_ok()).count();
    assert_eq!(good, 20);
    assert_eq!(store.instances().await.unwrap().len(), 20);
    assert_eq!(store.events_after(0, EventFilter::default(), 100).await.unwrap().len(), 20);
}

#[tokio::test]
async fn prekeys_batches_and_macs_behave_as_the_engine_expects() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let id = store.create_instance(shop("shop"), vec![]).await.unwrap().id;
    let c = store.credentials(id, Gate::default());
    assert_eq!(c.get_max_prekey_id().await.unwrap(), 0);
    let keys: Vec<_> = (1..=30).map(|id| (id, Bytes::from(vec![u8::try_from(id).unwrap(); 4]))).collect();
    c.store_prekeys_batch(&keys, false).await.unwrap();
    c.mark_prekeys_uploaded(&[1, 99]).await.unwrap();
    assert_eq!(c.get_max_prekey_id().await.unwrap(), 30);
    assert!(c.load_prekey(99).await.unwrap().is_none(), "marking makes no row");
    c.remove_prekey(30).await.unwrap();
    assert_eq!(c.load_prekeys_batch(&[1, 30]).await.unwrap().len(), 1);
    c.put_session("123:4@s.whatsapp.net", b"s").await.unwrap();
    assert!(c.has_signal_state_for_user("123").await.unwrap());
    assert!(!c.has_signal_state_for_user("12").await.unwrap());
    c.store_sent_message("chat", "id", b"m").await.unwrap();
    assert_eq!(c.take_sent_message("chat", "id").await.unwrap().unwrap(), b"m");
    assert!(c.take_sent_message("chat", "id").await.unwrap().is_none());
    c.set_sender_key_status("g", &[("d1", true), ("d2", false)]).await.unwrap();
    c.delete_sender_key_device_rows(&["d1"]).await.unwrap();
    assert_eq!(c.get_sender_key_devices("g").await.unwrap(), [("d2".to_owned(), false)]);
    assert_eq!(c.get_version("critical").await.unwrap().version, 0);
}

#[tokio::test]
async fn what_the_engine_still_writes_after_the_end_brings_nothing_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let id = store.create_instance(shop("shop"), vec![]).await.unwrap().id;
    let gate = Gate::default();
    let credentials = store.credentials(id, gate.clone());
    credentials.create().await.unwrap();
    gate.close();
    assert!(credentials.clone().save(&Device::new()).await.is_err());
    assert!(
        store.credentials(id, Gate::default()).save(&Device::new()).await.is_ok(),
        "the next client has its own"
    );
}

#[tokio::test]
async fn times_of_before_the_clock_was_set_are_corrected_and_what_ends_keeps_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let wall = Arc::new(Wall::default());
    let path = folder.path().join("t.db");
    let open = || Store::open(&path, SealingKey::new([1; 32]), Arc::clone(&wall) as _);
    wall.set(60_000);
    let store = open().await.unwrap();
    assert_eq!(store.begin_clock().await.unwrap(), 0);
    store.create_instance(shop("shop"), vec![note("x")]).await.unwrap();
    let (session, minute) = (Digest::of("cookie"), 60_000);
    let kept = Session {
        digest: session,
        key: Digest::of("key"),
        expires: Stamp::from_millis(60_000 + 10 * minute),
    };
    store.put_session(kept).await.unwrap();
    // A minute later the clock is set.
    let (before, after) = (Stamp::from_millis(120_000), Stamp::from_millis(1_800_000_000_000));
    wall.set(after.millis());
    assert!(store.session(session).await.unwrap().is_none(), "by the new clock alone it had ended");
    store.clock_set(before, after, std::time::Duration::from_secs(110)).await.unwrap();
    let left = after.until(store.session(session).await.unwrap().unwrap().expires);
    assert_eq!(left, std::time::Duration::from_mins(9), "a minute of its ten is over");
    let event = store.events_after(0, EventFilter::default(), 1).await.unwrap().remove(0);
    assert_eq!(event.at.until(after), std::time::Duration::from_mins(1));
    assert!(store.instances().await.unwrap()[0].created.is_plausible());
    store.close().await;
    drop(store);

    // A start that ended before its clock was set: the next one, whose clock is right, says now.
    wall.set(30_000);
    let store = open().await.unwrap();
    store.begin_clock().await.unwrap();
    store.append_events(vec![(InstanceId(1), note("y"))]).await.unwrap();
    store.close().await;
    drop(store);
    wall.set(after.millis() + 5000);
    let store = open().await.unwrap();
    assert!(store.begin_clock().await.unwrap() > 0);
    assert_eq!(
        store.last_events(InstanceId(1), 1).await.unwrap()[0].at,
        after.plus(std::time::Duration::from_secs(5))
    );
    assert_eq!(store.begin_clock().await.unwrap(), 0, "once");
}

/// A wall clock that is set by the test.
#[derive(Default)]
struct Wall(std::sync::atomic::AtomicI64);

impl Wall {
    fn set(&self, millis: i64) {
        self.0.store(millis, std::sync::atomic::Ordering::SeqCst);
    }
}

impl crate::model::Clock for Wall {
    fn now(&self) -> Stamp {
        Stamp::from_millis(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }

    fn instant(&self) -> std::time::Instant {
        std::time::Instant::now()
    }
}

/// SQLite may roll all of a commit back when there is no room: whoever was told that it was stored has it, and
/// nobody else.
#[tokio::test]
async fn without_room_everybody_is_told_the_truth_and_with_room_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let id = store.create_instance(shop("shop"), vec![]).await.unwrap().id;
    let limit = async |pages: i64| {
        let set = move |connection: &rusqlite::Connection| {
            let used: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
            Ok(connection.query_row(&format!("PRAGMA max_page_count = {}", used + pages), [], |_| Ok(()))?)
        };
        store.write(set).await.unwrap();
    };
    let append = |n: usize| {
        // The weight of a few pages, and of a part of one.
        let text = "x".repeat(if n.is_multiple_of(3) { 20_000 } else { 100 });
        store.append_events(vec![(id, note(&format!("{n} {text}")))])
    };
    let mut told = Vec::new();
    for room in [0, 8, 40, 100_000] {
        limit(room).await;
        let answers = futures_util::future::join_all((0..60).map(append)).await;
        let refused: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
        assert!(refused.iter().all(|error| **error == StoreError::Full), "{refused:?}");
        assert_eq!(refused.is_empty(), room == 100_000, "with room for {room} pages");
        told.extend(answers.into_iter().flatten());
    }
    let kept = store.events_after(0, EventFilter::default(), 1000).await.unwrap().len();
    assert_eq!(kept, told.len());
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}

/// Nothing is added to what another program made, whatever its number; what a power cut left of our own beginning goes on.
#[tokio::test]
async fn a_database_of_another_program_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.db");
    let make = |script: &str| {
        let _ = std::fs::remove_file(&path);
        rusqlite::Connection::open(&path).unwrap().execute_batch(script).unwrap();
    };
    let start = || Store::open(&path, SealingKey::new([1; 32]), Arc::new(SystemClock));
    for theirs in [
        "CREATE TABLE bookmark (x)",
        "CREATE TABLE bookmark (x); PRAGMA user_version = 3",
        "PRAGMA application_id = 7",
    ] {
        make(theirs);
        let before = std::fs::read(&path).unwrap();
        let refused = start().await.err().unwrap();
        assert_eq!(refused, StoreError::Foreign(path.clone()), "{theirs}");
        assert!(std::fs::read(&path).unwrap() == before, "{theirs}");
    }
    make("PRAGMA application_id = 1953785970");
    start().await.unwrap().close().await;
    start().await.unwrap().close().await;
}
