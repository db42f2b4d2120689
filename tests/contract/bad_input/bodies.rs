//! Bodies that are no JSON, not whole, or too large.

use tokio::io::AsyncWriteExt as _;

use super::asking::{CREATE, JSON, everything, post};
use crate::started;
use crate::support::KEY;
use crate::wire::{answer, open, request, send};

#[tokio::test(flavor = "multi_thread")]
async fn bodies_empty_cut_off_too_large_and_of_another_kind() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    daemon.create("shop").await;
    let before = everything(&daemon).await;
    let good = br#"{"instanceName":"x","integration":"WHATSAPP-BAILEYS"}"#;
    let deep = "[".repeat(100_000);
    let bodies: &[&[u8]] = &[
        b"", b" \r\n ", b"{", b"{}", b"[]", b"null", b"5", b"\"x\"", b"{\"instanceName\":", &good[..good.len() - 1], b"{\"instanceName\":\"x\",}",
        br#"{"instanceName":"x","integration":"WHATSAPP-BAILEYS"}x"#, b"\xff\xfe{}", b"{\"instanceName\":\"\xff\"}", b"{'instanceName':'x'}",
        br#"{"instanceName":"x","instanceName":"y","integration":"WHATSAPP-BAILEYS"}"#,
        br#"{"instanceName":"x","integration":"WHATSAPP-BAILEYS","webhook":{"url":"http://a","url":"http://b"}}"#,
        b"\xef\xbb\xbf{}", b"instanceName=x&integration=WHATSAPP-BAILEYS", deep.as_bytes(), b"NaN", br#"{"instanceName":"\ud800"}"#,
    ];
    for body in bodies {
        post(&daemon, CREATE, body)
            .await
            .is_error(400, &String::from_utf8_lossy(&body[..body.len().min(60)]));
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "json",
        "*/*",
    ] {
        let bytes = request(CREATE, &[("apikey", KEY), ("content-type", kind)], good);
        send(&daemon.url, &bytes).await.is_error(415, kind);
    }
    // Cut off by the client, who then is gone: there is nobody to answer.
    for line in [CREATE, "POST /settings/set/shop"] {
        let whole = request(
            line,
            &[("apikey", KEY), JSON],
            br#"{"instanceName":"x","alwaysOnline":true,"integration":"WHATSAPP-BAILEYS"}"#,
        );
        let mut stream = open(&daemon.url).await;
        stream.write_all(&whole[..whole.len() - 1]).await.unwrap();
        drop(stream);
    }
    assert_eq!(everything(&daemon).await, before);
    for kind in ["application/json; charset=utf-8", "APPLICATION/JSON", "application/problem+json"] {
        let bytes = request("POST /settings/set/shop", &[("apikey", KEY), ("content-type", kind)], b"{}");
        assert_eq!(send(&daemon.url, &bytes).await.status, 201, "{kind}");
    }
    daemon.terminate().await;
}

/// 200 MB, with its length told and without: refused before it has come, and the answer is seen.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_200_mb() {
    const LENGTH: usize = 200 << 20;
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    for framing in [format!("content-length: {LENGTH}"), "transfer-encoding: chunked".to_owned()] {
        for line in [CREATE, "POST /webhook/meta"] {
            let (mut reading, mut writing) = open(&daemon.url).await.into_split();
            let head = format!(
                "{line} HTTP/1.1\r\nhost: 127.0.0.1\r\napikey: {KEY}\r\ncontent-type: application/json\r\n{framing}\r\n\r\n"
            );
            let chunked = framing.contains("chunked");
            let sending = tokio::spawn(async move {
                writing.write_all(head.as_bytes()).await?;
                let piece = vec![b' '; 65536];
                for _ in 0..LENGTH / piece.len() {
                    if chunked {
                        writing.write_all(b"10000\r\n").await?;
                    }
                    writing.write_all(&piece).await?;
                    if chunked {
                        writing.write_all(b"\r\n").await?;
                    }
                }
                std::io::Result::Ok(())
            });
            let refused = answer(&mut reading).await;
            refused.is_error(413, &framing);
            // Or a client would send its next request into a connection that is closed.
            assert_eq!(refused.header("connection"), Some("close"), "{framing}");
            assert!(sending.await.unwrap().is_err(), "{framing}: not all of it was read");
        }
    }
    daemon.terminate().await;
}

/// Turned away before the body has come: the connection that still expects it takes no other request.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_nobody_reads() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    let some = format!("apikey: {KEY}\r\ncontent-length: 2");
    for (line, headers, status) in [
        (CREATE, "apikey: wrong\r\ncontent-length: 2", 401),
        ("POST /nope", &some, 404),
        ("POST /instance/connect/shop", &some, 405),
    ] {
        let (mut reading, mut writing) = open(&daemon.url).await.into_split();
        let head = format!("{line} HTTP/1.1\r\nhost: 127.0.0.1\r\n{headers}\r\n\r\n");
        writing.write_all(head.as_bytes()).await.unwrap();
        let turned = answer(&mut reading).await;
        assert_eq!((turned.status, turned.header("connection")), (status, Some("close")), "{line}");
    }
    // Without a body there is nothing in the way of the next request.
    let (mut reading, mut writing) = open(&daemon.url).await.into_split();
    let ask = |more: &str| format!("GET /nope HTTP/1.1\r\nhost: 127.0.0.1\r\napikey: {KEY}\r\n{more}\r\n");
    writing.write_all((ask("") + &ask("connection: close\r\n")).as_bytes()).await.unwrap();
    let turned = answer(&mut reading).await;
    assert_eq!((turned.status, turned.header("connection")), (404, None));
    daemon.terminate().await;
}
