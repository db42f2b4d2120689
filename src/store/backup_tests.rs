#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::{KeySource, PassphraseKey, Restored, Session, Store, StoreError, back_up, inspect, restore};
use crate::model::{
    Clock as _, Digest, EventKind, InstanceName, Integration, NewEvent, NewInstance, ProxyConfig,
    ProxyProtocol, Secret, Stamp, SystemClock,
};

/// A box: a database and a key.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn database(&self) -> PathBuf {
        self.file("t.db")
    }

    fn key(&self) -> KeySource {
        KeySource::File(self.file("sealing.key"))
    }

    async fn open(&self) -> Store {
        Store::open_with(&self.database(), self.key(), Arc::new(SystemClock)).await.unwrap()
    }

    /// With an instance of each of these names.
    async fn with(names: &[&str]) -> (Self, Store) {
        let home = Self::new();
        let store = home.open().await;
        for name in names {
            store.create_instance(row(name), vec![event("made")]).await.unwrap();
        }
        (home, store)
    }

    fn restore(&self, backup: &Path, words: Option<&str>) -> Result<Restored, StoreError> {
        let words = || words.map(Secret::new).ok_or_else(|| StoreError::Io("asked for a passphrase".into()));
        restore(backup, &self.database(), &self.key(), words, SystemClock.now())
    }
}

fn row(name: &str) -> NewInstance {
    NewInstance {
        proxy: Some(ProxyConfig {
            protocol: ProxyProtocol::Http,
            host: "h".into(),
            port: 1,
            username: None,
            password: Some(Secret::new(format!("password of {name}"))),
        }),
        ..NewInstance::named(InstanceName::parse(name).unwrap(), Integration::Web, Digest::of(name))
    }
}

fn event(text: &str) -> NewEvent {
    NewEvent::new(EventKind::ConnectionUpdate, json!({ "state": text }))
}

async fn passwords(store: &Store) -> Vec<String> {
    let rows = store.instances().await.unwrap();
    rows.into_iter().map(|row| row.proxy.unwrap().password.unwrap().expose().to_owned()).collect()
}

#[tokio::test]
async fn a_backup_of_a_database_in_use_is_one_file_that_takes_its_place_again() {
    let (home, store) = Home::with(&["shop", "home"]).await;
    let session = Digest::of("cookie");
    let kept = Session { digest: session, key: Digest::of("key"), expires: Stamp::from_millis(i64::MAX) };
    store.put_session(kept).await.unwrap();
    let file = home.file("backup");
    let made = back_up(&home.database(), &file, None, Stamp::from_millis(1_800_000_000_000)).unwrap();
    assert_eq!((made.instances, made.size), (2, std::fs::metadata(&file).unwrap().len()));
    let again = back_up(&home.database(), &file, None, SystemClock.now());
    assert!(matches!(again, Err(StoreError::Io(why)) if why.contains("exists already")));
    let nowhere = back_up(&home.database(), &home.file("no/such/backup"), None, SystemClock.now());
    let why = nowhere.unwrap_err().to_string();
    assert!(why.starts_with("there is no folder /") && why.ends_with("/no/such"), "{why}");
    let names = std::fs::read_dir(home.0.path()).unwrap().flatten();
    assert!(!names.into_iter().any(|file| file.file_name().to_string_lossy().starts_with(".tetherd-")));

    store.create_instance(row("later"), vec![]).await.unwrap();
    assert_eq!(home.restore(&file, None), Err(StoreError::InUse(home.database())), "while it runs");
    store.close().await;
    drop(store);
    let restored = home.restore(&file, None).unwrap();
    assert_eq!(restored.made, Some(Stamp::from_millis(1_800_000_000_000)));
    assert_eq!(restored.instances, [("home".to_owned(), false), ("shop".to_owned(), false)]);
    let store = home.open().await;
    assert_eq!(passwords(&store).await, ["password of shop", "password of home"]);
    assert!(store.session(session).await.unwrap().is_none(), "nobody is signed in by a backup");
    store.close().await;

    let before = Store::open_with(&restored.kept.unwrap(), home.key(), Arc::new(SystemClock)).await.unwrap();
    assert_eq!(before.instances().await.unwrap().len(), 3, "what was there is kept whole");
    before.close().await;
}

