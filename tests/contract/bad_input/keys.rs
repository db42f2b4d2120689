//! Keys that are missing, wrong or malformed, and who guesses.

use serde_json::Value;

use super::asking::{CREATE, everything};
use crate::started;
use crate::support::{Daemon, KEY};
use crate::wire::{request, send};

#[tokio::test(flavor = "multi_thread")]
async fn keys_missing_wrong_twice_and_malformed() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    daemon.create("shop").await;
    let (bearer, long) = (format!("Bearer {KEY}"), "k".repeat(10_000));
    let (upper, spaced) = (KEY.to_uppercase(), format!("{KEY} {KEY}"));
    let good: &[&[(&str, &str)]] = &[
        &[("apikey", KEY)],
        &[("ApiKey", KEY)],
        &[("authorization", &bearer)],
        &[("apikey", KEY), ("apikey", KEY)],
        &[("apikey", KEY), ("authorization", &bearer)],
    ];
    for headers in good {
        let answer = send(&daemon.url, &request("GET /instance/fetchInstances", headers, b"")).await;
        assert_eq!(answer.status, 200, "{headers:?}");
    }
    let bad: &[&[(&str, &str)]] = &[
        &[],
        &[("apikey", "")],
        &[("apikey", "wrong")],
        &[("apikey", &upper)],
        &[("apikey", &spaced)],
        &[("apikey", &long)],
        &[("apikey", "\u{e9}")],
        &[("apikey", KEY), ("apikey", "wrong")],
        &[("apikey", KEY), ("authorization", "Bearer wrong")],
        &[("authorization", KEY)],
        &[("authorization", "Basic dXNlcjpwYXNz")],
        &[("authorization", "Bearer")],
        &[("x-api-key", KEY)],
        &[("cookie", "apikey=0123456789abcdef0123456789abcdef")],
    ];
    let before = everything(&daemon).await;
    for headers in bad {
        for line in
            [CREATE, "DELETE /instance/delete/shop", "GET /instance/connect/nobody", "GET /instance/nonsense"]
        {
            let line = format!("{line}?apikey={KEY}");
            let answer = send(&daemon.url, &request(&line, headers, b"")).await;
            // Who guesses is asked to wait sooner or later; never is he let in.
            if answer.status == 429 {
                answer.is_error(429, &line);
            } else {
                answer.is_error(401, &line);
                assert_eq!(
                    answer.body["message"],
                    send_without_key(&daemon).await,
                    "{line}: all look the same"
                );
            }
        }
    }
    assert_eq!(everything(&daemon).await, before);
    daemon.terminate().await;
}

async fn send_without_key(daemon: &Daemon) -> Value {
    send(&daemon.url, &request("GET /instance/fetchInstances", &[], b"")).await.body["message"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_takes_time() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    daemon.create("shop").await;
    let guess =
        |n: usize| request("GET /instance/connect/shop?wait=0", &[("apikey", &format!("guess-{n}"))], b"");
    let mut answers = Vec::new();
    for n in 0..30 {
        answers.push(send(&daemon.url, &guess(n)).await);
    }
    answers[0].is_error(401, "the first");
    let last = answers.last().unwrap();
    last.is_error(429, "the last");
    let wait: u64 = last.header("retry-after").expect("how long").parse().expect("in seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(
        daemon.ask("GET", "/instance/fetchInstances", None).await.0,
        200,
        "who knows the key waits for nobody"
    );
    daemon.terminate().await;
}
