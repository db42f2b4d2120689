//! One task per instance: drives its link with the state machine, keeps what lasts, tells readers.

mod beat;
mod commands;
mod keeping;
mod leaving;
mod link_events;
mod probing;
mod publishing;
mod shared;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::attempt::{Attempt, Said};
use super::command::{Command, Reply};
use super::handle::{Ends, Handle};
use super::lookers::Lookers;
use super::snapshot::{ShownCode, Snapshot};
use super::state::{Effect, Fact, Machine, World};
use super::tally::Tally;
use super::tell;
use crate::link::{Link, LinkContext, LinkEvent, PairError, PairingCode};
use crate::model::{
    Deadline, InstanceChange, InstanceRecord, Integration, NewEvent, PhoneNumber, Reason, ReasonDetail,
    Stamp, Visible,
};
use keeping::{Backlog, LedgerInbox};
use probing::Probing;

pub(crate) use beat::Beat;
pub(crate) use shared::Shared;

/// Commands that may wait; callers wait when it is full, and give up in bounded time.
const COMMANDS: usize = 64;
/// How often a supervisor shows life and looks for stalls.
const TICK: Duration = Duration::from_secs(10);

/// A phone number that waits for a pairing code, and what came of it.
#[derive(Default)]
struct Pairing {
    wanted: Option<PhoneNumber>,
    asking: bool,
    code: Option<PairingCode>,
    error: Option<String>,
}

struct Supervisor {
    shared: Shared,
    record: InstanceRecord,
    machine: Machine,
    link: Arc<dyn Link>,
    attempt: Option<Attempt>,
    code: Option<ShownCode>,
    pairing: Pairing,
    /// Answers of tasks that asked WhatsApp for a pairing code.
    answers: (mpsc::Sender<Answer>, mpsc::Receiver<Answer>),
    /// Cloud: callers of connect who wait for Meta's answer.
    waiting: Vec<Reply>,
    backlog: Backlog,
    since: Stamp,
    told: (Visible, Option<Reason>, ReasonDetail),
    next_retry: Option<Deadline>,
    probing: Probing,
    tally: Tally,
    commands: mpsc::Receiver<Command>,
    publish: watch::Sender<Arc<Snapshot>>,
    lookers: Arc<Lookers>,
    beat: Beat,
}

type Answer = (PhoneNumber, Result<PairingCode, PairError>);

/// Starts one; it ends when it is told to stop or delete, or when every handle is gone. `began` are the events that
/// come before all others of its; whoever starts it does not wait for the disk that takes them.
pub(crate) fn start(
    shared: &Shared,
    record: InstanceRecord,
    began: Vec<NewEvent>,
) -> (Handle, Beat, tokio::task::JoinHandle<()>) {
    let inbox = Arc::new(LedgerInbox { ledger: Arc::clone(&shared.ledger), id: record.id });
    let link = shared.links.make(LinkContext {
        id: record.id,
        name: record.name.clone(),
        uuid: record.uuid.clone(),
        integration: record.integration,
        number: record.number.clone(),
        business_id: record.business_id.clone(),
        options: shared.options(&record),
        inbox,
    });
    let machine = Machine::new(&record.truth, record.integration == Integration::Cloud, shared.code_limit);
    let (sender, commands) = mpsc::channel(COMMANDS);
    let lookers = Arc::new(Lookers::default());
    let since = record.truth.ended().map_or(record.created, |e| e.at);
    let told = (Visible::Close, machine.reason(), machine.detail().clone());
    let beat = Beat::new(shared.clock.instant());
    let first = Snapshot::at_rest(record.clone(), since, shared.code_limit);
    let mut supervisor = Supervisor {
        shared: shared.clone(),
        record,
        machine,
        link,
        attempt: None,
        code: None,
        pairing: Pairing::default(),
        answers: mpsc::channel(4),
        waiting: Vec::new(),
        backlog: Backlog::default(),
        since,
        told,
        next_retry: None,
        probing: Probing::default(),
        tally: Tally::default(),
        commands,
        publish: watch::channel(Arc::new(first)).0,
        lookers: Arc::clone(&lookers),
        beat: beat.clone(),
    };
    // The first answer about state is true: it is decided before anybody can ask.
    let effects = supervisor.machine.step(Fact::Boot, supervisor.world());
    supervisor.note_change();
    supervisor.publish_now();
    let handle = Handle::new(Ends {
        commands: sender,
        state: supervisor.publish.subscribe(),
        lookers,
        clock: Arc::clone(&shared.clock),
    });
    let task = tokio::spawn(async move {
        supervisor.tell_boot(began).await;
        supervisor.act(effects).await;
        supervisor.run().await;
    });
    (handle, beat, task)
}