#[tokio::test]
async fn a_passphrase_opens_it_on_another_box_and_nothing_else_does() {
    let (home, store) = Home::with(&["shop"]).await;
    let words = PassphraseKey::new(&Secret::new("four blue words here")).unwrap();
    let key = super::SealingKey::parse(words.key().to_hex().as_bytes()).unwrap();
    let wrapped = store.wrap_for(key).await.unwrap();
    let (with, without) = (home.file("with"), home.file("without"));
    back_up(&home.database(), &with, Some((&words, wrapped)), SystemClock.now()).unwrap();
    back_up(&home.database(), &without, None, SystemClock.now()).unwrap();

    let other = Home::new();
    assert_eq!(other.restore(&with, Some("four blue words")), Err(StoreError::WrongPassphrase));
    let key = other.file("sealing.key");
    assert_eq!(other.restore(&without, None), Err(StoreError::OtherBox { key: key.clone() }));
    assert!(!other.database().exists() && !key.exists(), "nothing was changed");
    assert_eq!(other.restore(&with, Some("four blue words here")).unwrap().kept, None);
    assert_eq!(passwords(&other.open().await).await, ["password of shop"], "with a key of its own");
    assert_ne!(std::fs::read(&key).unwrap(), std::fs::read(home.file("sealing.key")).unwrap());

    // The key was lost: the way that the refusal to start names.
    let (lost, store_of_lost) = Home::with(&["a"]).await;
    store_of_lost.close().await;
    drop(store_of_lost);
    std::fs::remove_file(lost.file("sealing.key")).unwrap();
    assert!(matches!(inspect(&lost.database(), &lost.key()), Err(StoreError::NoKey { .. })));
    lost.restore(&with, Some("four blue words here")).unwrap();
    assert_eq!(passwords(&lost.open().await).await, ["password of shop"]);
    // On its own box it needs none.
    store.close().await;
    drop(store);
    home.restore(&with, None).unwrap();
}

#[tokio::test]
async fn what_is_no_backup_or_a_damaged_one_is_refused_and_changes_nothing() {
    let (home, store) = Home::with(&["shop"]).await;
    let file = home.file("backup");
    for n in 0..200 {
        let id = store.instances().await.unwrap()[0].id;
        store.append_events(vec![(id, event(&format!("{n}")))]).await.unwrap();
    }
    back_up(&home.database(), &file, None, SystemClock.now()).unwrap();
    store.close().await;
    drop(store);
    let before = std::fs::read(home.database()).unwrap();
    let good = std::fs::read(&file).unwrap();
    let bad = home.file("bad");
    let mut cut = good.clone();
    cut.truncate(good.len() / 2);
    let mut scribbled = good.clone();
    for byte in &mut scribbled[4096 * 3..4096 * 9] {
        *byte ^= 0x55;
    }
    for content in [cut, scribbled, b"no database at all".to_vec(), Vec::new()] {
        std::fs::write(&bad, content).unwrap();
        assert!(matches!(home.restore(&bad, None), Err(StoreError::BadBackup(_))));
        assert_eq!(std::fs::read(home.database()).unwrap(), before);
    }
    let refused = |change: &str| {
        std::fs::write(&bad, &good).unwrap();
        rusqlite::Connection::open(&bad).unwrap().execute_batch(change).unwrap();
        home.restore(&bad, None).unwrap_err().to_string()
    };
    // What is not sealed counts as well.
    for change in
        ["UPDATE instance SET name = 'shoq'", "DELETE FROM event WHERE id = 7", "CREATE TABLE more (x)"]
    {
        let why = refused(change);
        assert!(why.contains("it is not as it was made"), "{change}: {why}");
    }
    let why = refused("PRAGMA user_version = 999");
    assert!(why.starts_with(&format!("{} was made by a newer tetherd", bad.display())), "{why}");
    // And in a database that is no backup, one sealed value that does not open.
    let why =
        refused("UPDATE event SET seq = seq + 1000 WHERE id = 7; DELETE FROM meta WHERE name = 'backup'");
    assert!(why.contains("event 1007"), "{why}");
    let left: Vec<_> = std::fs::read_dir(home.0.path()).unwrap().flatten().collect();
    assert!(!left.iter().any(|file| file.file_name().to_string_lossy().starts_with("restore-")), "{left:?}");
    home.restore(&file, None).unwrap();
}
