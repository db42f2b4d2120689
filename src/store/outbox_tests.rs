#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{
    Delivery, DeliveryFilter, DeliveryStatus, EventFilter, Retention, SealingKey, Store, Verdict, WebhookId,
};
use crate::model::{
    Clock, Digest, EventKind, InstanceChange, InstanceId, InstanceName, Integration, NewEvent, NewInstance,
    Stamp, Webhook,
};

const DAY: Duration = Duration::from_hours(24);
const KEEP: Retention =
    Retention { delivered: DAY, dead: Duration::from_hours(14 * 24), tried: Some(DAY), bytes: i64::MAX };

/// A clock that the test sets.
struct Wall(AtomicI64);

impl Clock for Wall {
    fn now(&self) -> Stamp {
        Stamp::from_millis(self.0.load(Ordering::SeqCst))
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }
}

struct Here {
    store: Store,
    wall: Arc<Wall>,
    id: InstanceId,
    hook: WebhookId,
    _folder: tempfile::TempDir,
}

impl Here {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let wall = Arc::new(Wall(AtomicI64::new(1_795_387_297_005)));
        let store = open(folder.path(), &wall).await;
        let id = store.create_instance(shop("shop"), vec![]).await.unwrap().id;
        let hook = store.set_webhook(Some(id), Webhook::to("http://h/")).await.unwrap().id;
        Self { store, wall, id, hook, _folder: folder }
    }

    fn later(&self, span: Duration) {
        self.wall.0.fetch_add(i64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }

    async fn happens(&self, count: usize) {
        let events = (0..count).map(|_| note("x")).collect();
        self.store.change_instance(self.id, InstanceChange::None, events).await.unwrap();
    }

    async fn next(&self, hook: WebhookId) -> Vec<Delivery> {
        self.store.next_deliveries(hook, 0, 100, usize::MAX).await.unwrap()
    }

    async fn settle(&self, delivery: &Delivery, verdict: Verdict) {
        self.store.settle_deliveries(vec![(delivery.id, verdict)]).await.unwrap();
    }

    async fn listed(&self, status: Option<DeliveryStatus>, before: Option<i64>, limit: u32) -> Vec<Delivery> {
        let filter = DeliveryFilter { instance: self.id, own: false, status, before, limit };
        self.store.deliveries(filter).await.unwrap()
    }

    async fn events(&self) -> usize {
        self.store.events_after(0, EventFilter::default(), 10_000).await.unwrap().len()
    }
}

async fn open(folder: &Path, wall: &Arc<Wall>) -> Store {
    let clock = Arc::clone(wall);
    Store::open(&folder.join("t.db"), SealingKey::new([1; 32]), clock).await.unwrap()
}

fn shop(name: &str) -> NewInstance {
    NewInstance::named(InstanceName::parse(name).unwrap(), Integration::Web, Digest::of(name))
}

fn note(text: &str) -> NewEvent {
    NewEvent::new(EventKind::ConnectionUpdate, json!({ "state": text }))
}

fn delivered() -> Verdict {
    Verdict::Delivered { answer: 200 }
}

fn dead() -> Verdict {
    Verdict::Dead { answer: Some(410), error: "gone".into() }
}