impl Supervisor {
    async fn run(mut self) {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.plan_probe();
            let wake = self.machine.wake().map(Instant::from_std);
            let proceed = tokio::select! {
                command = self.commands.recv() => match command {
                    Some(command) => self.command(command).await,
                    None => false,
                },
                said = next(&mut self.attempt) => {
                    self.said(said).await;
                    true
                }
                Some((number, answer)) = self.answers.1.recv() => {
                    self.pairing_answer(&number, answer).await;
                    true
                }
                () = at(self.probing.due()) => {
                    self.probe();
                    true
                }
                answer = self.probing.answered() => {
                    self.probed(answer).await;
                    true
                }
                () = at(wake) => {
                    self.fact(Fact::Timer).await;
                    true
                }
                _ = tick.tick() => {
                    self.look_for_a_stall().await;
                    self.keep_backlog().await;
                    true
                }
            };
            self.beat.beat(self.shared.clock.instant());
            if !proceed {
                return;
            }
        }
    }

    fn world(&self) -> World {
        let now = self.shared.clock.instant();
        let pairing = self.pairing.code.as_ref().is_some_and(|code| code.expires.at > now);
        World {
            now,
            wall: self.shared.clock.now(),
            looking: pairing || self.lookers.any(now),
            jitter: (self.shared.chance)(),
        }
    }

    /// One fact, all its consequences: effects, what lasts, events, readers.
    async fn fact(&mut self, fact: Fact) {
        let effects = self.machine.step(fact, self.world());
        self.act(effects).await;
        self.settle().await;
    }

    async fn act(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Start(goal) => {
                    self.tally.attempts += 1;
                    self.clear_codes();
                    self.attempt = Some(Attempt::start(&self.link, goal, &self.shared.dialling));
                }
                Effect::Halt => {
                    // Whoever asks from now on is shown a code of the next attempt, or none.
                    self.clear_codes();
                    if let Some(attempt) = &mut self.attempt {
                        attempt.halt();
                    }
                }
                // The one who received the code shows it.
                Effect::Show => {}
                Effect::Forget => self.forget().await,
                Effect::KeepEnded(ended) => self.keep_ended(ended).await,
            }
        }
    }

    async fn look_for_a_stall(&mut self) {
        let (Some(patience), Some(attempt)) = (self.machine.patience(), &self.attempt) else { return };
        let alive = self.link.last_progress().map_or(attempt.began, |seen| seen.max(attempt.began));
        let silent = self.shared.clock.instant().saturating_duration_since(alive);
        if silent <= patience {
            return;
        }
        let effects = self.machine.step(Fact::Stalled, self.world());
        if effects.is_empty() {
            return;
        }
        tracing::warn!(instance = %self.record.name, silent = ?silent, "no sign of life; torn down and tried again");
        self.act(effects).await;
        let before = self.told.clone();
        self.settle().await;
        // Every stall is told, also one in a row of them, which changes nothing else.
        if before == self.told {
            let event = tell::connection_update(&self.snapshot());
            self.keep(InstanceChange::None, vec![event]).await;
        }
    }

    async fn said(&mut self, said: Said) {
        match said {
            Said::Event(event) => {
                let answered = matches!(event, LinkEvent::LoggedIn(_) | LinkEvent::ProfileChanged(_));
                self.link_event(event).await;
                if answered {
                    self.answer_waiting();
                }
            }
            Said::Ended(outcome) => {
                self.attempt = None;
                self.clear_codes();
                self.fact(Fact::Ended(outcome)).await;
                self.answer_waiting();
            }
        }
    }
}

async fn next(attempt: &mut Option<Attempt>) -> Said {
    match attempt {
        Some(attempt) => attempt.next().await,
        None => std::future::pending().await,
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
