//! The least client: it shakes hands and sends whatever it is given.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "tests; each uses a part")]

pub(crate) mod control;
pub(crate) mod device;

use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, Message, WebSocketStream};
use wacore::framing::{FrameDecoder, encode_frame};
use wacore::handshake::{NoiseCipher, NoiseHandshake};
use wacore_binary::OwnedNodeRef;
use wacore_binary::marshal::marshal;
use wacore_binary::node::Node;
use wacore_libsignal::protocol::KeyPair;
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp::client_payload::DevicePairingRegistrationData;
use waproto::whatsapp::handshake_message::{ClientFinish, ClientHello};
use waproto::whatsapp::{ClientPayload, HandshakeMessage};

pub(crate) const HEADER: &[u8] = b"WA\x06\x03";
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

pub(crate) async fn tcp(url: &str) -> TcpStream {
    let address = url.strip_prefix("ws://").and_then(|rest| rest.split('/').next()).unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// What still comes until the server closes; none when it does not.
pub(crate) async fn rest(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    // A reset is a close, too.
    let read = async {
        let _ = stream.read_to_end(&mut all).await;
    };
    tokio::time::timeout(LIMIT, read).await.ok().map(|()| all)
}

/// A WebSocket on which nothing was said yet.
pub(crate) struct Socket(WebSocketStream<TcpStream>, FrameDecoder);

impl Socket {
    pub(crate) async fn open(url: &str) -> Self {
        let builder = ClientBuilder::from_uri(url.parse().unwrap());
        let (socket, _) = builder.connect_on(tcp(url).await).await.unwrap();
        Self(socket, FrameDecoder::new())
    }

    /// Whether the server still takes it.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let sent =
            tokio::time::timeout(LIMIT, self.0.send(Message::binary(Bytes::copy_from_slice(bytes.as_ref()))))
                .await;
        sent.expect("the server reads or closes").is_ok()
    }

    pub(crate) async fn send_message(&mut self, message: Message) -> bool {
        self.0.send(message).await.is_ok()
    }

    /// Bytes below the WebSocket.
    pub(crate) async fn send_raw(&mut self, bytes: &[u8]) -> bool {
        self.0.get_mut().write_all(bytes).await.is_ok()
    }

    /// Until the server has closed; whether it did.
    pub(crate) async fn closed(&mut self) -> bool {
        let closed = async { while let Some(Ok(_)) = self.0.next().await {} };
        tokio::time::timeout(LIMIT, closed).await.is_ok()
    }

    /// The next frame; none when the server closed.
    pub(crate) async fn frame(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(frame) = self.1.decode_frame() {
                return Some(frame.to_vec());
            }
            let message =
                tokio::time::timeout(LIMIT, self.0.next()).await.expect("an answer in time")?.ok()?;
            if message.is_binary() {
                self.1.feed(&Bytes::from(message.into_payload()));
            }
        }
    }
}

pub(crate) fn framed(payload: &[u8]) -> Vec<u8> {
    encode_frame(payload, None).unwrap()
}

/// A client that has shaken hands.
pub(crate) struct Session {
    pub socket: Socket,
    send: NoiseCipher,
    receive: NoiseCipher,
    sent: u32,
    received: u32,
}

impl Session {
    /// Shakes hands by XX and says this of itself.
    pub(crate) async fn start(url: &str, payload: &[u8]) -> Self {
        Self::start_as(url, &pair(), payload).await
    }

