#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::{Duration, Instant};

use super::{Effect, Fact, Machine, World};
use crate::link::{Cause, Goal, Outcome, RetryHint};
use crate::model::{Ended, LinkTruth, Profile, Reason, ReasonDetail, Stamp, Visible};

struct Bench {
    machine: Machine,
    world: World,
}

impl Bench {
    fn new(truth: &LinkTruth) -> Self {
        let world =
            World { now: Instant::now(), wall: Stamp::from_millis(1_000_000), looking: true, jitter: 1.0 };
        Self { machine: Machine::new(truth, false, 3), world }
    }

    fn linked() -> Self {
        Self::new(&LinkTruth::Linked { profile: Profile::default(), ended: None })
    }

    fn say(&mut self, fact: Fact) -> Vec<Effect> {
        self.machine.step(fact, self.world)
    }

    fn fail(&mut self, cause: Cause) -> Vec<Effect> {
        self.say(Fact::Ended(Outcome::Ended(cause)))
    }

    fn pass(&mut self, span: Duration) -> &mut Self {
        self.world.now += span;
        self
    }

    fn open() -> Self {
        let mut bench = Self::linked();
        bench.say(Fact::Boot);
        bench.say(Fact::Reached);
        bench.say(Fact::LoggedIn);
        bench
    }

    fn wait(&self) -> Option<Duration> {
        self.machine.next().map(|at| at - self.world.now)
    }
}

const PAIR: Effect = Effect::Start(Goal::Pair);
const LOGIN: Effect = Effect::Start(Goal::Login);

#[test]
fn a_fresh_instance_waits_for_a_person_and_a_linked_one_does_not() {
    let mut fresh = Bench::new(&LinkTruth::Never);
    assert_eq!(fresh.say(Fact::Boot), []);
    assert_eq!(fresh.machine.shows(), (Visible::Close, None));
    let mut linked = Bench::linked();
    assert_eq!(linked.say(Fact::Boot), [LOGIN]);
    assert_eq!(linked.machine.shows(), (Visible::Connecting, Some(Reason::Connecting)));
}

#[test]
fn from_a_code_to_open() {
    let mut b = Bench::new(&LinkTruth::Never);
    assert_eq!(b.say(Fact::Connect), [PAIR]);
    assert_eq!(b.say(Fact::Connect), [], "one attempt, however many ask");
    b.say(Fact::Reached);
    assert_eq!(b.say(Fact::Code), [Effect::Show]);
    assert_eq!(b.machine.shows(), (Visible::Connecting, Some(Reason::WaitingForScan)));
    assert!(!b.machine.scanned());
    b.say(Fact::Scanned);
    b.say(Fact::Linked);
    assert!(b.machine.scanned());
    let after_515 = Cause::new(Reason::RestartRequired).hinting(RetryHint::AtOnce);
    assert_eq!(b.fail(after_515), [LOGIN]);
    assert_eq!(b.machine.reason(), Some(Reason::Connecting), "515 after a scan is part of linking");
    b.say(Fact::LoggedIn);
    assert!(!b.machine.scanned());
    assert_eq!(b.machine.shows(), (Visible::Open, Some(Reason::Open)));
    assert_eq!(b.machine.attempt(), 0);
}

#[test]
fn codes_end_when_nobody_looks_or_at_the_limit() {
    for (looking, shown) in [(false, 1), (true, 3)] {
        let mut b = Bench::new(&LinkTruth::Never);
        b.world.looking = looking;
        b.say(Fact::Connect);
        for _ in 0..shown {
            assert_eq!(b.say(Fact::Code), [Effect::Show]);
        }
        assert_eq!(b.say(Fact::Code), [Effect::Halt]);
        assert_eq!(b.machine.shows(), (Visible::Close, Some(Reason::CodeExpired)));
        b.say(Fact::Ended(Outcome::Stopped));
        assert_eq!(b.machine.shows(), (Visible::Close, Some(Reason::CodeExpired)));
        assert_eq!(b.say(Fact::Connect), [PAIR]);
        assert_eq!(b.say(Fact::Code), [Effect::Show], "asked again, counted anew");
    }
}

