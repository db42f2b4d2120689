//! One attempt: one run of the engine, from dialling to the end of the connection.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::Fuse;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use whatsapp_rust::futures::channel::oneshot;
use whatsapp_rust::wacore_binary::node::Node as Sent;
use whatsapp_rust::{Client, NodeFilter, OwnedNodeRef};

use super::client::{self, Held};
use super::events::Heard;
use super::outcome::{self, Seen, Terminal};
use super::proof::Proof;
use super::transport::Phase;
use super::{WebLink, version};
use crate::link::{Cause, Goal, LOGIN, LinkEvent, NOTHING_YET, Outcome, Presence, QrCode, RetryHint};
use crate::model::{Deadline, Profile, Reason, ReasonDetail};
use crate::store::credentials;

/// How long the credentials of a fresh link may take to reach the disk.
const SAVE: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(10);
/// Until what is about to be sent is in the queue of the connection.
const SENT: Duration = Duration::from_millis(50);

pub(super) async fn run(
    link: &WebLink,
    goal: Goal,
    sink: mpsc::Sender<LinkEvent>,
    stop: CancellationToken,
) -> Outcome {
    link.trace.begin();
    let held = {
        let mut slot = link.held.lock().await;
        // Other keys, other client: what was linked has been forgotten meanwhile, or the other way round.
        if slot.as_ref().is_some_and(|held| held.client.pn().is_some() != (goal == Goal::Login)) {
            slot.take();
        }
        match slot.take() {
            Some(held) => held,
            None => match Held::build(link).await {
                Ok(held) => held,
                Err(error) => {
                    return Outcome::Ended(Cause::new(Reason::ServerError).saying(error.to_string()));
                }
            },
        }
    };
    let outcome = Attempt::start(link, held, goal, sink).await.drive(&stop).await;
    link.pairing.lock().await.take();
    link.trace.end();
    outcome
}

struct Attempt<'a> {
    link: &'a WebLink,
    client: Arc<Client>,
    version: version::Version,
    heard: mpsc::Receiver<Heard>,
    watched: Watched,
    engine: JoinHandle<()>,
    sink: mpsc::Sender<LinkEvent>,
    goal: Goal,
    seen: Seen,
    /// The scan was told.
    scanned: bool,
    /// The client cannot run again.
    spent: bool,
    /// As it was set when it was last looked at.
    always_online: bool,
}

type Node = oneshot::Receiver<Arc<OwnedNodeRef>>;

/// One set of waiters per attempt: a stream error of the past must not answer for the present.
struct Watched {
    success: Fuse<Node>,
    stream_error: Node,
    /// The engine says that the account is online.
    shown: oneshot::Receiver<Arc<Sent>>,
    proof: Proof,
}

impl Watched {
    fn start(client: &Arc<Client>) -> Self {
        Self {
            success: client.wait_for_node(NodeFilter::tag("success")).fuse(),
            stream_error: client.wait_for_node(NodeFilter::tag("stream:error")),
            shown: Self::shown(client),
            proof: Proof::start(client),
        }
    }

    /// Before the backlog when it knows the account's name, and whenever it hears of another one.
    fn shown(client: &Client) -> oneshot::Receiver<Arc<Sent>> {
        client.wait_for_sent_node(NodeFilter::tag("presence").attr("type", "available"))
    }
}

impl<'a> Attempt<'a> {
    async fn start(link: &'a WebLink, mut held: Held, goal: Goal, sink: mpsc::Sender<LinkEvent>) -> Self {
        let heard = held.ear.listen();
        let (client, version) = (Arc::clone(&held.client), held.version);
        let (bot, runner) = (held.bot.take(), Arc::clone(&held.client));
        // Before it runs: on a busy box it may be let in before this task goes on.
        let watched = Watched::start(&client);
        *link.held.lock().await = Some(held);
        let engine = tokio::spawn(async move {
            match bot {
                Some(bot) => bot.run().await,
                None => runner.run().await,
            }
        });
        let (seen, always_online) = (Seen::default(), link.options().settings.always_online);
        link.online.store(always_online, Ordering::Release);
        let (scanned, spent) = (false, false);
        Self {
            link,
            client,
            version,
            heard,
            watched,
            engine,
            sink,
            goal,
            seen,
            scanned,
            spent,
            always_online,
        }
    }