    /// The same with this static key.
    pub(crate) async fn start_as(url: &str, statics: &KeyPair, payload: &[u8]) -> Self {
        let mut socket = Socket::open(url).await;
        let ephemeral = pair();
        let mut noise = NoiseHandshake::new("Noise_XX_25519_AESGCM_SHA256\0\0\0\0", HEADER).unwrap();
        let public = ephemeral.public_key.public_key_bytes();
        noise.authenticate(public);
        let hello = ClientHello { ephemeral: Some(public.to_vec()), ..ClientHello::default() };
        let hello = HandshakeMessage { client_hello: MessageField::some(hello), ..Default::default() };
        assert!(socket.send([HEADER, &framed(&hello.encode_to_vec())].concat()).await);

        let answer = socket.frame().await.expect("a server hello");
        let answer =
            HandshakeMessage::decode_from_slice(&answer).unwrap().server_hello.into_option().unwrap();
        let theirs = answer.ephemeral.unwrap();
        noise.authenticate(&theirs);
        noise.mix_shared_secret(ephemeral.private_key.serialize(), &theirs).unwrap();
        let server = noise.decrypt(&answer.r#static.unwrap()).unwrap();
        noise.mix_shared_secret(ephemeral.private_key.serialize(), &server).unwrap();
        noise.decrypt(&answer.payload.unwrap()).unwrap();
        let sealed = noise.encrypt(statics.public_key.public_key_bytes()).unwrap();
        noise.mix_shared_secret(statics.private_key.serialize(), &theirs).unwrap();
        let payload = noise.encrypt(payload).unwrap();
        let finish = ClientFinish { r#static: Some(sealed), payload: Some(payload), ..Default::default() };
        let finish = HandshakeMessage { client_finish: MessageField::some(finish), ..Default::default() };
        assert!(socket.send(framed(&finish.encode_to_vec())).await);
        let (send, receive) = noise.finish().unwrap();
        Self { socket, send, receive, sent: 0, received: 0 }
    }

    /// Any bytes, sealed as they should be.
    pub(crate) async fn send(&mut self, plain: &[u8]) -> bool {
        let sealed = self.send.encrypt_with_counter(self.sent, plain).unwrap();
        self.sent += 1;
        self.socket.send(framed(&sealed)).await
    }

    pub(crate) async fn send_node(&mut self, node: &Node) -> bool {
        self.send(&marshal(node).unwrap()).await
    }

    /// The next stanza; none when the server closed.
    pub(crate) async fn stanza(&mut self) -> Option<Node> {
        let mut frame = self.socket.frame().await?;
        self.receive.decrypt_in_place_with_counter(self.received, &mut frame).unwrap();
        self.received += 1;
        let plain = wacore_binary::util::unpack(&frame).unwrap();
        Some(OwnedNodeRef::new(Bytes::from(plain.into_owned())).unwrap().to_owned_node())
    }

    /// The first stanza that `wanted` takes.
    pub(crate) async fn until(&mut self, wanted: impl Fn(&Node) -> bool) -> Node {
        loop {
            let node = self.stanza().await.expect("the server closed");
            if wanted(&node) {
                return node;
            }
        }
    }
}

pub(crate) fn pair() -> KeyPair {
    KeyPair::generate(&mut rand::make_rng::<rand::rngs::StdRng>())
}

pub(crate) fn sign(by: &KeyPair, message: &[u8]) -> Vec<u8> {
    let mut random = rand::make_rng::<rand::rngs::StdRng>();
    by.private_key.calculate_signature(message, &mut random).unwrap().to_vec()
}

/// A registration as it should be.
pub(crate) fn registration() -> ClientPayload {
    registration_of(&pair())
}

/// A registration of this identity.
pub(crate) fn registration_of(identity: &KeyPair) -> ClientPayload {
    let value = pair().public_key.public_key_bytes().to_vec();
    let signature = sign(identity, &[&[5], value.as_slice()].concat());
    let data = DevicePairingRegistrationData {
        e_regid: Some(vec![0, 0, 0, 7]),
        e_keytype: Some(vec![5]),
        e_ident: Some(identity.public_key.public_key_bytes().to_vec()),
        e_skey_id: Some(vec![0, 0, 1]),
        e_skey_val: Some(value),
        e_skey_sig: Some(signature),
        ..Default::default()
    };
    ClientPayload {
        device_pairing_data: MessageField::some(data),
        passive: Some(false),
        ..Default::default()
    }
}

/// A log-in of a device that nobody knows.
pub(crate) fn log_in(phone: u64, device: u32) -> ClientPayload {
    ClientPayload { username: Some(phone), device: Some(device), passive: Some(true), ..Default::default() }
}