#[test]
fn out_of_codes_goes_on_while_somebody_looks() {
    let mut b = Bench::new(&LinkTruth::Never);
    b.say(Fact::Connect);
    b.say(Fact::Code);
    assert_eq!(b.fail(Cause::new(Reason::CodeExpired)), [PAIR]);
    b.world.looking = false;
    assert_eq!(b.fail(Cause::new(Reason::CodeExpired)), []);
    assert_eq!(b.machine.shows(), (Visible::Close, Some(Reason::CodeExpired)));
}

#[test]
fn a_drop_is_followed_at_once_and_then_with_backoff() {
    let mut b = Bench::open();
    assert_eq!(b.pass(Duration::from_mins(1)).fail(Cause::new(Reason::Disconnected)), [LOGIN]);
    assert_eq!(b.machine.shows(), (Visible::Connecting, Some(Reason::Disconnected)));
    assert_eq!(b.fail(Cause::new(Reason::Offline)), []);
    assert_eq!(b.wait(), Some(Duration::from_secs(2)));
    assert_eq!(b.machine.shows(), (Visible::Connecting, Some(Reason::Offline)));
    assert_eq!(b.say(Fact::Timer), [], "not before its time");
    assert_eq!(b.pass(Duration::from_secs(2)).say(Fact::Timer), [LOGIN]);
    assert_eq!(b.machine.reason(), Some(Reason::Offline), "the same reason makes no second event");
}

#[test]
fn a_caller_and_the_network_end_the_wait() {
    for fact in [Fact::Connect, Fact::WorldChanged, Fact::Restart] {
        let mut b = Bench::open();
        b.fail(Cause::new(Reason::Disconnected));
        b.fail(Cause::new(Reason::Offline));
        assert_eq!(b.say(fact), [LOGIN]);
        assert_eq!(b.machine.attempt(), 1);
    }
}

#[test]
fn logged_out_forgets_and_waits_for_a_person() {
    let mut b = Bench::open();
    assert_eq!(b.fail(Cause::new(Reason::LoggedOut)), [Effect::Forget]);
    assert_eq!(b.machine.shows(), (Visible::Close, Some(Reason::LoggedOut)));
    assert_eq!(b.wait(), None);
    assert_eq!(b.say(Fact::WorldChanged), []);
    assert_eq!(b.say(Fact::Connect), [PAIR]);
}

#[test]
fn logged_out_is_not_lost_under_a_restart() {
    let mut b = Bench::open();
    assert_eq!(b.say(Fact::Restart), [Effect::Halt]);
    assert_eq!(b.fail(Cause::new(Reason::LoggedOut)), [Effect::Forget]);
    assert_eq!(b.machine.visible(), Visible::Close);
}

#[test]
fn a_ban_is_waited_out_also_over_a_restart_of_the_process() {
    let detail = ReasonDetail { message: None, expires_ms: Some(1_060_000) };
    let mut b = Bench::open();
    let cause = Cause { detail: detail.clone(), ..Cause::new(Reason::TemporarilyBanned) };
    assert_eq!(b.fail(cause), [Effect::KeepEnded(true)]);
    assert_eq!(b.machine.visible(), Visible::Close);
    assert_eq!(b.wait(), Some(Duration::from_mins(1)));
    let ended = Ended { reason: Reason::TemporarilyBanned, at: Stamp::from_millis(0), detail };
    let mut b = Bench::new(&LinkTruth::Linked { profile: Profile::default(), ended: Some(ended) });
    assert_eq!(b.say(Fact::Boot), []);
    assert_eq!(b.wait(), Some(Duration::from_mins(1)));
    assert_eq!(b.pass(Duration::from_mins(1)).say(Fact::Timer), [LOGIN]);
    assert_eq!(b.say(Fact::LoggedIn), [Effect::KeepEnded(false)]);
}

