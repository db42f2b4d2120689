//! Requests without end, and clients without haste.

use tokio::io::AsyncWriteExt as _;

use super::asking::{CREATE, JSON};
use crate::started;
use crate::support::KEY;
use crate::wire::{answer, open, request, send};

/// A client that is slow to ask, or to take its answer, costs only itself.
#[tokio::test(flavor = "multi_thread")]
async fn headers_without_end_and_clients_without_haste() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    daemon.create("shop").await;
    let huge = format!("GET / HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(500));
    for bytes in [&huge, &many] {
        let (mut reading, mut writing) = open(&daemon.url).await.into_split();
        let _ = writing.write_all(bytes.as_bytes()).await;
        assert_eq!(answer(&mut reading).await.status, 431);
    }
    let long = request("GET /", &[("x-long", &"x".repeat(40_000))], b"");
    let told = send(&daemon.url, &long).await;
    told.is_error(431, "more than a head may have");
    assert_eq!(told.body["code"], "headers_too_large");
    let mut held = Vec::new();
    let asking = request("GET /openapi.json", &[], b"");
    let posting = request(
        CREATE,
        &[("apikey", KEY), JSON],
        br#"{"instanceName":"slow","integration":"WHATSAPP-BAILEYS"}"#,
    );
    for n in 0..120 {
        let mut stream = open(&daemon.url).await;
        let part: &[u8] = match n % 4 {
            0 => &[],
            1 => &asking[..20],
            2 => &posting[..posting.len() - 5],
            // Asks for much, again and again, and reads nothing of it.
            _ => &asking.repeat(20),
        };
        stream.write_all(part).await.unwrap();
        held.push(stream);
    }
    let began = tokio::time::Instant::now();
    for _ in 0..20 {
        assert_eq!(daemon.ask("GET", "/instance/fetchInstances", None).await.0, 200);
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "others are served meanwhile");
    daemon.terminate().await;
    drop(held);
}
