//! Files of messages, over the sandbox's media host: between phones and a client of the engine, and to tetherd's receivers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[path = "support/engine.rs"]
mod engine;
mod support;

use base64::Engine as _;
use engine::{Engine, FRIEND, ME, friend, linked, until, violations};
use serde_json::{Value, json};
use support::{Daemon, LIMIT};
use tetherd_sandbox::{Fault, File, FileKind, Options, Planned, Sandbox};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use whatsapp_rust::UploadOptions;
use whatsapp_rust::media::{DocumentOptions, ImageOptions, document_message, image_message};
use whatsapp_rust::wacore::download::MediaType;
use whatsapp_rust::waproto::whatsapp as wa;

fn file(kind: FileKind, bytes: Vec<u8>) -> File {
    let words = matches!(kind, FileKind::Image | FileKind::Video | FileKind::Document);
    File {
        kind,
        bytes,
        mimetype: None,
        caption: words.then(|| "look".to_owned()),
        name: (kind == FileKind::Document).then(|| "a list.pdf".to_owned()),
    }
}

/// Bytes that are not all the same.
fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|n| u8::try_from((n * 7 + n / 251) % 256).unwrap()).collect()
}

async fn open(engine: &Engine, message: &wa::Message) -> Vec<u8> {
    let client = &engine.client;
    if let Some(image) = message.image_message.as_option() {
        client.download(image).await.unwrap()
    } else if let Some(video) = message.video_message.as_option() {
        client.download(video).await.unwrap()
    } else if let Some(audio) = message.audio_message.as_option() {
        client.download(audio).await.unwrap()
    } else if let Some(sticker) = message.sticker_message.as_option() {
        client.download(sticker).await.unwrap()
    } else {
        let document = message.document_message.as_option().unwrap();
        assert_eq!(document.file_name.as_deref(), Some("a list.pdf"));
        client.download(document).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_sends_a_file_of_each_kind_and_the_device_opens_it() {
    let (sandbox, mut engine) = linked().await;
    for (kind, length) in [
        (FileKind::Image, 70_000),
        (FileKind::Video, 200_000),
        (FileKind::Audio, 1),
        (FileKind::Voice, 4096),
        (FileKind::Document, 0),
        (FileKind::Sticker, 15),
    ] {
        let bytes = noise(length);
        let id = sandbox.send_file(FRIEND, ME, file(kind, bytes.clone())).unwrap();
        let got = engine.messages(1).await.remove(0);
        assert_eq!(got.info.id, id);
        assert_eq!(open(&engine, &got.message).await, bytes, "{kind:?}");
        let audio = got.message.audio_message.as_option();
        assert_eq!(audio.is_some_and(|audio| audio.ptt == Some(true)), kind == FileKind::Voice);
    }
    sandbox.expire_files();
    let id = sandbox.send_file(FRIEND, ME, file(FileKind::Image, noise(9))).unwrap();
    let got = engine.messages(1).await.remove(0);
    assert_eq!(got.info.id, id);
    sandbox.expire_files();
    let gone = engine.client.download(got.message.image_message.as_option().unwrap()).await;
    assert!(gone.is_err(), "the host has forgotten it");
    engine.stop().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_uploads_and_the_phone_opens_what_it_sent() {
    let (sandbox, engine) = linked().await;
    // One refusal for want of a good word, after which the client asks for another one.
    sandbox.plan(Planned::from(Fault::Media { status: 401 }).times(1)).await.unwrap();
    let picture = noise(123_456);
    let up = engine.client.upload(picture.clone(), MediaType::Image, UploadOptions::new()).await.unwrap();
    let options = ImageOptions { caption: Some("from the device".into()), ..ImageOptions::default() };
    let sent = engine.client.send_message(friend(), image_message(up, options)).await.unwrap();
    for phone in [FRIEND, ME] {
        until(&sandbox, "received", &format!("{phone} has {}", sent.message_id)).await;
    }
    let received = sandbox.received(FRIEND);
    let of = received[0].file.as_ref().unwrap();
    assert_eq!((of.kind, of.length, of.mimetype.as_deref()), (FileKind::Image, 123_456, Some("image/jpeg")));
    assert_eq!(sandbox.received_file(FRIEND, &sent.message_id).unwrap(), picture);
    assert_eq!(sandbox.received_file(ME, &sent.message_id).unwrap(), picture, "the own phone has it too");

    // Large ones ask first how much is there.
    let large = noise(6 << 20);
    for _ in 0..2 {
        let up = engine.client.upload(
            large.clone(),
            MediaType::Document,
            UploadOptions::new().with_media_key([7; 32]),
        );
        let up = up.await.unwrap();
        let options = DocumentOptions { file_name: Some("large.bin".into()), ..DocumentOptions::default() };
        let sent = engine.client.send_message(friend(), document_message(up, options)).await.unwrap();
        until(&sandbox, "received", &format!("{FRIEND} has {}", sent.message_id)).await;
        assert_eq!(sandbox.received_file(FRIEND, &sent.message_id).unwrap(), large);
    }
    let uploads =
        sandbox.events().into_iter().filter(|e| e.kind == "media" && e.text.contains("POST /mms/document"));
    assert_eq!(uploads.count(), 3, "asked, uploaded, asked; and the second time it was there already");
    engine.stop().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_about_a_file_that_is_not_so_is_a_violation() {
    let (sandbox, engine) = linked().await;
    for (wrong, why) in [
        ("path", "nothing was uploaded"),
        ("sealed", "another hash"),
        ("key", "does not open"),
        ("length", "5 bytes"),
    ] {
        let mut up = engine.client.upload(noise(5), MediaType::Image, UploadOptions::new()).await.unwrap();
        match wrong {
            "path" => up.direct_path.push('x'),
            "sealed" => up.file_enc_sha256[0] ^= 1,
            "key" => up.media_key[0] ^= 1,
            _ => up.file_length += 1,
        }
        let sent =
            engine.client.send_message(friend(), image_message(up, ImageOptions::default())).await.unwrap();
        until(&sandbox, "received", &format!("{FRIEND} has {}", sent.message_id)).await;
        assert!(
            violations(&sandbox).iter().any(|said| said.contains(&sent.message_id) && said.contains(why)),
            "{wrong}"
        );
    }
    assert!(sandbox.received(FRIEND).iter().all(|message| message.file.is_none()));
    engine.stop().await;
}

/// The body of the next request here, which is answered with 200.
async fn posted(listener: &TcpListener) -> Value {
    let (mut stream, _) = tokio::time::timeout(LIMIT, listener.accept()).await.expect("it arrives").unwrap();
    let (mut bytes, mut piece) = (Vec::new(), vec![0; 65536]);
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).unwrap();
            if body.len() >= length.parse::<usize>().unwrap() {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                stream.write_all(answer).await.unwrap();
                return serde_json::from_str(body).unwrap();
            }
        }
        let read = stream.read(&mut piece).await.unwrap();
        assert!(read > 0, "a whole request");
        bytes.extend_from_slice(&piece[..read]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tetherd_gives_its_receivers_the_file_itself() {
    let (folder, sandbox) = (tempfile::tempdir().unwrap(), Sandbox::start(Options::default()).await.unwrap());
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, sandbox.ca_pem().unwrap()).unwrap();
    let env = [("TETHERD_NET_EXTRA_CA", authority.to_str().unwrap())];
    let daemon = Daemon::start_with(folder.path(), &sandbox, &env).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook = json!({"enabled": true, "url": format!("http://{}/", listener.local_addr().unwrap()),
        "base64": true, "events": ["MESSAGES_UPSERT"]});
    let new = json!({"instanceName": "shop", "integration": "WHATSAPP-BAILEYS", "webhook": webhook});
    daemon.create_as(new).await;
    daemon.link(&sandbox, "shop", ME).await;
    let picture = noise(40_000);
    sandbox.send_file(FRIEND, ME, file(FileKind::Image, picture.clone())).unwrap();
    let event = posted(&listener).await;
    let base64 = event["data"]["message"]["base64"].as_str().unwrap_or_else(|| panic!("{event}"));
    assert_eq!(base64::prelude::BASE64_STANDARD.decode(base64).unwrap(), picture);
    daemon.terminate().await;
    assert_eq!(violations(&sandbox), Vec::<String>::new());
}
