#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Awaited, FetchOptions, Net, NetConfig, NetError, Reach, Target};
use crate::model::{ProxyConfig, ProxyProtocol, Secret, SystemClock};

fn net() -> Net {
    Net::new(&NetConfig::default(), Arc::new(SystemClock)).unwrap()
}

/// Serves one connection with fixed bytes after each request head.
async fn answering(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = vec![0; 4096];
                while stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {
                    stream.write_all(answer).await.unwrap();
                }
            });
        }
    });
    port
}

fn get(port: u16) -> Request<Bytes> {
    Request::get(format!("http://127.0.0.1:{port}/a?b=1")).body(Bytes::new()).unwrap()
}

#[tokio::test]
async fn fetches_and_keeps_only_so_much() {
    let port = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n0123456789").await;
    let net = net();
    let whole = net.fetch(get(port), &FetchOptions::default()).await.unwrap();
    assert_eq!((&whole.body[..], whole.truncated), (&b"0123456789"[..], false));
    let cut_off =
        net.fetch(get(port), &FetchOptions { body_limit: 4, ..FetchOptions::default() }).await.unwrap();
    assert_eq!((&cut_off.body[..], cut_off.truncated), (&b"0123"[..], true));
}

#[tokio::test]
async fn says_what_is_wrong() {
    let net = net();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let refused = net.fetch(get(port), &FetchOptions::default()).await.err();
    assert_eq!(refused, Some(NetError::Refused { host: "127.0.0.1".into() }));
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = FetchOptions { whole: Duration::from_millis(100), ..FetchOptions::default() };
    let timed_out = net.fetch(get(silent.local_addr().unwrap().port()), &options).await.err();
    assert_eq!(timed_out, Some(NetError::Timeout { host: "127.0.0.1".into(), awaited: Awaited::Answer }));
    let cut = answering(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n012").await;
    let options = FetchOptions { whole: Duration::from_millis(200), ..FetchOptions::default() };
    assert!(net.fetch(get(cut), &options).await.is_err());
}

#[tokio::test]
async fn no_name_server_yet_is_offline_for_now() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("resolv.conf");
    std::fs::write(&file, "# nothing yet\n").unwrap();
    let config = NetConfig { resolv_conf: file, ..NetConfig::default() };
    let net = Net::new(&config, Arc::new(SystemClock)).unwrap();
    let target = Target { host: "web.whatsapp.com".into(), port: 443, tls: true };
    let error = net.connect(&target, None, Duration::from_secs(5)).await.err();
    assert_eq!(error, Some(NetError::Offline { host: "web.whatsapp.com".into() }));
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_without_its_password() {
    let port = answering(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    let proxy = ProxyConfig {
        protocol: ProxyProtocol::Http,
        host: "127.0.0.1".into(),
        port,
        username: Some("u".into()),
        password: Some(Secret::new("hunter2")),
    };
    let target = Target { host: "example.org".into(), port: 443, tls: false };
    let error = net().connect(&target, Some(&proxy), Duration::from_secs(5)).await.err().unwrap().to_string();
    assert!(error.contains("407") && !error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_proxy_that_is_silent_is_named_and_not_who_is_behind_it() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    for protocol in [ProxyProtocol::Http, ProxyProtocol::Socks5] {
        let proxy = ProxyConfig { protocol, host: "127.0.0.1".into(), port, username: None, password: None };
        let target = Target { host: "example.org".into(), port: 443, tls: true };
        let error = net().connect(&target, Some(&proxy), Duration::from_millis(50)).await.err().unwrap();
        let expected = format!("the proxy 127.0.0.1:{port}: it did not connect to example.org in time");
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn a_tunnel_carries_bytes_both_ways() {
    for protocol in [ProxyProtocol::Http, ProxyProtocol::Socks5] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 4096];
            if protocol == ProxyProtocol::Http {
                let n = stream.read(&mut buffer).await.unwrap();
                assert!(buffer[..n].starts_with(b"CONNECT example.org:443 HTTP/1.1\r\n"));
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhello").await.unwrap();
            } else {
                stream.read_exact(&mut buffer[..3]).await.unwrap();
                stream.write_all(&[5, 0]).await.unwrap();
                stream.read_exact(&mut buffer[..5 + 11 + 2]).await.unwrap();
                assert_eq!(&buffer[5..16], b"example.org");
                stream.write_all(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50hello").await.unwrap();
            }
            stream
        });
        let proxy = ProxyConfig { protocol, host: "127.0.0.1".into(), port, username: None, password: None };
        let target = Target { host: "example.org".into(), port: 443, tls: false };
        let mut stream = net().connect(&target, Some(&proxy), Duration::from_secs(5)).await.unwrap();
        let mut hello = [0; 5];
        stream.read_exact(&mut hello).await.unwrap();
        assert_eq!(&hello, b"hello");
        drop(server.await.unwrap());
    }
}

/// Answers each request with the next answer; the connection ends after the last.
async fn in_turn(answers: Vec<&'static [u8]>) -> (u16, Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let answers = answers.clone();
            tokio::spawn(async move {
                let mut buffer = vec![0; 4096];
                for answer in answers {
                    if stream.read(&mut buffer).await.is_ok_and(|n| n > 0) {
                        stream.write_all(answer).await.unwrap();
                    }
                }
            });
        }
    });
    (port, connections)
}

