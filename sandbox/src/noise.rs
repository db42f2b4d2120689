//! The responder's half of the handshake: XX, IK and `XXfallback` (protocol page §1.1).

use wacore::handshake::{HandshakeError, NoiseCipher, NoiseHandshake};
use waproto::buffa::{Message as _, MessageField};
use waproto::whatsapp::HandshakeMessage;
use waproto::whatsapp::handshake_message::{ClientHello, ServerHello};

use crate::fault::NoiseTampering;
use crate::keys::{Pair, ServerKeys};
use crate::phone::RawKey;

const XX: &str = "Noise_XX_25519_AESGCM_SHA256";
const IK: &str = "Noise_IK_25519_AESGCM_SHA256";
const FALLBACK: &str = "Noise_XXfallback_25519_AESGCM_SHA256";

/// How a client shook hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(crate) enum Pattern {
    /// Both sides send their static keys.
    #[serde(rename = "XX")]
    Xx,
    /// The client knew the server's key.
    #[serde(rename = "IK")]
    Ik,
    /// The client knew an old key of the server.
    #[serde(rename = "XXfallback")]
    Fallback,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoiseFault {
    /// A handshake message that does not decode.
    #[error("the handshake message is malformed: {0}")]
    Malformed(&'static str),
    /// What should decrypt does not, or a key is none.
    #[error(transparent)]
    Crypto(#[from] HandshakeError),
    /// The server's own chain could not be made.
    #[error("the chain could not be signed")]
    Chain,
}

/// The session's ciphers and what the client said of itself.
pub(crate) struct Session {
    pub(crate) receive: NoiseCipher,
    pub(crate) send: NoiseCipher,
    pub(crate) client_static: RawKey,
    pub(crate) payload: Vec<u8>,
    pub(crate) pattern: Pattern,
}

/// After the first message: the answer to send, and what comes next.
pub(crate) enum Step {
    Done(Vec<u8>, Box<Session>),
    Finish(Vec<u8>, Box<Waiting>),
}

/// Waits for the client's second message.
pub(crate) struct Waiting {
    noise: NoiseHandshake,
    ephemeral: Pair,
    pattern: Pattern,
}

/// How this handshake departs from a good one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tampering {
    pub(crate) chain: Option<NoiseTampering>,
    /// What the client knows of the server's key is not taken.
    pub(crate) decline: bool,
}

/// Answers a client's first message at `now` (unix seconds).
pub(crate) fn answer(
    keys: &ServerKeys,
    header: &[u8],
    hello: &[u8],
    now: u64,
    tampering: Tampering,
) -> Result<Step, NoiseFault> {
    let message =
        HandshakeMessage::decode_from_slice(hello).map_err(|_| NoiseFault::Malformed("no protobuf"))?;
    let hello = message.client_hello.into_option().ok_or(NoiseFault::Malformed("no client hello"))?;
    let chain = keys.chain(now, tampering.chain).map_err(|_| NoiseFault::Chain)?;
    let ephemeral = Pair::generate();
    let wants_ik = hello.r#static.as_ref().is_some_and(|key| !key.is_empty());
    if wants_ik
        && !tampering.decline
        && let Ok(done) = ik(keys, header, &hello, &chain, &ephemeral)
    {
        return Ok(done);
    }
    let (pattern, name) = if wants_ik { (Pattern::Fallback, FALLBACK) } else { (Pattern::Xx, XX) };
    xx(keys, header, &hello, &chain, ephemeral, (pattern, name))
}

fn ik(
    keys: &ServerKeys,
    header: &[u8],
    hello: &ClientHello,
    chain: &[u8],
    ephemeral: &Pair,
) -> Result<Step, NoiseFault> {
    let theirs = hello.ephemeral.as_deref().unwrap_or_default();
    let mut noise = NoiseHandshake::new(IK, header)?;
    noise.authenticate(&keys.statics.public);
    noise.authenticate(theirs);
    noise.mix_shared_secret(keys.statics.private(), theirs)?;
    let client = noise.decrypt(hello.r#static.as_deref().unwrap_or_default())?;
    noise.mix_shared_secret(keys.statics.private(), &client)?;
    let payload = noise.decrypt(hello.payload.as_deref().unwrap_or_default())?;
    noise.authenticate(&ephemeral.public);
    noise.mix_shared_secret(ephemeral.private(), theirs)?;
    noise.mix_shared_secret(ephemeral.private(), &client)?;
    let sealed = noise.encrypt(chain)?;
    let answer = server_hello(&ephemeral.public, None, sealed);
    let client_static = client.try_into().map_err(|_| NoiseFault::Malformed("static key"))?;
    let (receive, send) = noise.finish()?;
    Ok(Step::Done(answer, Box::new(Session { receive, send, client_static, payload, pattern: Pattern::Ik })))
}

fn xx(
    keys: &ServerKeys,
    header: &[u8],
    hello: &ClientHello,
    chain: &[u8],
    ephemeral: Pair,
    (pattern, name): (Pattern, &str),
) -> Result<Step, NoiseFault> {
    let theirs = hello.ephemeral.as_deref().unwrap_or_default();
    let mut noise = NoiseHandshake::new(name, header)?;
    noise.authenticate(theirs);
    noise.authenticate(&ephemeral.public);
    noise.mix_shared_secret(ephemeral.private(), theirs)?;
    let statics = noise.encrypt(&keys.statics.public)?;
    noise.mix_shared_secret(keys.statics.private(), theirs)?;
    let sealed = noise.encrypt(chain)?;
    let answer = server_hello(&ephemeral.public, Some(statics), sealed);
    Ok(Step::Finish(answer, Box::new(Waiting { noise, ephemeral, pattern })))
}

/// A server hello whose parts nobody can decrypt.
pub(crate) fn nonsense() -> Vec<u8> {
    server_hello(&[9; 32], Some(vec![0x5a; 48]), vec![0x5a; 200])
}

fn server_hello(ephemeral: &RawKey, statics: Option<Vec<u8>>, payload: Vec<u8>) -> Vec<u8> {
    let hello = ServerHello {
        ephemeral: Some(ephemeral.to_vec()),
        r#static: statics,
        payload: Some(payload),
        ..ServerHello::default()
    };
    HandshakeMessage { server_hello: MessageField::some(hello), ..HandshakeMessage::default() }
        .encode_to_vec()
}

impl Waiting {
    pub(crate) fn finish(mut self, message: &[u8]) -> Result<Session, NoiseFault> {
        let message =
            HandshakeMessage::decode_from_slice(message).map_err(|_| NoiseFault::Malformed("no protobuf"))?;
        let finish = message.client_finish.into_option().ok_or(NoiseFault::Malformed("no client finish"))?;
        let client = self.noise.decrypt(finish.r#static.as_deref().unwrap_or_default())?;
        self.noise.mix_shared_secret(self.ephemeral.private(), &client)?;
        let payload = self.noise.decrypt(finish.payload.as_deref().unwrap_or_default())?;
        let client_static = client.try_into().map_err(|_| NoiseFault::Malformed("static key"))?;
        let (receive, send) = self.noise.finish()?;
        Ok(Session { receive, send, client_static, payload, pattern: self.pattern })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests {
    use super::*;
    use crate::vectors::{bytes, key};

    fn pair(name: &str) -> Pair {
        Pair::of(bytes(&format!("keys.{name}.private")), key(&format!("keys.{name}.public")))
    }

    fn keys() -> ServerKeys {
        ServerKeys::of(pair("root"), pair("intermediate"), pair("serverStatic"))
    }

    /// Without the length before it, and without the header before that.
    fn frame(place: &str, before: usize) -> Vec<u8> {
        bytes(place).split_off(before + 3)
    }

    fn hello(frame: &[u8]) -> ClientHello {
        HandshakeMessage::decode_from_slice(frame).unwrap().client_hello.into_option().unwrap()
    }

    /// A frame of each direction is sealed as the vectors say.
    fn agrees(mut session: Session, of: &str) {
        let server = bytes(&format!("{of}.firstServerFrame")).split_off(3);
        let plain = bytes_of_node(1);
        assert_eq!(session.send.encrypt_with_counter(0, &plain).unwrap(), server);
        let mut client = bytes(&format!("{of}.firstClientFrame")).split_off(3);
        session.receive.decrypt_in_place_with_counter(0, &mut client).unwrap();
        assert_eq!(client, bytes_of_node(2));
        assert_eq!(session.client_static, key("keys.clientStatic.public"));
        assert_eq!(std::mem::take(&mut session.payload), bytes("clientPayload"));
    }

    fn bytes_of_node(at: usize) -> Vec<u8> {
        let nodes: Vec<serde_json::Value> = crate::vectors::value("nodes");
        hex::decode(nodes.get(at).and_then(|node| node["bytes"].as_str()).unwrap()).unwrap()
    }

    fn with_two_answers(of: &str, pattern: (Pattern, &str)) {
        let hello = hello(&frame(&format!("{of}.clientHelloStream"), 4));
        let (header, chain) = (bytes("header"), bytes("certChain"));
        let step = xx(&keys(), &header, &hello, &chain, pair("serverEphemeral"), pattern).unwrap();
        let Step::Finish(answer, waiting) = step else { panic!("{of} has a finish") };
        assert_eq!(answer, frame(&format!("{of}.serverHelloFrame"), 0));
        agrees(waiting.finish(&frame(&format!("{of}.clientFinishFrame"), 0)).unwrap(), of);
    }

    #[test]
    fn xx_is_as_the_vector_says() {
        with_two_answers("noiseXX", (Pattern::Xx, XX));
    }

    #[test]
    fn xxfallback_is_as_the_vector_says() {
        with_two_answers("noiseXXfallback", (Pattern::Fallback, FALLBACK));
    }

    #[test]
    fn ik_is_as_the_vector_says() {
        let hello = hello(&frame("noiseIK.clientHelloFrame", 0));
        let step =
            ik(&keys(), &bytes("header"), &hello, &bytes("certChain"), &pair("serverEphemeral")).unwrap();
        let Step::Done(answer, session) = step else { panic!("IK is done at once") };
        assert_eq!(answer, frame("noiseIK.serverHelloFrame", 0));
        assert_eq!(session.client_static, key("keys.clientStatic.public"));
        assert_eq!(session.payload, bytes("clientPayload"));
        for (cipher, place) in
            [(&session.receive, "noiseIK.keyClientToServer"), (&session.send, "noiseIK.keyServerToClient")]
        {
            let same = NoiseCipher::new(&key(place)).unwrap();
            assert_eq!(
                cipher.encrypt_with_counter(7, b"same").unwrap(),
                same.encrypt_with_counter(7, b"same").unwrap()
            );
        }
    }
}
