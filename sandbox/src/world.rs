//! What the simulated service knows: accounts, linked devices, open connections, what happened.

mod connection;
mod durable;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::{Notify, watch};
use wacore_binary::node::Node;

use crate::calls::Call;
use crate::codes::Asked;
use crate::fault::Pending;
use crate::graph::Graph;
use crate::keys::ServerKeys;
use crate::media::Files;
use crate::messages::Traffic;
use crate::phone::{Account, NewAccount};
use crate::presence::Present;
use crate::tls;
use crate::told::{Happened, Refused};

pub(crate) use connection::{Candidate, Connection, Order};
pub(crate) use durable::{Device, Durable, SignedKey};

/// Events that are kept for `GET /events`; older ones go.
const HISTORY: usize = 20_000;
/// What changes with every message is not kept more often.
const KEEP: Duration = Duration::from_millis(100);

pub(crate) struct State {
    pub(crate) durable: Durable,
    pub(crate) connections: HashMap<u64, Connection>,
    pub(crate) faults: VecDeque<Pending>,
    pub(crate) log: VecDeque<Happened>,
    pub(crate) version: [u32; 3],
    pub(crate) traffic: Traffic,
    pub(crate) asked: Asked,
    pub(crate) present: Present,
    pub(crate) calls: VecDeque<Call>,
    pub(crate) files: Files,
    newest: watch::Sender<u64>,
    next: u64,
}

impl State {
    /// Something happened; 0 is no connection.
    pub(crate) fn tell(&mut self, connection: u64, kind: &'static str, text: impl Into<String>) {
        let seq = self.log.back().map_or(1, |last| last.seq + 1);
        let text = text.into();
        tracing::debug!(connection, kind, %text);
        self.log.push_back(Happened { seq, connection, kind: kind.to_owned(), text });
        if self.log.len() > HISTORY {
            self.log.pop_front();
        }
        self.newest.send_replace(seq);
    }

