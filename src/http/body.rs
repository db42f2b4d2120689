//! Bodies on their way in: bounded in size and time, JSON, no member twice.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::error::ApiError;

/// How long a whole body may take.
const LIMIT: Duration = Duration::from_secs(15);

/// Reads the whole body as one JSON object. None at all is an empty one, so that every missing member
/// is told by name.
pub(crate) async fn object(
    headers: &HeaderMap,
    body: Incoming,
    max: usize,
) -> Result<Map<String, Value>, ApiError> {
    let bytes = read(headers, body, max).await?;
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match parse(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(ApiError::invalid(format!("the body must be a JSON object, got {}", kind(&other)))),
        Err(error) => Err(ApiError::invalid(format!("the body is not valid JSON: {error}"))),
    }
}

/// The whole body, when it says that it is JSON or does not say.
async fn read(headers: &HeaderMap, body: Incoming, max: usize) -> Result<Bytes, ApiError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if let Some(kind) = headers.get(CONTENT_TYPE) {
        let kind = kind.to_str().unwrap_or("?");
        if !is_json(kind) {
            return Err(ApiError::NotJson(kind.chars().take(100).collect()));
        }
    }
    whole(body, max).await
}

/// All of a body of any kind.
pub(crate) async fn whole(body: Incoming, max: usize) -> Result<Bytes, ApiError> {
    if body.size_hint().lower() > max as u64 {
        return Err(ApiError::TooLarge(max));
    }
    let collected = tokio::time::timeout(LIMIT, Limited::new(body, max).collect()).await;
    match collected.map_err(|_| ApiError::SlowBody(LIMIT))? {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ApiError::TooLarge(max)),
        Err(error) => Err(ApiError::invalid(format!("the body could not be read: {error}"))),
    }
}

fn is_json(kind: &str) -> bool {
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

/// What a value is, in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let value = Strict.deserialize(&mut parser)?;
    parser.end()?;
    Ok(value)
}

/// `serde_json` lets the last of two members of one name win; here that is a mistake of the caller's.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(v.into())
    }

    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(Value::String(v))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(Strict)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if object.contains_key(&name) {
                let name: String = name.chars().take(64).collect();
                return Err(A::Error::custom(format!("member {name:?} is given twice")));
            }
            object.insert(name, map.next_value_seed(Strict)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{is_json, parse};
    use serde_json::json;

    #[test]
    fn json_is_read_as_it_is() {
        let text = br#" {"a":[1,-2,2.5,"x",null,true],"b":{"c":{}}} "#;
        assert_eq!(parse(text).unwrap(), json!({"a":[1,-2,2.5,"x",null,true],"b":{"c":{}}}));
    }

    #[test]
    fn members_given_twice_rubbish_after_it_and_depth_are_refused() {
        assert!(parse(br#"{"a":1,"a":1}"#).unwrap_err().to_string().contains("\"a\" is given twice"));
        assert!(parse(br#"{"a":{"b":1,"b":2}}"#).is_err());
        assert!(parse(b"{} {}").is_err());
        assert!(parse(b"{\"a\":").is_err());
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn kinds_of_json() {
        for json in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json"] {
            assert!(is_json(json), "{json}");
        }
        assert!(!is_json("application/x-www-form-urlencoded"));
    }
}
