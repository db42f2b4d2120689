#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{FetchOptions, Net, NetConfig, NetError, Target};
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
    assert_eq!(timed_out, Some(NetError::Timeout { host: "127.0.0.1".into() }));
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