#[test]
fn replaced_is_asked_once_more_and_then_left_alone() {
    let mut b = Bench::open();
    assert_eq!(b.fail(Cause::new(Reason::Replaced)), [Effect::KeepEnded(true)]);
    assert_eq!(b.wait(), Some(Duration::from_mins(5)));
    assert_eq!(b.pass(Duration::from_mins(5)).say(Fact::Timer), [LOGIN]);
    b.fail(Cause::new(Reason::Replaced));
    assert_eq!(b.wait(), None);
    assert_eq!(b.say(Fact::Connect), [LOGIN]);
}

#[test]
fn outdated_tries_a_learnt_number_at_once_and_then_rests() {
    let mut b = Bench::open();
    assert_eq!(b.fail(Cause::new(Reason::ClientOutdated).hinting(RetryHint::AtOnce)), [LOGIN]);
    b.fail(Cause::new(Reason::ClientOutdated));
    assert_eq!(b.machine.visible(), Visible::Close);
    assert_eq!(b.wait(), Some(Duration::from_hours(6)));
}

#[test]
fn come_again_without_end_is_no_loop() {
    let mut b = Bench::open();
    let again = || Cause::new(Reason::RestartRequired).hinting(RetryHint::AtOnce);
    assert!((0..3).all(|_| b.fail(again()) == [LOGIN]));
    assert_eq!(b.fail(again()), []);
    assert!(b.wait().unwrap() >= Duration::from_secs(1));
}

#[test]
fn a_stall_is_torn_down_and_tried_again() {
    let mut b = Bench::open();
    assert!(b.machine.patience().is_some());
    assert_eq!(b.say(Fact::Stalled), [Effect::Halt]);
    assert_eq!(b.say(Fact::Stalled), [], "once");
    assert_eq!(b.say(Fact::Ended(Outcome::Stopped)), [LOGIN]);
    assert_eq!(b.machine.reason(), Some(Reason::TimedOut));
}

#[test]
fn closed_by_a_person_stays_closed() {
    let mut b = Bench::open();
    assert_eq!(b.say(Fact::Closed), [Effect::Halt]);
    assert_eq!(b.machine.shows(), (Visible::Close, Some(Reason::LoggedOut)));
    assert_eq!(b.say(Fact::Ended(Outcome::Stopped)), []);
    assert_eq!(b.say(Fact::WorldChanged), []);
    assert_eq!(b.machine.visible(), Visible::Close);
}

#[test]
fn an_unlinked_instance_that_cannot_dial_rests_when_nobody_looks() {
    let mut b = Bench::new(&LinkTruth::Never);
    b.say(Fact::Connect);
    assert_eq!(b.fail(Cause::new(Reason::Offline)), []);
    assert_eq!(b.machine.visible(), Visible::Connecting);
    b.world.looking = false;
    b.pass(Duration::from_secs(1)).say(Fact::Timer);
    b.fail(Cause::new(Reason::Offline));
    assert_eq!(b.machine.shows(), (Visible::Close, Some(Reason::Offline)));
    assert_eq!(b.wait(), None);
}

#[test]
fn a_late_word_of_the_connection_takes_nothing_back() {
    let mut b = Bench::open();
    b.say(Fact::Reached);
    assert_eq!(b.machine.shows(), (Visible::Open, Some(Reason::Open)));
}