#[tokio::test]
async fn events_go_to_every_webhook_that_wants_them_in_order_and_once() {
    let here = Here::new().await;
    let only_calls = Webhook { events: Some(vec![EventKind::Call]), ..Webhook::to("http://g/") };
    let global = here.store.set_webhook(None, only_calls).await.unwrap().id;
    here.store.due().await;
    let message = || NewEvent::once(EventKind::MessagesUpsert, json!({"a": 1}), "chat/1");
    let call = NewEvent::new(EventKind::Call, json!({}));
    let change = |events| here.store.change_instance(here.id, InstanceChange::None, events);
    change(vec![message(), message(), call]).await.unwrap();
    change(vec![message()]).await.unwrap();
    let seqs: Vec<_> = here.store.last_events(here.id, 10).await.unwrap().iter().map(|e| e.seq.0).collect();
    assert_eq!(seqs, [2, 1], "a redelivered message makes no second event");
    let woken: Vec<_> = here.store.due().await.into_iter().collect();
    assert_eq!(woken, [(here.hook, false), (global, false)], "the commit says who is concerned");
    let first = here.next(here.hook).await.remove(0);
    assert_eq!(first.event.kind, EventKind::MessagesUpsert);
    let again =
        Verdict::Again { answer: Some(503), error: "503".into(), not_before: Some(Stamp::from_millis(7)) };
    here.settle(&first, again).await;
    let same = here.next(here.hook).await.remove(0);
    assert_eq!((same.id, same.attempts), (first.id, 1), "in order: the first one again");
    let head = here.store.heads().await.unwrap()[0];
    assert_eq!((head.webhook, head.attempts, head.not_before), (here.hook, 1, Some(Stamp::from_millis(7))));
    here.settle(&same, dead()).await;
    assert_eq!(here.next(here.hook).await[0].event.kind, EventKind::Call);
    let given_up = here.listed(Some(DeliveryStatus::Dead), None, 10).await;
    assert_eq!((given_up.len(), given_up[0].answer, given_up[0].global), (1, Some(410), false));
    assert_eq!(here.store.redeliver(here.id, true, None).await.unwrap(), 1);
    assert!(here.store.due().await.contains_key(&here.hook), "somebody is woken for it");
    assert_eq!(here.next(here.hook).await[0].id, first.id, "at its old place in the line");
    assert_eq!(here.store.delivery_counts().await.unwrap(), [3, 0, 0]);
    let calls = here.store.waiting().await.unwrap();
    assert_eq!(
        calls.iter().map(|w| (w.instance, w.count)).collect::<Vec<_>>(),
        [(Some(here.id), 2), (None, 1)]
    );
}

