//! A plan as a file.

use tetherd::model::Reason;
use tetherd_sandbox::{Options, Plan, Sandbox};

use crate::here::{self, Here, LIMIT, PHONE};

const PLAN: &str = r#"
# The first connection is refused, and the first one that stands is dropped when it gets its codes.
[[fault]]
kind = "upgrade"
status = 403
times = 1

[[fault]]
kind = "drop"
at = { direction = "out", child = "pair-device" }

# Linked, then sent away twice.
[[fault]]
kind = "failure"
reason = 503
times = 2
jid = "15551234567"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_evening_of_faults_and_it_is_linked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evening.toml");
    std::fs::write(&file, PLAN).unwrap();
    let plan = Plan::read(&file).unwrap();
    let sandbox = Sandbox::start(Options { plan, ..Options::default() }).await.unwrap();
    let here = Here::start(folder.path(), &sandbox).await;
    let (shop, now) = (here.create("shop").await, here.now());
    let troubles = async {
        here.reason(now, Reason::ServerUnavailable).await;
        here.reason(now, Reason::Disconnected).await;
    };
    let (_, ()) = tokio::join!(shop.connect(None, LIMIT), troubles);
    let text = here::code(&shop).await;
    let now = here.now();
    sandbox.scan(PHONE, &text).await.unwrap();
    here.reason(now, Reason::ServerUnavailable).await;
    here::open(&shop).await;
    assert_eq!(sandbox.state()["faults"].as_array().unwrap().len(), 0, "all have happened");
    here.stop().await;
}
