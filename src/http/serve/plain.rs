//! Plain HTTP where HTTPS is spoken: told so, instead of a connection that ends without a word.

use std::convert::Infallible;
use std::time::Duration;

use http::header::{CONNECTION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;

use super::Limits;
use super::patient::Patient;
use crate::http::error::ApiError;
use crate::http::reply::Reply;

/// How TLS begins: a record of a handshake (RFC 8446 §5.1).
const HANDSHAKE: u8 = 0x16;

/// Whether a client began with something else than TLS. Who has not begun in time is left to TLS.
pub(super) async fn is_spoken_on(stream: &TcpStream, limit: Duration) -> bool {
    let mut first = [HANDSHAKE];
    let peeked = tokio::time::timeout(limit, stream.peek(&mut first)).await;
    matches!(peeked, Ok(Ok(1))) && first != [HANDSHAKE]
}

/// Answers one request with what the client has to do. Nothing of it is looked at: a key that came
/// without encryption may be anybody's.
pub(super) async fn turn_away(stream: TcpStream, limits: Limits) {
    let service = service_fn(|_| async {
        let mut reply = Reply::from(ApiError::WrongState {
            code: "https_only",
            message: "this address speaks HTTPS; begin it with https://".into(),
        });
        reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        Ok::<_, Infallible>(reply)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.headers)
        .keep_alive(false)
        .serve_connection(TokioIo::new(Patient::new(stream, limits.stalled)), service);
    if let Err(error) = connection.await {
        tracing::trace!(%error, "a connection without TLS ended");
    }
}
