#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;
use serde_json::json;
use whatsapp_rust::wacore::store::traits::SignalStore as _;

use super::credentials::Gate;
use super::seal::Sealer;
use super::{EventFilter, KeySource, SealingKey, Store, StoreError, schema};
use crate::model::{
    Digest, EventKind, InstanceName, Integration, NewEvent, NewInstance, ProxyConfig, ProxyProtocol, Secret,
    Settings, SystemClock, Webhook,
};

fn database(folder: &Path) -> PathBuf {
    folder.join("t.db")
}

fn file(folder: &Path) -> KeySource {
    KeySource::File(folder.join("sealing.key"))
}

async fn open(folder: &Path) -> Result<Store, StoreError> {
    Store::open_with(&database(folder), file(folder), Arc::new(SystemClock)).await
}

fn shop(name: &str) -> NewInstance {
    NewInstance {
        proxy: Some(ProxyConfig {
            protocol: ProxyProtocol::Socks5,
            host: "h".into(),
            port: 1080,
            username: Some("u".into()),
            password: Some(Secret::new(format!("password of {name}"))),
        }),
        cloud_token: Some(Secret::new(format!("Meta's token of {name}"))),
        webhook: Some(Webhook::to(format!("http://h/?token=of-{name}"))),
        ..NewInstance::named(InstanceName::parse(name).unwrap(), Integration::Cloud, Digest::of(name))
    }
}

fn message(text: &str) -> NewEvent {
    NewEvent::new(EventKind::MessagesUpsert, json!({"conversation": text}))
}

/// A database with one of everything that is sealed, twice.
async fn filled(folder: &Path) -> Store {
    let store = open(folder).await.unwrap();
    for name in ["a", "b"] {
        let row =
            store.create_instance(shop(name), vec![message(&format!("love from {name}"))]).await.unwrap();
        store
            .credentials(row.id, Gate::default())
            .put_session("x@s", format!("ratchet of {name}").as_bytes())
            .await
            .unwrap();
    }
    store.set_webhook(None, Webhook::to("http://h/?token=global")).await.unwrap();
    store
}

#[tokio::test]
async fn nothing_secret_is_readable_in_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    let readable = |secret: &str| {
        let files = std::fs::read_dir(folder.path()).unwrap();
        let holds = |bytes: Vec<u8>| bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
        files.flatten().find(|file| std::fs::read(file.path()).is_ok_and(holds)).map(|file| file.path())
    };
    for _ in ["with its log", "closed"] {
        for secret in ["password of", "Meta's token of", "of-a", "love from", "ratchet of", "token=global"] {
            assert_eq!(readable(secret), None, "{secret}");
        }
        store.close().await;
    }
}

/// Every sealed column: a value of one row put into the place of another's does not open.
#[tokio::test]
async fn rows_cannot_be_swapped() {
    let swaps = [
        "UPDATE instance SET proxy = (SELECT proxy FROM instance WHERE id = 2) WHERE id = 1",
        "UPDATE instance SET cloud_token = (SELECT cloud_token FROM instance WHERE id = 2) WHERE id = 1",
        "UPDATE instance SET cloud_token = proxy WHERE id = 1",
        "UPDATE webhook SET config = (SELECT config FROM webhook WHERE instance = 2) WHERE instance = 1",
        "UPDATE webhook SET config = (SELECT config FROM webhook WHERE instance = 2) WHERE instance IS NULL",
        "UPDATE event SET data = (SELECT data FROM event WHERE instance = 2) WHERE instance = 1",
        "UPDATE event SET seq = 9 WHERE instance = 1",
        "UPDATE credential SET value = (SELECT value FROM credential WHERE instance = 2) WHERE instance = 1",
        "UPDATE credential SET key = 'y@s' WHERE instance = 1",
        "INSERT INTO tombstone(instance, name, device, created) SELECT 1, 'x', value, 0 FROM credential WHERE instance = 2",
    ];
    for swap in swaps {
        let folder = tempfile::tempdir().unwrap();
        filled(folder.path()).await.close().await;
        assert_eq!(
            Connection::open(database(folder.path())).unwrap().execute(swap, []).unwrap(),
            1,
            "{swap}"
        );
        let store = open(folder.path()).await.unwrap();
        let faults = store.check().await.unwrap();
        assert_eq!(faults.len(), 1, "{swap}: {faults:?}");
        assert!(faults[0].ends_with("cannot be opened"), "{faults:?}");
    }
}

