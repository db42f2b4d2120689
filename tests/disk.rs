//! A full disk, for real. `tests/disk/run` makes a small one and names it in `TETHERD_DISK`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tetherd_sandbox::{Options, Sandbox};

use support::stream::Stream;
use support::{Daemon, KEY, LIMIT, run};

const PHONE: &str = "15551234567";
const FRIEND: &str = "4915112345678";

/// What takes the last byte of the disk.
struct Filler(PathBuf);

impl Filler {
    fn fill(disk: &Path) -> Self {
        let path = disk.join("filler");
        let mut file = std::fs::File::create(&path).unwrap();
        for size in [64 * 1024, 1024, 1] {
            while file.write_all(&vec![7; size]).is_ok() {}
        }
        Self(path)
    }

    fn free(self) {
        std::fs::remove_file(self.0).unwrap();
    }
}

async fn health(daemon: &Daemon) -> (u16, String) {
    let (status, body) = daemon.ask_as(None, "GET", "/healthz", None).await;
    (status, body["message"].to_string())
}

/// Until `/healthz` answers this.
async fn until_health(daemon: &Daemon, wanted: u16) -> String {
    let began = tokio::time::Instant::now();
    loop {
        let (status, message) = health(daemon).await;
        if status == wanted {
            return message;
        }
        assert!(began.elapsed() < LIMIT, "never {wanted}: {status} {message}");
        // Nothing tells of health but the answer to who asks.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Creates until there is no room, and returns the refusal.
async fn until_refused(daemon: &Daemon) -> String {
    for n in 0..10_000 {
        let body = json!({"instanceName": format!("more {n}"), "integration": "WHATSAPP-BAILEYS"});
        let (status, answer) = daemon.ask("POST", "/instance/create", Some(body)).await;
        if status != 201 {
            assert_eq!(status, 503, "{answer}");
            return answer["message"].to_string();
        }
    }
    panic!("the disk is never full");
}

async fn code(daemon: &Daemon) -> Option<String> {
    let (_, answer) = daemon.ask("GET", "/instance/connect/shop", None).await;
    answer["code"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_damages_nothing_and_is_over_when_there_is_room() {
    let disk = PathBuf::from(std::env::var("TETHERD_DISK").expect("run by tests/disk/run"));
    let folder = disk.join("data");
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    // The first start of all finds no room: nothing of it stands in the way of the next.
    let filler = Filler::fill(&disk);
    let (started, said) = run(&folder, &["serve", "--listen", "127.0.0.1:0"]).await;
    assert!(!started && (said.contains("disk is full") || said.contains("No space left")), "{said}");
    filler.free();
    let daemon = Daemon::start(&folder, &sandbox).await;
    daemon.create("shop").await;

    // While linking: what WhatsApp is told is on disk, or it is not told.
    let filler = Filler::fill(&disk);
    let refused = until_refused(&daemon).await;
    assert!(refused.contains("the disk is full"), "{refused}");
    let message = until_health(&daemon, 503).await;
    assert!(message.contains("degraded") && message.contains("the disk is full"), "{message}");
    if let Some(code) = code(&daemon).await {
        let _ = tokio::time::timeout(Duration::from_secs(5), sandbox.scan(PHONE, &code)).await;
    }
    assert_ne!(daemon.state().await["state"], "open");
    daemon.until_logged("the disk is full").await;
    filler.free();
    until_health(&daemon, 200).await;
    daemon.until_logged("storage works again").await;
    let began = tokio::time::Instant::now();
    while daemon.state().await["state"] != "open" {
        assert!(began.elapsed() < 2 * LIMIT, "{}", daemon.state().await);
        if let Some(code) = code(&daemon).await {
            let _ = tokio::time::timeout(Duration::from_secs(5), sandbox.scan(PHONE, &code)).await;
        }
    }

    // Messages: none is lost, none comes twice.
    let filler = Filler::fill(&disk);
    until_refused(&daemon).await;
    let ids: Vec<_> = (0..20)
        .map(|n| sandbox.send_text(FRIEND, PHONE, &format!("while it is full {n}")).unwrap())
        .collect();
    until_health(&daemon, 503).await;
    let (backed_up, why) = run(&folder, &["backup", disk.join("backup").to_str().unwrap()]).await;
    assert!(!backed_up && why.contains("no room"), "{why}");
    assert!(!disk.join("backup").exists());
    filler.free();
    until_health(&daemon, 200).await;
    let named = |id: &String| format!("\"id\":\"{id}\"");
    let mut stream = Stream::of(&daemon, KEY, "/events?event=MESSAGES_UPSERT", Some("evt_0")).await;
    for id in &ids {
        stream.until(&named(id)).await;
    }
    // Which one is doubled shows only in the whole.
    let all = events(&daemon).await;
    let counts = ids.iter().map(|id| all.matches(&named(id)).count()).collect::<Vec<_>>();
    assert_eq!(counts, vec![1; ids.len()], "each once");
    let (backed_up, said) = run(&folder, &["backup", disk.join("backup").to_str().unwrap()]).await;
    assert!(backed_up, "{said}");
    daemon.terminate().await;

    // It ends and starts on a full disk, too.
    let daemon = Daemon::start(&folder, &sandbox).await;
    daemon.until("open").await;
    let _filler = Filler::fill(&disk);
    until_refused(&daemon).await;
    daemon.kill().await;
    let (_, said) = run(&folder, &["check", "--listen", "127.0.0.1:0"]).await;
    assert!(said.contains("every sealed value in it opens") && said.contains("make room"), "{said}");
}

/// Messages in the stream from its beginning.
async fn events(daemon: &Daemon) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = daemon.url.trim_start_matches("http://");
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /events?event=MESSAGES_UPSERT HTTP/1.1\r\nhost: {address}\r\napikey: {KEY}\r\nlast-event-id: evt_0\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    // What is stored comes at once; then the stream is silent.
    let mut piece = [0; 16 * 1024];
    while let Ok(Ok(length @ 1..)) =
        tokio::time::timeout(Duration::from_millis(500), stream.read(&mut piece)).await
    {
        text.extend_from_slice(&piece[..length]);
    }
    String::from_utf8_lossy(&text).into_owned()
}
