//! The courier over a real store and real sockets; its time is the test's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests"
)]

mod here;
mod receiver;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::{Value, json};

use super::circuit::CircuitState;
use super::notes::NOTE;
use super::{NoMedia, TRIED_AT_LEAST};
use crate::model::{Clock, EventKind, InstanceChange, NewEvent, Webhook};
use crate::store::DeliveryStatus;
use here::{Here, LIMIT, TRIED, open, run, settle, shop, until};
use receiver::{Answer, Receiver};

const MINUTES: Duration = Duration::from_secs(301);

fn numbers(seen: &[Value]) -> Vec<u64> {
    seen.iter().map(|event| event["data"]["n"].as_u64().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn the_backlog_of_a_receiver_that_was_dead_for_days_arrives_in_order_and_paced() {
    let receiver = Receiver::new(Answer::Status(200));
    let here = Here::start(Webhook::to(receiver.url())).await;
    let mut failed = 0;
    for n in 0..60 {
        here.happens(n).await;
        // Three days and some hours in all.
        for _ in 0..15 {
            failed += 1;
            here.failed(failed).await;
            tokio::time::advance(MINUTES).await;
        }
    }
    assert!(here.listed(DeliveryStatus::Dead).await.is_empty(), "nothing is given up within a week");
    let here = here.restart().await;
    here.failed(1).await;
    receiver.listen().await;
    tokio::time::advance(MINUTES).await;
    let began = tokio::time::Instant::now();
    while receiver.count() < 60 {
        tokio::time::advance(Duration::from_millis(1)).await;
        tokio::task::yield_now().await;
        assert!(began.elapsed() < LIMIT, "{} of 60", receiver.count());
    }
    assert!(began.elapsed() >= Duration::from_millis(580), "100 a second at most: {:?}", began.elapsed());
    let expected: Vec<_> = (0..60).collect();
    assert_eq!(numbers(&receiver.bodies()), expected);
    until("the circuit is closed", || here.state() == CircuitState::Closed).await;
    let seqs: Vec<_> = receiver.bodies().iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=60).collect::<Vec<_>>(), "no gap");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_says_gone_gets_the_next_event_and_the_dead_one_is_listed() {
    let receiver = Receiver::listening(Answer::Status(410)).await;
    let here = Here::start(Webhook::to(receiver.url())).await;
    here.happens(0).await;
    until("asked", || receiver.count() == 1).await;
    receiver.answer(Answer::Status(204));
    here.happens(1).await;
    until("asked for the next one", || receiver.count() == 2).await;
    until("taken", || here.courier.attempts().taken == 1).await;
    settle().await;
    let dead = here.listed(DeliveryStatus::Dead).await;
    assert_eq!((dead.len(), dead[0].answer, dead[0].attempts), (1, Some(410), 1));
    here.store.redeliver(here.id, true, Some(dead[0].id)).await.unwrap();
    tokio::time::advance(NOTE).await;
    until("sent again", || receiver.count() == 3).await;
    assert_eq!(receiver.ids()[0], receiver.ids()[2], "with the same webhook-id");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_refuses_everything_is_left_alone_before_its_backlog_is_burnt() {
    let receiver = Receiver::listening(Answer::Status(404)).await;
    let here = Here::start(Webhook::to(receiver.url())).await;
    for n in 0..50 {
        here.happens(n).await;
    }
    until("its circuit is open", || here.state() == CircuitState::Open).await;
    settle().await;
    assert_eq!(receiver.count(), 3);
    receiver.answer(Answer::Status(200));
    while receiver.count() < 50 {
        tokio::time::advance(Duration::from_millis(100)).await;
        tokio::task::yield_now().await;
    }
    settle().await;
    assert_eq!(here.listed(DeliveryStatus::Dead).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn patience_that_a_receiver_asks_for_outlives_a_restart() {
    let receiver = Receiver::listening(Answer::RetryAfter(503, 90)).await;
    let here = Here::start(Webhook::to(receiver.url())).await;
    here.happens(0).await;
    here.failed(1).await;
    tokio::time::advance(Duration::from_secs(80)).await;
    settle().await;
    assert_eq!(receiver.count(), 1, "not before its time");
    let here = here.restart().await;
    until("it is known still", || here.state() == CircuitState::Open).await;
    settle().await;
    assert_eq!(receiver.count(), 1, "nor by another process");
    receiver.answer(Answer::Status(200));
    tokio::time::advance(Duration::from_secs(11)).await;
    until("asked again", || receiver.count() == 2).await;
}

#[tokio::test(start_paused = true)]
async fn what_waited_while_the_box_was_off_is_tried_for_a_day_before_it_is_given_up() {
    let receiver = Receiver::new(Answer::Status(200));
    let here = Here::start(Webhook::to(receiver.url())).await;
    here.happens(0).await;
    here.failed(1).await;
    here.stop.cancel();
    until("it ends", || here.task.is_finished()).await;
    tokio::time::advance(TRIED + Duration::from_secs(1)).await;
    let here = here.restart().await;
    let began = tokio::time::Instant::now();
    for failed in 1.. {
        here.failed(failed).await;
        if began.elapsed() >= TRIED_AT_LEAST {
            break;
        }
        assert!(here.listed(DeliveryStatus::Dead).await.is_empty(), "given up after {:?}", began.elapsed());
        tokio::time::advance(MINUTES).await;
    }
    let real = std::time::Instant::now();
    while here.listed(DeliveryStatus::Dead).await.is_empty() {
        assert!(real.elapsed() < LIMIT, "it is given up then");
    }
}

#[tokio::test(start_paused = true)]
async fn another_address_is_tried_at_once() {
    let (dead, alive) = (Receiver::new(Answer::Status(200)), Receiver::listening(Answer::Status(200)).await);
    let here = Here::start(Webhook::to(dead.url())).await;
    here.happens(0).await;
    here.failed(1).await;
    here.store.set_webhook(Some(here.id), Webhook::to(alive.url())).await.unwrap();
    until("what waited arrives", || alive.count() == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_hanging_receiver_holds_up_no_end() {
    let receiver = Receiver::listening(Answer::Hang).await;
    let here = Here::start(Webhook::to(receiver.url())).await;
    here.happens(0).await;
    until("asked", || receiver.count() == 1).await;
    let began = tokio::time::Instant::now();
    here.stop.cancel();
    while !here.task.is_finished() {
        tokio::time::advance(Duration::from_millis(10)).await;
        assert!(began.elapsed() < Duration::from_secs(2), "within two seconds");
    }
    let waiting = here.listed(DeliveryStatus::Pending).await;
    assert_eq!((waiting.len(), waiting[0].attempts), (1, 0), "it is made again");
}

#[tokio::test(start_paused = true)]
async fn media_are_waited_for_in_order_and_not_for_ever() {
    let receiver = Receiver::listening(Answer::Status(200)).await;
    let mut webhook = Webhook::to(receiver.url());
    webhook.target.base64 = true;
    let here = Here::start(webhook).await;
    let picture = |n: usize| {
        let data = json!({"n": n, "messageType": "imageMessage", "message": {"imageMessage": {"id": "1"}}});
        NewEvent::new(EventKind::MessagesUpsert, data)
    };
    let offline = Err(NoMedia::NotNow("the link is not connected".into()));
    *here.files.0.lock().unwrap() = Some(offline.clone());
    here.store.change_instance(here.id, InstanceChange::None, vec![picture(0)]).await.unwrap();
    here.happens(1).await;
    settle().await;
    assert_eq!(receiver.count(), 0, "it waits, and what comes after it");
    *here.files.0.lock().unwrap() = Some(Ok(Bytes::from_static(b"picture")));
    tokio::time::advance(Duration::from_secs(6)).await;
    until("both are there", || receiver.count() == 2).await;
    assert_eq!(receiver.bodies()[0]["data"]["message"]["base64"], "cGljdHVyZQ==");
    assert_eq!(numbers(&receiver.bodies()), [0, 1]);
    *here.files.0.lock().unwrap() = Some(offline);
    here.store.change_instance(here.id, InstanceChange::None, vec![picture(2), picture(3)]).await.unwrap();
    let began = tokio::time::Instant::now();
    while receiver.count() < 4 {
        tokio::time::advance(Duration::from_secs(5)).await;
        settle().await;
    }
    assert!(began.elapsed() < Duration::from_mins(4), "once for both: {:?}", began.elapsed());
    let last = &receiver.bodies()[3];
    assert_eq!(last["data"]["message"]["base64Error"], "the link is not connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_delays_none_of_five_hundred() {
    const INSTANCES: usize = 500;
    let (receiver, hanging) =
        (Receiver::listening(Answer::Status(200)).await, Receiver::listening(Answer::Hang).await);
    let clock: Arc<dyn Clock> = Arc::new(crate::model::SystemClock);
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let store = open(&folder, &clock).await;
    let mut ids = Vec::new();
    for n in 0..INSTANCES {
        let url = if n == 7 { hanging.url() } else { format!("{}/{n}", receiver.url()) };
        let new = shop(&format!("i{n}"), Some(Webhook::to(url)));
        ids.push(store.create_instance(new, vec![]).await.unwrap().id);
    }
    let (courier, stop, task) = run(&store, &clock, &Arc::default());
    let began = Instant::now();
    let events = ids.iter().map(|id| (*id, NewEvent::new(EventKind::ConnectionUpdate, json!({})))).collect();
    store.append_events(events).await.unwrap();
    let mut arrivals = receiver.arrivals();
    let all = arrivals.wait_for(|count| *count == INSTANCES - 1);
    tokio::time::timeout(LIMIT, all).await.expect("all but one").unwrap();
    println!(
        "{} of {INSTANCES} receivers had their event {:?} after it was stored",
        INSTANCES - 1,
        began.elapsed()
    );
    assert_eq!((hanging.count(), courier.attempts().failed), (1, 0), "while it still holds its one request");
    stop.cancel();
    task.await.unwrap();
}
