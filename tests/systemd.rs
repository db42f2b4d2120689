//! The real program beside a service manager that is a socket of the test: what it is told, in which
//! order, and the sockets that it hands over. The real systemd is in `tests/box`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use tetherd_sandbox::{Options, Sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixDatagram, UnixStream};
use tokio::process::Command;

use support::{Daemon, KEY, LIMIT};

struct Manager(UnixDatagram);

impl Manager {
    fn listen(folder: &Path) -> (Self, String) {
        let path = folder.join("notify");
        (Self(UnixDatagram::bind(&path).unwrap()), path.to_str().unwrap().to_owned())
    }

    /// The next notice, whatever it says.
    async fn next(&self) -> String {
        let mut buffer = vec![0; 4096];
        let length = tokio::time::timeout(LIMIT, self.0.recv(&mut buffer)).await.expect("a notice").unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// A notice that is there already.
    fn waiting(&self) -> Option<String> {
        let mut buffer = vec![0; 4096];
        let length = self.0.try_recv(&mut buffer).ok()?;
        Some(String::from_utf8(buffer[..length].to_vec()).unwrap())
    }

    /// The notice that has this line.
    async fn until(&self, line: &str) {
        while !self.next().await.lines().any(|l| l == line) {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn systemd_hears_ready_the_state_in_words_and_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let (manager, path) = Manager::listen(folder.path());
    let env = [("NOTIFY_SOCKET", path.as_str()), ("WATCHDOG_USEC", "300000")];
    let daemon = Daemon::start_with(folder.path(), &sandbox, &env).await;
    assert!(manager.next().await.starts_with("READY=1"), "nothing is told before it is ready");
    manager.until("STATUS=no instances yet; the page makes the first one").await;
    manager.until("WATCHDOG=1").await;
    manager.until("WATCHDOG=1").await;
    let body = json!({"instanceName": "shop", "integration": "WHATSAPP-BAILEYS"});
    daemon.ask("POST", "/instance/create", Some(body)).await;
    manager.until("STATUS=0 of 1 linked; shop: not linked yet").await;
    let code = daemon.ask("GET", "/instance/connect/shop", None).await.1;
    manager.until("STATUS=0 of 1 linked; shop: waiting for a scan").await;
    sandbox.scan("15551234567", code["code"].as_str().unwrap()).await.unwrap();
    manager.until("STATUS=1 of 1 linked").await;
    daemon.signal(rustix::process::Signal::HUP);
    while !manager.next().await.starts_with("RELOADING=1\nMONOTONIC_USEC=") {}
    manager.until("READY=1").await;
    daemon.terminate().await;
    // The last words are shown for as long as it does not run.
    while manager.next().await != "STOPPING=1\nSTATUS=stopped; links come back at the next start\n" {}
    assert_eq!(manager.waiting(), None);
}

/// A start whose database is not ready for as long as the test likes: an older schema whose key nobody hands over yet.
#[tokio::test(flavor = "multi_thread")]
async fn systemd_is_asked_for_more_time_while_a_start_takes_long() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    Daemon::start(folder.path(), &sandbox).await.terminate().await;
    let (database, key) = (folder.path().join("tetherd.db"), folder.path().join("sealing.key"));
    let older = rusqlite::Connection::open(&database).unwrap();
    let step_before = "DROP TABLE tombstone;
        CREATE TABLE tombstone (uuid TEXT PRIMARY KEY, device BLOB NOT NULL, created INTEGER NOT NULL) STRICT;
        PRAGMA user_version = 4";
    older.execute_batch(step_before).unwrap();
    older.close().unwrap();
    let sealing = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    // Who opens it waits until somebody writes to it.
    rustix::fs::mkfifoat(rustix::fs::CWD, &key, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();

    let (manager, path) = Manager::listen(folder.path());
    let mut command = support::command(folder.path(), &sandbox);
    command.env("NOTIFY_SOCKET", path);
    let starting = tokio::spawn(Daemon::of(command));
    let asked = "EXTEND_TIMEOUT_USEC=30000000\nSTATUS=bringing the database up to date";
    assert_eq!(manager.next().await.trim_end(), asked);
    tokio::time::timeout(LIMIT, tokio::fs::write(&key, sealing))
        .await
        .expect("it waits for its key")
        .unwrap();
    assert!(manager.next().await.starts_with("READY=1"), "as soon as it is done");
    let daemon = starting.await.unwrap();
    let brought = rusqlite::Connection::open(&database).unwrap();
    let version: i64 = brought.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert!(version > 4, "{version}");
    drop(brought);
    daemon.terminate().await;
}

/// Starts the daemon with the socket as `LISTEN_FDS`, as systemd does, and answers what `ask` gets from it.
async fn handed_over(listener: OwnedFd, ask: impl AsyncFnOnce() -> String) {
    let folder = tempfile::tempdir().unwrap();
    let (manager, path) = Manager::listen(folder.path());
    // The shell gives the socket its number, and its own process id to the daemon that it becomes.
    let script = r#"exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve"#;
    let mut child = Command::new("/bin/sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_tetherd")])
        .env("TETHERD_DATA_DIR", folder.path().join("data"))
        .env("TETHERD_API_KEY", KEY)
        // Nobody could bind this: the socket that was handed over is used instead.
        .env("TETHERD_LISTEN", "192.0.2.1:1")
        .env("NOTIFY_SOCKET", &path)
        .stdin(Stdio::from(listener))
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    assert!(manager.next().await.starts_with("READY=1"));
    let answer = ask().await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    child.kill().await.unwrap();
}

const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_tcp_socket_of_systemd_is_used() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    handed_over(listener.into(), async || {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unix_socket_of_systemd_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("http");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    handed_over(listener.into(), async || {
        let mut stream = UnixStream::connect(&path).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    })
    .await;
}
