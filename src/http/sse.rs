//! Server-sent events on their way out: the pieces are made elsewhere, one after the other.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use http_body_util::{BodyExt as _, Either, StreamBody};
use hyper::body::Frame;
use tokio::sync::mpsc;

use super::reply::{Reply, bytes};

/// Answers with every piece that comes, until their sender is dropped.
pub(crate) fn reply(pieces: mpsc::Receiver<Bytes>) -> Reply {
    let frames = stream::unfold(pieces, |mut pieces| async {
        let piece = pieces.recv().await?;
        Some((Ok::<_, Infallible>(Frame::data(piece)), pieces))
    });
    let mut reply = bytes(StatusCode::OK, "text/event-stream", Bytes::new());
    *reply.body_mut() = Either::Right(StreamBody::new(frames).boxed_unsync());
    // Without it, nginx holds events back until it has many.
    reply.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    reply
}
