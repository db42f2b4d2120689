//! The host over HTTPS: devices upload what they sealed, and download what others did.

use std::convert::Infallible;
use std::ops::RangeInclusive;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT_RANGES, CONTENT_RANGE, CONTENT_TYPE, RANGE};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use serde_json::{Value, json};

use super::{LARGEST, token};
use crate::fault::Fault;
use crate::world::World;

/// What is uploaded, as the path names it.
const KINDS: [&str; 12] = [
    "/mms/image",
    "/mms/video",
    "/mms/audio",
    "/mms/ptt",
    "/mms/document",
    "/mms/sticker",
    "/mms/md-msg-hist",
    "/mms/md-app-state",
    "/mms/sticker-pack",
    "/mms/thumbnail-link",
    "/mms/thumbnail-sticker-pack",
    "/product/image",
];

type Answer = Response<Full<Bytes>>;

/// What is asked in the query.
struct Asked<'a> {
    auth: &'a str,
    token: &'a str,
    resume: bool,
    offset: Option<usize>,
}

impl<'a> Asked<'a> {
    fn of(head: &'a Parts) -> Self {
        let query = head.uri.query().unwrap_or_default();
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(n, _)| *n == name).map(|(_, value)| value)
        };
        Self {
            auth: value("auth").unwrap_or_default(),
            token: value("token").unwrap_or_default(),
            resume: value("resume") == Some("1"),
            offset: value("file_offset").and_then(|offset| offset.parse().ok()),
        }
    }
}

/// One request to the media host.
pub(crate) async fn serve(world: Arc<World>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let (head, mut body) = request.into_parts();
    let line = format!("{} {}", head.method, head.uri.path());
    let asked = world.fault_due(|fault| matches!(fault, Fault::Media { .. }), None);
    let answer = if let Some(Fault::Media { status }) = asked {
        plain(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
    } else {
        match head.method {
            Method::POST => upload(&world, &head, &mut body).await,
            Method::GET => download(&world, &head),
            _ => plain(StatusCode::METHOD_NOT_ALLOWED),
        }
    };
    drain(body).await;
    world.tell(0, "media", format!("{line}: {}", answer.status().as_u16()));
    Ok(answer)
}

/// Reads what is not read yet: clients write all of a body before they look for an answer.
async fn drain(mut body: Incoming) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > LARGEST {
            return;
        }
    }
}

async fn upload(world: &World, head: &Parts, body: &mut Incoming) -> Answer {
    let path = head.uri.path();
    let asked = Asked::of(head);
    let named = path.rsplit_once('/').filter(|(kind, name)| KINDS.contains(kind) && *name == asked.token);
    if named.is_none() || asked.token.is_empty() {
        world.tell(0, "violation", format!("an upload to {path}, which names no kind or another token"));
        return plain(StatusCode::BAD_REQUEST);
    }
    let now = world.now();
    if !world.lock().files.authorised(asked.auth, now) {
        return plain(StatusCode::UNAUTHORIZED);
    }
    if asked.resume {
        return resume(world, asked.token);
    }
    let mut whole = match asked.offset {
        None => Vec::new(),
        Some(offset) => {
            let mut part = world.lock().files.part(asked.token);
            if offset > part.len() {
                return plain(StatusCode::RANGE_NOT_SATISFIABLE);
            }
            part.truncate(offset);
            part
        }
    };
    if body.size_hint().lower() > LARGEST as u64 {
        return plain(StatusCode::PAYLOAD_TOO_LARGE);
    }
    while let Some(frame) = body.frame().await {
        let Some(data) = frame.ok().and_then(|frame| frame.into_data().ok()) else {
            world.lock().files.keep_part(asked.token.to_owned(), whole);
            return plain(StatusCode::BAD_REQUEST);
        };
        if whole.len() + data.len() > LARGEST {
            return plain(StatusCode::PAYLOAD_TOO_LARGE);
        }
        whole.extend_from_slice(&data);
    }
    if token(&whole) != asked.token {
        world.tell(0, "violation", format!("an upload to {path} of {} bytes with another hash", whole.len()));
        return plain(StatusCode::BAD_REQUEST);
    }
    let path = world.lock().files.keep(whole.into());
    json_answer(&kept(world, &path, None))
}

/// How much of an upload is there.
fn resume(world: &World, token: &str) -> Answer {
    let state = world.lock();
    let complete = state.files.tokens.get(token).cloned();
    let part = state.files.parts.iter().find(|(of, _)| of == token).map_or(0, |(_, part)| part.len());
    drop(state);
    json_answer(&match complete {
        Some(path) => kept(world, &path, Some("complete")),
        None => json!({"resume": part.to_string()}),
    })
}

fn kept(world: &World, path: &str, resume: Option<&str>) -> Value {
    let mut answer = json!({"url": world.media_url(path), "direct_path": path});
    if let (Some(resume), Some(answer)) = (resume, answer.as_object_mut()) {
        answer.insert("resume".into(), resume.into());
    }
    answer
}

fn download(world: &World, head: &Parts) -> Answer {
    let Some(file) = world.lock().files.get(head.uri.path()) else { return plain(StatusCode::NOT_FOUND) };
    let asked = Asked::of(head);
    if !asked.token.is_empty() && asked.token != token(&file) {
        world.tell(0, "violation", format!("a download of {} with another token", head.uri.path()));
        return plain(StatusCode::FORBIDDEN);
    }
    let range = head.headers.get(RANGE).map(|range| range.to_str().ok().and_then(|r| part(r, file.len())));
    let (status, bytes, content) = match range {
        None => (StatusCode::OK, file, None),
        Some(Some(range)) => {
            let said = format!("bytes {}-{}/{}", range.start(), range.end(), file.len());
            (StatusCode::PARTIAL_CONTENT, file.slice(range), Some(said))
        }
        Some(None) => return plain(StatusCode::RANGE_NOT_SATISFIABLE),
    };
    let answer = Response::builder()
        .status(status)
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(ACCEPT_RANGES, "bytes");
    let answer = match content {
        Some(content) => answer.header(CONTENT_RANGE, content),
        None => answer,
    };
    answer.body(Full::new(bytes)).unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR))
}

/// `bytes=5-` and `bytes=5-9` of so many.
fn part(range: &str, length: usize) -> Option<RangeInclusive<usize>> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let from = from.parse::<usize>().ok()?;
    let last = length.checked_sub(1)?;
    let to = if to.is_empty() { last } else { to.parse::<usize>().ok()?.min(last) };
    (from <= to).then_some(from..=to)
}

fn plain(status: StatusCode) -> Answer {
    let mut answer =
        Response::new(Full::new(Bytes::from_static(status.canonical_reason().unwrap_or("").as_bytes())));
    *answer.status_mut() = status;
    answer
}

fn json_answer(value: &Value) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(value.to_string())));
    answer.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    answer
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn ranges_are_within_the_file() {
        assert_eq!(part("bytes=0-", 10), Some(0..=9));
        assert_eq!(part("bytes=4-6", 10), Some(4..=6));
        assert_eq!(part("bytes=4-600", 10), Some(4..=9));
        for wrong in ["bytes=10-", "bytes=6-4", "bytes=-4", "items=0-1", "bytes=a-b", ""] {
            assert_eq!(part(wrong, 10), None, "{wrong}");
        }
        assert_eq!(part("bytes=0-", 0), None);
    }
}
