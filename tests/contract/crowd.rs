//! More connections than there are places.

use std::process::Stdio;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::PHONE;
use crate::support::{self, Daemon, LIMIT};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tetherd_sandbox::{Fault, Options, Sandbox};

/// Of `serve`: connections at once, and how long the headers of a request may take.
const PLACES: usize = 1024;
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// As from a login shell, where 1024 files may be open.
fn with_usual_files(daemon: &Command) -> Command {
    let daemon = daemon.as_std();
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -Sn 1024; exec \"$0\" \"$@\""]).arg(daemon.get_program());
    shell.args(daemon.get_args());
    shell.envs(daemon.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

/// Says the first half of a request, and nothing more. None when it was not let in.
async fn half_a_request(address: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: ").await.ok()?;
    Some(stream)
}

/// Until the other side has ended it.
async fn ended(stream: &TcpStream) {
    while stream.readable().await.is_ok() {
        match stream.try_read(&mut [0; 512]) {
            Ok(1..) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Ok(0) | Err(_) => return,
        }
    }
}

/// All places are held by clients that say nothing: links and the command line go on, further clients are turned away at
/// once, and after the patience is over everybody is let in again.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_clients_that_say_nothing_hold_up_nobody_for_long() {
    let most = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let mut command = with_usual_files(&support::command(folder.path(), &sandbox));
    command.stdin(Stdio::null());
    let daemon = Daemon::of(command).await;
    daemon.create("shop").await;
    let jid = daemon.link(&sandbox, "shop", PHONE).await;

    let address = daemon.url.trim_start_matches("http://").to_owned();
    let mut held = Vec::new();
    let began = tokio::time::Instant::now();
    while held.len() < PLACES + 50 {
        held.extend(half_a_request(&address).await);
        assert!(began.elapsed() < LIMIT, "{} are in", held.len());
    }
    // The first of those that are too many is told by the end of its connection; the others are as well.
    let mut turned_away = held.iter().map(ended).collect::<FuturesUnordered<_>>();
    let too_many = turned_away.by_ref().take(50).count();
    assert_eq!(tokio::time::timeout_at(began + PATIENCE, too_many).await, Ok(50), "were turned away");
    drop(turned_away);

    // A link dials, and its keys are stored: it needs files, and has them.
    let seen = sandbox.events().last().map_or(0, |event| event.seq);
    sandbox.fault(Fault::Drop, Some(&jid)).await;
    let back =
        sandbox.wait_for(seen, LIMIT, |event| event.kind == "logged_in" && event.text.contains(PHONE)).await;
    assert!(back.is_some(), "the link did not come back: {:?}", sandbox.events());
    let (told, said) = support::run(folder.path(), &["status"]).await;
    assert!(told && said.contains("shop: "), "the owner is let in: {said}");
    assert!(began.elapsed() < PATIENCE, "while all places were held");

    for mut stream in held {
        let end = tokio::time::timeout(PATIENCE + LIMIT, stream.read_to_end(&mut Vec::new())).await;
        assert!(end.is_ok(), "it is let go");
    }
    daemon.until_of("shop", "open").await;
    assert!(!daemon.log().contains("no connection can be taken"), "{}", daemon.log());
    daemon.terminate().await;
}
