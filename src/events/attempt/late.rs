//! Receivers that hang, each in another place, on real sockets; the time jumps as soon as they do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, pause, sleep, timeout};

use super::{Letter, Outcome, Post, judge};
use crate::model::{EventKind, SystemClock, WebhookTarget};
use crate::net::{Net, NetConfig, Reach};

/// Longer than any limit; it passes in no time.
const FOR_EVER: Duration = Duration::from_mins(10);

fn post() -> Post {
    let net = Net::new(&NetConfig::default(), Arc::new(SystemClock)).unwrap();
    Post { net, clock: Arc::new(SystemClock), reach: Arc::new(Reach::default()) }
}

/// Posts one event; what came of it, and after how many seconds.
async fn posted(post: &Post, scheme: &str, address: SocketAddr) -> (Outcome, u64) {
    let target = WebhookTarget { url: format!("{scheme}://{address}/hook"), ..WebhookTarget::default() };
    let letter = Letter { id: "evt_1".into(), kind: EventKind::Call, body: Bytes::from("{}") };
    let began = Instant::now();
    let answer = timeout(FOR_EVER, post.post(&target, &letter)).await.expect("given up");
    (judge(&answer, post.clock.now()), began.elapsed().as_secs())
}

fn failed((outcome, seconds): (Outcome, u64), within: RangeInclusive<u64>, words: &str) {
    let Outcome::Failed { answer: None, error, wait: None } = outcome else { panic!("{outcome:?}") };
    assert!(error.contains(words), "{error}");
    assert!(within.contains(&seconds), "after {seconds} s: {error}");
}

/// One connection of a receiver that answers each request with the next of these, and hangs at the last.
/// From the moment on at which it hangs, time jumps.
async fn receiver(answers: &'static [&'static str]) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for (place, answer) in answers.iter().enumerate() {
            let mut request = Vec::new();
            while !request.ends_with(b"{}") {
                assert!(stream.read_buf(&mut request).await.unwrap() > 0, "a whole request");
            }
            if place + 1 == answers.len() {
                pause();
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        // A byte at a time until nobody reads any more.
        while !answers.last().unwrap().is_empty() && stream.write_all(b".").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
        let _ = stream.read(&mut [0]).await;
        // A second connection would be a second request.
        let again = timeout(Duration::from_secs(1), listener.accept()).await;
        assert!(again.is_err(), "it was posted twice");
    });
    (address, serving)
}

#[tokio::test]
async fn a_connection_that_never_comes_is_given_up() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Nobody accepts: once the queue is full, what else wants to connect is not answered.
    let mut waiting = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
    }
    pause();
    failed(posted(&post(), "http", address).await, 8..=10, "there was no connection with 127.0.0.1 in time");
}

#[tokio::test]
async fn tls_that_never_begins_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        pause();
        while stream.read_u8().await.is_ok() {}
    });
    let words =
        "127.0.0.1 took the connection and began no TLS in time; an address without TLS begins with http://";
    failed(posted(&post(), "https", address).await, 10..=12, words);
    serving.await.unwrap();
}

#[tokio::test]
async fn an_answer_that_never_begins_is_given_up() {
    let (address, serving) = receiver(&[""]).await;
    failed(posted(&post(), "http", address).await, 20..=22, "127.0.0.1 did not answer in time; it has 20 s");
    serving.await.unwrap();
}

/// And the event is not posted again by another connection: it is the receiver that is slow.
#[tokio::test]
async fn an_answer_that_never_begins_on_a_kept_connection_is_given_up() {
    const TAKEN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let (address, serving) = receiver(&[TAKEN, ""]).await;
    let post = post();
    let (first, _) = posted(&post, "http", address).await;
    assert_eq!(first, Outcome::Taken { answer: 200 });
    failed(posted(&post, "http", address).await, 20..=22, "did not answer in time; it has 20 s");
    serving.await.unwrap();
}

/// Its status is the receiver's word: what was taken is not posted again.
#[tokio::test]
async fn an_answer_that_never_ends_counts_without_its_end() {
    let (address, serving) = receiver(&["HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n"]).await;
    let (outcome, seconds) = posted(&post(), "http", address).await;
    assert_eq!(outcome, Outcome::Taken { answer: 200 });
    assert!((2..=3).contains(&seconds), "after {seconds} s");
    serving.await.unwrap();
}
