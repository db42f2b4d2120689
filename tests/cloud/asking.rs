//! Meta is asked again while all is well, and at once when somebody wants to know.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tetherd::link::cloud::{CloudConfig, CloudFactory};
use tetherd::link::{Goal, Inbox, LinkContext, LinkError, LinkEvent, LinkOptions, Outcome};
use tetherd::model::{
    Digest, InstanceName, Integration, NewEvent, NewInstance, Secret, Settings, SystemClock,
};
use tetherd::net::{Net, NetConfig};
use tetherd::store::{SealingKey, Store};
use tetherd_sandbox::graph::Condition;
use tetherd_sandbox::{Options, Sandbox};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::LIMIT;
use crate::{ID, TOKEN, number};

struct Nowhere;

#[async_trait]
impl Inbox for Nowhere {
    async fn store(&self, _: Vec<NewEvent>) -> Result<(), LinkError> {
        Err(LinkError::NotConnected)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_number_is_asked_for_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    sandbox.graph().put(number());
    let clock = Arc::new(SystemClock);
    let store = Store::open(&folder.path().join("t.db"), SealingKey::new([1; 32]), Arc::clone(&clock) as _)
        .await
        .unwrap();
    let name = InstanceName::parse("shop").unwrap();
    let mut new = NewInstance::named(name.clone(), Integration::Cloud, Digest::of("key"));
    new.cloud_token = Some(Secret::new(TOKEN));
    let kept = store.create_instance(new, Vec::new()).await.unwrap();
    let asking = |interval| {
        let config = CloudConfig { graph_url: sandbox.graph_url(), version: "v23.0".into(), interval };
        let net = Net::new(&NetConfig::default(), Arc::clone(&clock) as _).unwrap();
        let context = LinkContext {
            id: kept.id,
            name: name.clone(),
            uuid: kept.uuid.clone(),
            integration: Integration::Cloud,
            number: Some(ID.into()),
            business_id: None,
            options: LinkOptions { settings: Settings::default(), proxy: None },
            inbox: Arc::new(Nowhere),
        };
        let link = CloudFactory::new(store.clone(), net, config, || 0.5).make(context);
        let (sink, events) = mpsc::channel(32);
        let running = Arc::clone(&link);
        let run = tokio::spawn(async move { running.run(Goal::Login, sink, CancellationToken::new()).await });
        (link, events, run)
    };

    let (_, mut events, run) = asking(Duration::from_millis(50));
    for _ in 0..5 {
        profile(&mut events).await;
    }
    sandbox.graph().condition(ID, Condition::Revoked).unwrap();
    let ended = tokio::time::timeout(LIMIT, run).await.expect("the next question tells").unwrap();
    assert!(matches!(&ended, Outcome::Ended(cause) if cause.reason.as_str() == "token_invalid"), "{ended:?}");

    sandbox.graph().condition(ID, Condition::Good).unwrap();
    let (link, mut events, run) = asking(Duration::from_hours(24));
    for _ in 0..3 {
        link.ask_again();
        profile(&mut events).await;
    }
    run.abort();
    store.close().await;
}

/// The next answer of Meta's.
async fn profile(events: &mut mpsc::Receiver<LinkEvent>) {
    let told = async {
        while !matches!(events.recv().await.unwrap(), LinkEvent::LoggedIn(_) | LinkEvent::ProfileChanged(_)) {
        }
    };
    tokio::time::timeout(LIMIT, told).await.expect("Meta is asked");
}