/// Commits that changed something, since the process began.
fn commits(store: &Store) -> u64 {
    let (mut registry, mut text) = (prometheus_client::registry::Registry::default(), String::new());
    registry.register("commits", "", store.write_figures().commits);
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    text.lines().find_map(|line| line.strip_prefix("commits_count ")).unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_event_costs_one_commit_at_most_and_what_comes_together_shares_one() {
    let here = Here::new().await;
    let before = commits(&here.store);
    here.happens(3).await;
    assert_eq!(commits(&here.store), before + 1, "with its deliveries");
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let busy = here.store.write(move |_| Ok(wait.recv().is_ok()));
    let all =
        futures_util::future::join(busy, futures_util::future::join_all((0..100).map(|_| here.happens(1))));
    let mut all = std::pin::pin!(all);
    let once = |context: &mut Context<'_>| Poll::Ready(all.as_mut().poll(context).is_pending());
    assert!(std::future::poll_fn(once).await, "all of them wait");
    go.send(()).unwrap();
    assert!(all.await.0.is_ok());
    assert_eq!((commits(&here.store), here.events().await), (before + 2, 103));
}

#[tokio::test]
async fn a_page_after_a_page_lists_all_and_an_instance_sees_its_own() {
    let here = Here::new().await;
    here.store.set_webhook(None, Webhook::to("http://g/")).await.unwrap();
    here.happens(5).await;
    let (mut all, mut before) = (Vec::new(), None);
    loop {
        let page = here.listed(None, before, 3).await;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        all.extend(page.iter().map(|d| d.id));
    }
    assert_eq!(all.len(), 10);
    assert!(all.windows(2).all(|pair| pair[0] > pair[1]), "newest first, none twice: {all:?}");
    let filter = DeliveryFilter { instance: here.id, own: true, status: None, before: None, limit: 50 };
    let own = here.store.deliveries(filter).await.unwrap();
    assert!(own.len() == 5 && own.iter().all(|d| !d.global));
    let foreign = here.listed(None, None, 1).await[0].id;
    assert_eq!(here.store.redeliver(here.id, true, Some(foreign)).await.unwrap(), 0, "pending: not again");
}

#[tokio::test]
async fn a_webhook_that_is_off_keeps_its_line_and_gets_no_more() {
    let here = Here::new().await;
    here.happens(1).await;
    here.store
        .set_webhook(Some(here.id), Webhook { enabled: false, ..Webhook::to("http://h/") })
        .await
        .unwrap();
    here.happens(1).await;
    assert!(here.next(here.hook).await.is_empty());
    let row = here.store.set_webhook(Some(here.id), Webhook::to("http://h2/")).await.unwrap();
    assert_eq!(row.id, here.hook);
    assert_eq!(here.next(here.hook).await.len(), 1, "what waited goes to the new address");
}

#[tokio::test]
async fn the_first_event_of_an_instance_goes_to_the_webhook_that_came_with_it() {
    let here = Here::new().await;
    let new = NewInstance { webhook: Some(Webhook::to("http://h/")), ..shop("other") };
    let id = here.store.create_instance(new, vec![note("created")]).await.unwrap().id;
    let hook = here.store.webhook_of(Some(id)).await.unwrap().unwrap();
    assert_eq!(here.next(hook.id).await.len(), 1);
}

#[tokio::test]
async fn a_deleted_instance_still_delivers_its_last_events() {
    let here = Here::new().await;
    here.store.delete_instance(here.id, vec![note("gone")], false).await.unwrap();
    let last = here.next(here.hook).await.remove(0);
    assert_eq!(last.event.name, "shop");
    here.store.create_instance(shop("shop"), vec![]).await.expect("the name is free at once");
    here.settle(&last, delivered()).await;
    here.store.prune_by_age(KEEP).await.unwrap();
    let webhook = here.store.webhook(here.hook).await.unwrap();
    assert!(webhook.is_none(), "the retired webhook went with its last delivery");
}

#[tokio::test]
async fn by_age_go_delivered_ones_after_a_day_dead_ones_after_two_weeks_and_none_that_waits() {
    let here = Here::new().await;
    here.happens(4).await;
    let batch = here.next(here.hook).await;
    here.settle(&batch[0], delivered()).await;
    here.settle(&batch[1], dead()).await;
    let rounds = [(23, 4, 0), (2, 3, 2), (24 * 13, 2, 0), (23, 2, 0), (2, 0, 0)];
    for (hours, left, expired) in rounds {
        here.later(Duration::from_hours(hours));
        let pruned = here.store.prune_by_age(KEEP).await.unwrap();
        assert_eq!((here.events().await, pruned.expired), (left, expired), "{hours} h later");
    }
    assert_eq!(here.store.outbox_figures().lost, 0, "old age is no loss");
}

#[tokio::test]
async fn what_nobody_takes_for_long_is_given_up_and_can_be_sent_again() {
    let here = Here::new().await;
    here.happens(1).await;
    here.later(DAY + Duration::from_secs(1));
    assert_eq!(here.store.prune_by_age(KEEP).await.unwrap().expired, 1);
    let given_up = here.listed(Some(DeliveryStatus::Dead), None, 10).await;
    assert!(given_up[0].error.as_deref().unwrap().contains("given up"));
    here.store.redeliver(here.id, false, Some(given_up[0].id)).await.unwrap();
    assert_eq!(here.store.prune_by_age(KEEP).await.unwrap().expired, 0, "its time begins anew");
    assert_eq!(here.next(here.hook).await.len(), 1);
}

#[tokio::test]
async fn a_damaged_event_is_told_of_and_stops_none_behind_it() {
    let here = Here::new().await;
    here.happens(3).await;
    let damage = "UPDATE event SET data = CAST(substr(data, 1, 30) || x'00' AS BLOB) WHERE seq = 2";
    here.store.write(move |connection| Ok(connection.execute(damage, [])?)).await.unwrap();
    let kinds: Vec<_> = here.next(here.hook).await.iter().map(|d| (d.event.seq.0, d.event.kind)).collect();
    let fine = EventKind::ConnectionUpdate;
    assert_eq!(kinds, [(1, fine), (2, EventKind::EventsLost), (3, fine)]);
    let lost = &here.next(here.hook).await[1].event.data;
    assert_eq!((&lost["lost"], &lost["firstSeq"], &lost["lastSeq"]), (&json!(1), &json!(2), &json!(2)));
    assert_eq!(here.events().await, 3, "for readers of the stream too");
    assert_eq!(here.listed(None, None, 10).await.len(), 3);
}

#[tokio::test]
async fn a_clock_that_was_wrong_keeps_nothing_for_ever() {
    let here = Here::new().await;
    here.later(Duration::from_hours(24 * 3650));
    here.happens(1).await;
    here.wall.0.store(1_795_387_297_005, Ordering::SeqCst);
    here.happens(1).await;
    for delivery in here.next(here.hook).await {
        here.settle(&delivery, delivered()).await;
    }
    here.later(DAY * 2);
    assert_eq!(here.store.prune_by_age(KEEP).await.unwrap().gone, 2);
}

#[tokio::test]
async fn over_budget_go_delivered_ones_then_dead_ones_then_the_oldest_and_the_loss_is_told() {
    let here = Here::new().await;
    here.happens(30).await;
    let batch = here.next(here.hook).await;
    for delivery in &batch[20..] {
        here.settle(delivery, delivered()).await;
    }
    for delivery in &batch[10..20] {
        here.settle(delivery, dead()).await;
    }
    let each = here.store.outbox_figures().bytes / 30;
    let keep = |events: i64| Retention { bytes: events * each, ..KEEP };
    assert_eq!(here.store.prune_by_size(keep(30)).await.unwrap().gone, 0);
    let pruned = here.store.prune_by_size(keep(25)).await.unwrap();
    assert!(pruned.lost == 0 && (5..=9).contains(&pruned.gone), "what all have goes first: {pruned:?}");
    let pruned = here.store.prune_by_size(keep(15)).await.unwrap();
    assert!(pruned.lost > 0, "{pruned:?}");
    assert_eq!(
        here.next(here.hook).await.iter().filter(|d| d.event.kind == EventKind::ConnectionUpdate).count(),
        10
    );
    let told = here.store.last_events(here.id, 1).await.unwrap().remove(0);
    assert_eq!((told.kind, told.data["lost"].as_u64()), (EventKind::EventsLost, Some(pruned.lost as u64)));
    assert_eq!(told.data["firstSeq"], 11, "which they were");
    let pruned = here.store.prune_by_size(keep(6)).await.unwrap();
    let left = here.next(here.hook).await;
    let oldest = left.first().unwrap().event.seq.0;
    assert!(
        oldest > 1 && left.iter().any(|d| d.event.seq.0 == 10),
        "the oldest that waits goes first: {pruned:?}"
    );
    let mut told = 0;
    for delivery in left.iter().filter(|d| d.event.kind == EventKind::EventsLost) {
        told += delivery.event.data["lost"].as_i64().unwrap();
    }
    let newest = left.last().unwrap().event.seq.0;
    let (waiting, all) = (i64::try_from(left.len()).unwrap(), 10);
    assert_eq!(newest - waiting - all, told, "all that went, but what all had: {left:?}");
    let figures = here.store.outbox_figures();
    assert!(figures.bytes <= keep(6).bytes, "{figures:?}");
    assert!(figures.lost > 10);
    let weighed: i64 = here.store.weigh_events().await.unwrap() - figures.bytes;
    assert_eq!(weighed, figures.bytes, "the running count is true");
}
