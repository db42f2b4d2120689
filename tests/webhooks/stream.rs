//! `GET /events`.

use std::time::Duration;

use tokio::time::Instant;

use crate::created;
use crate::support::stream::Stream;
use crate::support::{KEY, LIMIT};

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_resumes_from_the_store_and_reaches_no_further_than_its_key() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, _sandbox, token) = created(folder.path(), &[]).await;
    daemon.create("other").await;
    let mut all = Stream::of(&daemon, KEY, "/events?event=INSTANCE_CREATE", Some("evt_0")).await;
    let head = all.text.to_lowercase();
    assert!(head.contains("200 ok") && head.contains("content-type: text/event-stream"), "{head}");
    all.until("id: evt_2\n").await;
    assert!(all.text.contains("event: INSTANCE_CREATE\ndata: {"), "{}", all.text);
    let mut own = Stream::of(&daemon, &token, "/events", Some("evt_0")).await;
    daemon.ask("GET", "/instance/connect/other?wait=0", None).await;
    daemon.ask("GET", "/instance/connect/shop?wait=0", None).await;
    own.until("CONNECTION_UPDATE").await;
    let text = &own.text;
    assert!(text.contains("\"instance\":\"shop\"") && !text.contains("\"instance\":\"other\""), "{text}");
    for (key, path, after, status) in [
        (token.as_str(), "/events?instance=other", None, " 401 "),
        (KEY, "/events?instance=absent", None, " 404 "),
        (KEY, "/events?event=NOPE", None, " 400 "),
        (KEY, "/events", Some("seven"), " 400 "),
    ] {
        let refused = Stream::of(&daemon, key, path, after).await.text;
        assert!(refused.contains(status), "{path}: {refused}");
    }
    daemon.terminate().await;
}

/// It is told that the stream ends, and resumes at the next start.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stays_keeps_no_end_up() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, _sandbox, _) = created(folder.path(), &[]).await;
    let reading = tokio::spawn(Stream::from_now(&daemon).await.ended());
    daemon.signal(rustix::process::Signal::TERM);
    let log = daemon.stopped().await;
    assert!(!log.contains("connections were still busy"), "{log}");
    assert!(reading.await.unwrap().ends_with("0\r\n\r\n"), "its last chunk");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reader_too_many_is_refused_until_another_one_goes() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, _sandbox, _) = created(folder.path(), &[]).await;
    let mut readers = Vec::new();
    let refused = loop {
        let reader = Stream::of(&daemon, KEY, "/events", None).await;
        if !reader.text.contains(" 200 ") {
            break reader.text;
        }
        readers.push(reader);
    };
    assert_eq!(readers.len(), 64);
    assert!(refused.contains(" 503 ") && refused.to_lowercase().contains("retry-after: "), "{refused}");
    drop(readers);
    let deadline = Instant::now() + LIMIT;
    while !Stream::of(&daemon, KEY, "/events", None).await.text.contains(" 200 ") {
        assert!(Instant::now() < deadline, "there is room again");
        // When a place is free is told to nobody: who wants one asks again.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    daemon.terminate().await;
}