#[tokio::test]
async fn a_connection_that_ended_while_it_was_idle_costs_nothing() {
    // No word of closing in the answer: it is noticed at the next request only.
    let (port, connections) = in_turn(vec![b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"]).await;
    let net = net();
    let options = FetchOptions { repeatable: true, ..FetchOptions::default() };
    for _ in 0..5 {
        assert_eq!(net.fetch(get(port), &options).await.unwrap().body, "ok");
    }
    assert_eq!(connections.load(std::sync::atomic::Ordering::SeqCst), 5);
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let (port, connections) = in_turn(vec![b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"; 8]).await;
    let net = net();
    for _ in 0..8 {
        net.fetch(get(port), &FetchOptions::default()).await.unwrap();
    }
    assert_eq!(connections.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn redirects_are_followed_when_asked_and_on_the_same_host_only() {
    let here: &[u8] = b"HTTP/1.1 307 Moved\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n";
    let (port, _) = in_turn(vec![here, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"]).await;
    let options = FetchOptions { redirects: 1, ..FetchOptions::default() };
    assert_eq!(net().fetch(get(port), &options).await.unwrap().body, "ok");
    let (port, _) = in_turn(vec![here]).await;
    assert_eq!(net().fetch(get(port), &FetchOptions::default()).await.unwrap().status, 307);
    let away: &[u8] = b"HTTP/1.1 307 Moved\r\nlocation: http://localhost/b\r\ncontent-length: 0\r\n\r\n";
    let (port, _) = in_turn(vec![away]).await;
    assert_eq!(net().fetch(get(port), &options).await.unwrap().status, 307, "another name is another host");
}

#[tokio::test]
async fn what_may_not_be_reached_is_not_also_by_name_and_by_a_kept_connection() {
    let (port, _) = in_turn(vec![b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"; 4]).await;
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts");
    std::fs::write(&hosts, "169.254.169.254 metadata\n127.0.0.1 me\n").unwrap();
    let config = NetConfig { hosts, ..NetConfig::default() };
    let net = Net::new(&config, Arc::new(SystemClock)).unwrap();
    let own = Reach { own: vec![format!("127.0.0.1:{port}").parse().unwrap()], ..Reach::default() };
    let within = |reach: Reach| FetchOptions { reach: Some(Arc::new(reach)), ..FetchOptions::default() };
    let url = |host: &str| Request::get(format!("http://{host}:{port}/")).body(Bytes::new()).unwrap();
    let metadata = net.fetch(url("metadata"), &within(Reach::default())).await;
    assert!(matches!(metadata, Err(NetError::Forbidden { .. })), "{metadata:?}");
    net.fetch(url("me"), &FetchOptions::default()).await.unwrap();
    let ourselves = net.fetch(url("me"), &within(own.clone())).await;
    assert!(matches!(ourselves, Err(NetError::Forbidden { .. })), "{ourselves:?}");
    let deny = Reach { deny: vec!["127.0.0.0/8".parse().unwrap()], ..Reach::default() };
    assert!(matches!(net.fetch(url("me"), &within(deny)).await, Err(NetError::Forbidden { .. })));
    assert!(net.fetch(url("me"), &within(Reach::default())).await.is_ok());
}