    async fn drive(mut self, stop: &CancellationToken) -> Outcome {
        let mut phases = self.link.trace.phases();
        // The engine itself would wait longer.
        let answer_limit = tokio::time::sleep(Duration::from_hours(24));
        tokio::pin!(answer_limit);
        let (mut reached, mut answered) = (false, false);
        let stopped = loop {
            tokio::select! {
                // In the order in which things happen, when several have.
                biased;
                () = stop.cancelled() => break true,
                Ok(()) = phases.changed(), if !reached => {
                    if *phases.borrow_and_update() == Phase::Open {
                        reached = true;
                        self.say(LinkEvent::Reached).await;
                        let limit = if self.goal == Goal::Login { LOGIN } else { NOTHING_YET };
                        answer_limit.as_mut().reset(tokio::time::Instant::now() + limit);
                    }
                }
                Ok(_) = &mut self.watched.success => {
                    answered = true;
                    self.let_in().await;
                }
                Some(heard) = self.heard.recv() => {
                    answered |= matches!(heard, Heard::Code { .. });
                    self.take(heard).await;
                }
                Ok(_) = &mut self.watched.shown => {
                    self.watched.shown = Watched::shown(&self.client);
                    self.hide().await;
                }
                () = self.link.changed.notified() => self.options_changed().await,
                _ = &mut self.engine => break false,
                () = &mut answer_limit, if !answered => {
                    self.seen.unanswered = true;
                    break true;
                }
                () = self.watched.proof.fails(), if self.seen.logged_in => {
                    self.seen.unread = true;
                    break true;
                }
            }
        };
        if stopped {
            self.end().await;
        }
        while let Ok(heard) = self.heard.try_recv() {
            self.take(heard).await;
        }
        // The engine answers WhatsApp first and tells us second, from another task: on a busy box the 515 that
        // follows the answer ends the run before we hear of the scan. The link is real all the same.
        if self.goal == Goal::Pair && !self.scanned && self.client.pn().is_some() {
            self.take(Heard::Scanned).await;
        }
        self.seen.stream_error =
            self.watched.stream_error.try_recv().ok().flatten().and_then(|node| outcome::stream_code(&node));
        if self.spent || stopped {
            self.link.held.lock().await.take();
        }
        if stopped && !self.seen.unanswered && !self.seen.unread {
            return Outcome::Stopped;
        }
        Outcome::Ended(self.cause().await)
    }

    async fn cause(mut self) -> Cause {
        let trace = &self.link.trace;
        self.seen.dial = trace.dial_error();
        self.seen.lost = trace.lost();
        self.seen.opened = trace.opened();
        self.seen.heard = trace.heard();
        let now = self.link.parts.clock.instant();
        self.seen.silent =
            trace.last_progress().map(|last| now.saturating_duration_since(last)).unwrap_or_default();
        let cause = outcome::classify(&self.seen, self.link.parts.clock.now());
        if cause.reason == Reason::ClientOutdated
            && version::learn(&self.link.parts, self.version, self.link.options().proxy).await
        {
            self.link.held.lock().await.take();
            return cause.hinting(RetryHint::AtOnce);
        }
        if cause.reason == Reason::LoggedOut {
            self.link.drop_revoked().await;
        }
        cause
    }

    /// Ends the engine's run within the time that a link has to stop.
    async fn end(&mut self) {
        client::stop(&self.client).await;
        if tokio::time::timeout(Duration::from_millis(500), &mut self.engine).await.is_err() {
            self.engine.abort();
        }
    }

