//! One attempt: one run of the engine, from dialling to the end of the connection.

mod heard;
mod online;
mod watched;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use whatsapp_rust::Client;

use super::client::{self, Held};
use super::events::Heard;
use super::outcome::{self, Seen};
use super::transport::Phase;
use super::{WebLink, version};
use crate::link::{Cause, Goal, LOGIN, LinkEvent, NOTHING_YET, Outcome, RetryHint};
use crate::model::Reason;
use watched::Watched;

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
}
