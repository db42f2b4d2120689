//! Answers on their way out.

use std::convert::Infallible;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use http::{Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{Either, Full};
use serde::Serialize;

/// A body that is ready, or one that is made while it is sent.
pub(crate) type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, Infallible>>;

/// An answer.
pub(crate) type Reply = Response<Body>;

/// Bytes of a kind, never kept by caches: states and codes are true for a moment only.
pub(crate) fn bytes(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Either::Left(Full::new(body.into())));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

/// A value as JSON.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Reply {
    match serde_json::to_vec(value) {
        Ok(body) => bytes(status, "application/json; charset=utf-8", body),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            bytes(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", "internal error")
        }
    }
}

/// 200 with a value.
pub(crate) fn ok(value: &impl Serialize) -> Reply {
    json(StatusCode::OK, value)
}

/// 201 with a value.
pub(crate) fn created(value: &impl Serialize) -> Reply {
    json(StatusCode::CREATED, value)
}