    async fn say(&self, event: LinkEvent) {
        // A supervisor that does not listen any more has stopped this attempt.
        let _ = self.sink.send(event).await;
    }

    async fn take(&mut self, heard: Heard) {
        self.link.trace.moved();
        match heard {
            Heard::Code { text, lives } => {
                let expires = Deadline::after(self.link.parts.clock.as_ref(), lives);
                self.say(LinkEvent::Code(QrCode { text, expires })).await;
            }
            Heard::Exhausted => {
                self.seen.exhausted = true;
                self.spent = true;
            }
            Heard::PairingCodeDead => {
                self.link.pairing.lock().await.take();
                self.say(LinkEvent::PairingCodeDead).await;
            }
            Heard::Scanned => {
                self.scanned = true;
                self.say(LinkEvent::Scanned).await;
                self.saved().await;
            }
            Heard::PairFailed(why) => {
                let words = format!("The phone's answer could not be verified ({why}).");
                self.say(LinkEvent::PairRefused(Reason::ServerError, ReasonDetail::message(words))).await;
            }
            Heard::Passkey => {
                self.seen.passkey = true;
                self.spent = true;
                client::stop(&self.client).await;
            }
            Heard::Ready => self.ready().await,
            Heard::PushName(name) => {
                let profile = Profile { name: Some(name), ..self.profile() };
                self.say(LinkEvent::ProfileChanged(profile)).await;
            }
            Heard::Terminal(terminal) => {
                // The first one is the reason; `Dropped` is what follows any of them.
                if matches!(self.seen.terminal, None | Some(Terminal::Dropped)) {
                    self.seen.terminal = Some(terminal);
                }
            }
        }
    }

    /// Linked means that the credentials are on disk; the engine tells of the scan before that.
    async fn saved(&self) {
        let on_disk = async {
            loop {
                if let Err(error) = self.client.persistence_manager().flush().await {
                    tracing::warn!(instance = %self.link.context.name, %error, "the credentials are not on disk yet");
                }
                if let Ok(Some(profile)) = self.link.parts.store.linked_account(self.link.context.id).await {
                    return profile;
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        match tokio::time::timeout(SAVE, on_disk).await {
            Ok(profile) => self.say(LinkEvent::Linked(profile)).await,
            Err(_) => {
                tracing::error!(instance = %self.link.context.name, "the credentials could not be stored");
            }
        }
    }

    async fn let_in(&mut self) {
        self.seen.logged_in = true;
        self.link.parts.reached.send_replace(());
        self.link.trace.moved();
        self.say(LinkEvent::LoggedIn(self.profile())).await;
    }

    /// Takes back that the account is online, unless it is meant. The engine tells of it right before it is sent.
    async fn hide(&self) {
        if self.link.online.load(Ordering::Acquire) {
            return;
        }
        tokio::time::sleep(SENT).await;
        if let Err(error) = client::show(&self.client, Presence::Unavailable).await {
            tracing::warn!(instance = %self.link.context.name, %error, "the account may be shown as online");
        }
    }

    /// What is to be seen from now on; before the log-in there is nothing to be seen.
    async fn options_changed(&mut self) {
        let always_online = self.link.options().settings.always_online;
        if always_online == self.always_online || !self.seen.logged_in {
            return;
        }
        self.always_online = always_online;
        self.link.online.store(always_online, Ordering::Release);
        let presence = if always_online { Presence::Available } else { Presence::Unavailable };
        if let Err(error) = client::show(&self.client, presence).await {
            tracing::warn!(instance = %self.link.context.name, %error, "alwaysOnline takes effect at the next connection");
        }
    }

    async fn ready(&self) {
        self.say(LinkEvent::ProfileChanged(self.profile())).await;
        self.say(LinkEvent::Synced).await;
    }

    fn profile(&self) -> Profile {
        credentials::profile(&self.client.persistence_manager().get_device_snapshot())
    }
}