    /// Puts a stanza into the device's mailbox and rings.
    pub(crate) fn post(&mut self, key: &str, node: Node) {
        if self.durable.mail.entry(key.to_owned()).or_default().put(node) {
            self.tell(0, "lost", format!("{key}: the oldest of too many stanzas"));
        }
        let is = |c: &&Connection| {
            c.device.as_ref().is_some_and(|(phone, device)| device_key(phone, *device) == key)
        };
        self.connections.values().filter(is).for_each(|connection| connection.mail.notify_one());
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

pub(crate) struct World {
    state: Mutex<State>,
    path: Option<PathBuf>,
    /// Seconds that the world's clock is ahead of the machine's.
    ahead: AtomicI64,
    /// Rings when what lasts has changed.
    dirty: Notify,
    pub(crate) ref_ttl: Option<Duration>,
    pub(crate) settle: Duration,
    /// Phones give new devices a little history.
    pub(crate) history: bool,
    /// Where files are, once it is known.
    pub(crate) media: OnceLock<SocketAddr>,
    pub(crate) graph: Graph,
}

impl World {
    pub(crate) fn load(
        path: Option<PathBuf>,
        ref_ttl: Option<Duration>,
        settle: Duration,
    ) -> std::io::Result<Self> {
        let named = |error: std::io::Error| {
            let file = path.as_deref().unwrap_or(Path::new("")).display();
            std::io::Error::new(error.kind(), format!("{file}: {error}"))
        };
        let durable = match path.as_ref().map(std::fs::read) {
            Some(Ok(bytes)) => serde_json::from_slice(&bytes).map_err(|error| named(error.into()))?,
            Some(Err(error)) if error.kind() != std::io::ErrorKind::NotFound => return Err(named(error)),
            _ => Durable {
                keys: ServerKeys::generate(),
                accounts: BTreeMap::new(),
                devices: BTreeMap::new(),
                mail: BTreeMap::new(),
                signal: BTreeMap::new(),
                app_state: BTreeMap::new(),
                settings: BTreeMap::new(),
                tls: None,
            },
        };
        let state = State {
            durable,
            connections: HashMap::new(),
            faults: VecDeque::new(),
            log: VecDeque::new(),
            version: [2, 3000, 1],
            traffic: Traffic::default(),
            asked: Asked::default(),
            present: Present::default(),
            calls: VecDeque::new(),
            files: Files::default(),
            newest: watch::channel(0).0,
            next: 1,
        };
        let world = Self {
            state: Mutex::new(state),
            path,
            ahead: AtomicI64::new(0),
            dirty: Notify::new(),
            ref_ttl,
            settle,
            history: true,
            media: OnceLock::new(),
            graph: Graph::default(),
        };
        world.save(&world.lock());
        Ok(world)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time here since 1970: the machine's, moved by [`Self::advance`].
    pub(crate) fn now(&self) -> Duration {
        let machine = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let ahead = self.ahead.load(Ordering::Relaxed);
        let by = Duration::from_secs(ahead.unsigned_abs());
        if ahead < 0 { machine.saturating_sub(by) } else { machine.saturating_add(by) }
    }

    /// The time here in unix seconds.
    pub(crate) fn unix(&self) -> u64 {
        self.now().as_secs()
    }

    /// Moves the clock; negative is back. All that expires follows it.
    pub(crate) fn advance(&self, seconds: i64) {
        let moved = |ahead: i64| Some(ahead.saturating_add(seconds));
        let _ = self.ahead.fetch_update(Ordering::Relaxed, Ordering::Relaxed, moved);
        // Those who wait for a time look at it again.
        self.lock().connections.values().for_each(|connection| connection.mail.notify_one());
    }

    /// Keeps what lasts, when a file was given. Whole or not at all.
    pub(crate) fn save(&self, state: &State) {
        let Some(path) = &self.path else { return };
        let written = serde_json::to_vec(&state.durable).map_err(std::io::Error::from).and_then(|bytes| {
            let fresh = path.with_extension("new");
            std::fs::write(&fresh, bytes)?;
            std::fs::rename(fresh, path)
        });
        if let Err(error) = written {
            tracing::error!(%error, path = %path.display(), "the state could not be kept");
        }
    }

    pub(crate) fn save_now(&self) {
        self.save(&self.lock());
    }

    /// A device is linked from now on.
    pub(crate) fn keep_device(&self, phone: &str, number: u16, device: Device) {
        let mut state = self.lock();
        state.durable.devices.insert(device_key(phone, number), device);
        state.tell_devices(phone, number, self.unix());
        self.save(&state);
    }

    pub(crate) fn tell(&self, connection: u64, kind: &'static str, text: impl Into<String>) {
        self.lock().tell(connection, kind, text);
    }

    pub(crate) fn newest(&self) -> watch::Receiver<u64> {
        self.lock().newest.subscribe()
    }

    pub(crate) fn number(&self) -> u64 {
        self.lock().number()
    }

    /// What lasts has changed; it is kept soon.
    pub(crate) fn changed(&self) {
        self.dirty.notify_one();
    }

    /// Keeps what lasts whenever it has changed, for ever.
    pub(crate) async fn keep_changes(&self) {
        loop {
            self.dirty.notified().await;
            self.save_now();
            tokio::time::sleep(KEEP).await;
        }
    }

    /// The authority of `wss://`, the same as long as the state is kept.
    pub(crate) fn tls(&self) -> Result<tls::Tls, tls::TlsFault> {
        let mut state = self.lock();
        let kept = match &state.durable.tls {
            Some(kept) => kept.clone(),
            None => tls::Kept::generate()?,
        };
        state.durable.tls = Some(kept.clone());
        self.save(&state);
        tls::Tls::new(kept)
    }

    /// The media host with its port.
    pub(crate) fn media_host(&self) -> String {
        self.media.get().map(SocketAddr::to_string).unwrap_or_default()
    }

    /// Where this file is.
    pub(crate) fn media_url(&self, path: &str) -> String {
        format!("https://{}{path}", self.media_host())
    }

    /// Another static key of the server from now on.
    pub(crate) fn rotate_key(&self) {
        let mut state = self.lock();
        state.durable.keys.rotate();
        self.save(&state);
    }

    /// A new account with a fresh phone.
    pub(crate) fn create_account(&self, new: NewAccount) -> Result<Account, Refused> {
        let mut state = self.lock();
        if state.durable.accounts.contains_key(&new.phone) {
            return Err(Refused(format!("there is an account {} already", new.phone)));
        }
        let account = Account::new(new, &mut rand::make_rng::<rand::rngs::StdRng>())
            .map_err(|error| Refused(error.to_string()))?;
        state.durable.accounts.insert(account.phone.clone(), account.clone());
        self.save(&state);
        Ok(account)
    }

    /// The account of this number; made with a fresh phone when there is none.
    pub(crate) fn account(&self, phone: &str) -> Result<Account, Refused> {
        if let Some(account) = self.lock().durable.accounts.get(phone) {
            return Ok(account.clone());
        }
        self.create_account(NewAccount {
            phone: phone.to_owned(),
            push_name: format!("Phone {}", phone.get(phone.len().saturating_sub(4)..).unwrap_or(phone)),
            platform: "android".into(),
            business_name: None,
        })
    }
}

pub(crate) fn device_key(phone: &str, device: u16) -> String {
    format!("{phone}:{device}")
}
