//! Many receivers, one of which hangs.

use std::time::Instant;

use serde_json::json;

use crate::daemon::Daemon;
use crate::receiver::Receiver;

const INSTANCES: usize = 500;
const EVENTS: usize = 5;
/// Of all of them: what Meta tells of it is an event of each.
const NUMBER: &str = "106540352242923";

/// How long all others wait for each event, while one receiver holds its first request and answers nothing.
pub(crate) async fn one_hangs(daemon: &Daemon) {
    let (mut well, hanging) = (Receiver::new(), Receiver::hanging());
    well.listen();
    for n in 0..INSTANCES {
        let url = if n == INSTANCES / 2 { hanging.url.clone() } else { format!("{}/{n}", well.url) };
        let webhook = json!({"url": url, "events": ["MESSAGES_UPSERT"]});
        daemon.create(&format!("i{n}"), NUMBER, Some(webhook)).await;
    }
    println!(
        "\n{INSTANCES} instances with a receiver each, one of which hangs: all others had an event after"
    );
    for event in 1..=EVENTS {
        let began = Instant::now();
        daemon.messages(NUMBER, 1).await;
        well.has((INSTANCES - 1) * event).await;
        println!("{:>50} ms", began.elapsed().as_millis());
    }
    assert_eq!(*hanging.count.borrow(), 1, "it still holds the first one");
}