#[test]
fn a_link_over_a_time_of_sleep_is_opened_again_at_once() {
    let mut b = Bench::open();
    assert_eq!(b.say(Fact::Woke(Duration::from_hours(3))), [Effect::Halt]);
    assert_eq!(b.machine.shows(), (Visible::Connecting, Some(Reason::Disconnected)), "not open any more");
    assert_eq!(b.say(Fact::Ended(Outcome::Stopped)), [LOGIN]);
    assert_eq!(b.machine.reason(), Some(Reason::Disconnected));
    let mut b = Bench::open();
    b.fail(Cause::new(Reason::Disconnected));
    b.fail(Cause::new(Reason::Offline));
    assert_eq!(b.say(Fact::Woke(Duration::from_hours(3))), [LOGIN], "a wait ends too");
}

#[test]
fn a_link_is_trusted_for_less_long_when_the_network_changed_under_it() {
    let mut b = Bench::open();
    let patience = b.machine.patience().unwrap();
    assert_eq!(b.say(Fact::WorldChanged), []);
    assert!(b.machine.patience().unwrap() < patience);
    assert_eq!(b.machine.visible(), Visible::Open);
    b.fail(Cause::new(Reason::Disconnected));
    b.say(Fact::LoggedIn);
    assert_eq!(b.machine.patience(), Some(patience));
}

#[test]
fn a_bans_wait_is_reckoned_anew_when_the_clock_is_set() {
    let mut b = Bench::open();
    let end = b.world.wall.plus(Duration::from_hours(2));
    let mut cause = Cause::new(Reason::TemporarilyBanned);
    cause.detail.expires_ms = Some(end.millis());
    b.fail(cause);
    assert_eq!(b.wait(), Some(Duration::from_hours(2)));
    b.world.wall = b.world.wall.plus(Duration::from_hours(1));
    assert_eq!(b.say(Fact::WorldChanged), [], "a ban is no fault of the network's");
    assert_eq!(b.wait(), Some(Duration::from_hours(1)));
}

#[test]
fn a_caller_does_not_wait_for_an_attempt_that_hangs_and_a_slow_line_gets_through_all_the_same() {
    let second = Duration::from_secs(1);
    let mut b = Bench::new(&LinkTruth::Never);
    b.say(Fact::Connect);
    assert_eq!(b.machine.wake(), None, "whoever started it waits for it");
    assert_eq!(b.pass(second / 2).say(Fact::Connect), [], "it is given a moment");
    let due = b.machine.wake().unwrap();
    assert_eq!(due - b.world.now, second / 2);
    assert_eq!(b.say(Fact::Timer), [], "not before its time");
    assert_eq!(b.pass(second / 2).say(Fact::Timer), [Effect::Halt]);
    assert_eq!((b.say(Fact::Connect), b.machine.wake()), (vec![], None), "once, however many ask");
    assert_eq!(b.say(Fact::Ended(Outcome::Stopped)), [PAIR]);
    let (mut longest, mut began) = (Duration::ZERO, b.world.now);
    for _ in 0..100 {
        if b.pass(second / 2).say(Fact::Connect) == [Effect::Halt] {
            b.say(Fact::Ended(Outcome::Stopped));
            began = b.world.now;
        }
        longest = longest.max(b.world.now - began);
    }
    assert!(longest > 10 * second, "asked twice a second, it is left alone in the end: {longest:?}");
    b.say(Fact::Reached);
    assert_eq!(b.pass(second).say(Fact::Connect), [], "it moves");
    b.say(Fact::Code);
    assert_eq!(b.pass(60 * second).say(Fact::Connect), [], "a code is shown");
}

#[test]
fn it_is_known_when_a_silent_attempt_is_given_up() {
    let mut b = Bench::new(&LinkTruth::Never);
    assert_eq!(b.machine.given_up(), None);
    b.say(Fact::Connect);
    assert_eq!(b.machine.given_up(), Some(b.world.now + crate::link::NOTHING_YET));
    b.pass(Duration::from_secs(5)).say(Fact::Reached);
    assert_eq!(b.machine.given_up(), Some(b.world.now + crate::link::NOTHING_YET));
    b.say(Fact::Code);
    assert_eq!(b.machine.given_up(), None);
}