/// A database as the third step left it, with the places and the plain events of then.
#[tokio::test]
async fn a_database_of_before_is_brought_to_its_places_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let key = SealingKey::new([7; 32]);
    super::write_key(file(folder.path()).path(), &key).unwrap();
    {
        let mut connection = Connection::open(database(folder.path())).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        schema::up_to(&mut connection, 3);
        connection.pragma_update(None, "application_id", 0x7474_6872).unwrap();
        let sealer = Sealer::unlock(&connection, &key).unwrap();
        for (id, name) in [(1, "a"), (2, "b")] {
            let proxy =
                json!({"protocol": "http", "host": "h", "port": 1, "username": null, "password": name});
            let proxy = sealer.seal("instance/proxy", proxy.to_string().as_bytes()).unwrap();
            let token = sealer.seal("instance/cloud_token", name.as_bytes()).unwrap();
            connection
                .execute(
                    "INSERT INTO instance(id, uuid, name, folded, integration, profile, settings, proxy, token, cloud_token, created, updated, seq) \
                     VALUES (?1, ?2, ?2, ?2, 'WHATSAPP-BUSINESS', '{}', ?3, ?4, zeroblob(32), ?5, 0, 0, 1)",
                    (id, name, serde_json::to_string(&Settings::default()).unwrap(), proxy, token),
                )
                .unwrap();
            connection
                .execute(
                    "INSERT INTO event(instance, name, seq, kind, data, at) VALUES (?1, ?2, 1, 'MESSAGES_UPSERT', ?3, 0)",
                    (id, name, json!({"text": format!("plain love from {name}")}).to_string()),
                )
                .unwrap();
        }
        for instance in [None, Some(1)] {
            let target = serde_json::to_vec(&Webhook::to("http://old/").target).unwrap();
            let config = sealer.seal("webhook/config", &target).unwrap();
            connection
                .execute(
                    "INSERT INTO webhook(instance, enabled, config) VALUES (?1, 1, ?2)",
                    (instance, config),
                )
                .unwrap();
        }
    }
    let store = open(folder.path()).await.unwrap();
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    let rows = store.instances().await.unwrap();
    for (row, name) in rows.iter().zip(["a", "b"]) {
        assert_eq!(row.proxy.as_ref().unwrap().password, Some(Secret::new(name)));
        assert_eq!(store.cloud_token(row.id).await.unwrap(), Some(Secret::new(name)));
    }
    for instance in [None, Some(rows[0].id)] {
        assert_eq!(store.webhook_of(instance).await.unwrap().unwrap().webhook.target.url, "http://old/");
    }
    let events = store.events_after(0, EventFilter::default(), 10).await.unwrap();
    assert_eq!(events[1].data["text"], "plain love from b");
    store.close().await;
    let bytes = std::fs::read(database(folder.path())).unwrap();
    assert!(!bytes.windows(10).any(|w| w == b"plain love"), "not in the free pages either");
}

#[tokio::test]
async fn a_missing_or_wrong_key_is_refused_and_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    filled(folder.path()).await.close().await;
    let path = file(folder.path()).path().to_owned();
    let (key, before) = (std::fs::read(&path).unwrap(), std::fs::read(database(folder.path())).unwrap());
    let unchanged = || std::fs::read(database(folder.path())).unwrap() == before;
    std::fs::remove_file(&path).unwrap();
    let missing = open(folder.path()).await.err().unwrap();
    assert!(missing.to_string().contains("Put the key back"), "{missing}");
    assert!(!path.exists() && unchanged(), "no key is made for a database that has one");
    super::write_key(&path, &SealingKey::new([9; 32])).unwrap();
    assert_eq!(open(folder.path()).await.err(), Some(StoreError::OtherKey(path.clone())), "it is named");
    assert!(unchanged());
    std::fs::write(&path, key).unwrap();
    assert_eq!(open(folder.path()).await.unwrap().instances().await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_sealing_key_is_replaced_and_a_power_cut_meanwhile_locks_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = filled(folder.path()).await;
    let path = file(folder.path()).path().to_owned();
    let old = std::fs::read(&path).unwrap();
    store.rotate_key(None).await.unwrap();
    let new = std::fs::read(&path).unwrap();
    assert_ne!(old, new);
    assert!(store.cloud_token(store.instances().await.unwrap()[0].id).await.unwrap().is_some());
    store.close().await;
    // The power went before the new key was in its place, and before the database knew of it.
    let next = path.with_extension("key.next");
    for (in_place, beside) in [(&old, Some(&new)), (&new, Some(&old)), (&new, None)] {
        std::fs::write(&path, in_place).unwrap();
        if let Some(beside) = beside {
            std::fs::write(&next, beside).unwrap();
            std::fs::set_permissions(&next, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        }
        let store = open(folder.path()).await.unwrap();
        assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
        store.close().await;
        assert_eq!(std::fs::read(&path).unwrap(), new);
    }
    std::fs::write(&path, &old).unwrap();
    let _ = std::fs::remove_file(&next);
    assert_eq!(
        open(folder.path()).await.err(),
        Some(StoreError::OtherKey(path)),
        "the old one opens nothing any more"
    );
}

#[tokio::test]
async fn a_given_key_is_replaced_only_by_one_that_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let (given, next) = (folder.path().join("given"), folder.path().join("next"));
    super::write_key(&given, &SealingKey::new([1; 32])).unwrap();
    super::write_key(&next, &SealingKey::new([2; 32])).unwrap();
    let database = database(folder.path());
    let open =
        |path: &Path| Store::open_with(&database, KeySource::Given(path.to_owned()), Arc::new(SystemClock));
    let store = open(&given).await.unwrap();
    let refused = store.rotate_key(None).await.unwrap_err().to_string();
    assert!(refused.contains("--to FILE"), "{refused}");
    store.rotate_key(Some(SealingKey::new([2; 32]))).await.unwrap();
    store.close().await;
    assert_eq!(open(&given).await.err(), Some(StoreError::OtherKey(given)));
    open(&next).await.unwrap();
}

#[tokio::test]
async fn a_credential_of_systemd_shows_the_mask_of_its_access_list() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sealing.key");
    super::write_key(&path, &SealingKey::new([1; 32])).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o440)).unwrap();
    let database = database(folder.path());
    let open = |key: KeySource| Store::open_with(&database, key, Arc::new(SystemClock));
    let refused = open(KeySource::Given(path.clone())).await.err().unwrap().to_string();
    assert!(refused.contains("can be read by others (mode 440)"), "{refused}");
    open(KeySource::Credential(path)).await.unwrap();
}
