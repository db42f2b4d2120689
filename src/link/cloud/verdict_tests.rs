//! Every answer of Meta's and its meaning.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::of;
use crate::link::{Cause, RetryHint};
use crate::model::{Profile, Reason, Secret};
use crate::net::Response;

const TOKEN: &str = "EAAGm0PX4ZCpsBAKZCwZBsecret";

fn answer(status: u16, body: impl Into<Bytes>) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    Response { status, headers: HeaderMap::new(), body: body.into(), truncated: false }
}

fn judge(answer: &Response) -> Result<Profile, Cause> {
    of(answer, "106540352242922", &Secret::new(TOKEN))
}

fn good() -> Value {
    json!({"id": "106540352242922", "display_phone_number": "+1 631-555-5555", "verified_name": "Jasper's Market",
        "status": "CONNECTED", "quality_rating": "GREEN", "platform_type": "CLOUD_API",
        "health_status": {"can_send_message": "AVAILABLE", "entities": []}})
}

fn with(name: &str, value: Value) -> Response {
    let mut number = good();
    number[name] = value;
    answer(200, number.to_string())
}

fn error(status: u16, code: i64, subcode: Option<i64>) -> Response {
    let error = json!({"message": "(#1) Said by Meta", "type": "OAuthException", "code": code,
        "error_subcode": subcode, "fbtrace_id": "A"});
    answer(status, json!({ "error": error }).to_string())
}

#[test]
fn open_when_meta_says_so() {
    let profile = judge(&answer(200, good().to_string())).unwrap();
    assert_eq!(profile.jid.unwrap().as_str(), "16315555555@s.whatsapp.net");
    assert_eq!(profile.name.as_deref(), Some("Jasper's Market"));
    for status in ["FLAGGED", "RESTRICTED"] {
        assert!(judge(&with("status", status.into())).is_ok(), "{status}: it still works");
    }
    let limited = json!({"can_send_message": "LIMITED", "entities": []});
    assert!(judge(&with("health_status", limited)).is_ok());
}

#[test]
fn every_reason() {
    use Reason::{
        Blocked, NumberNotRegistered, NumberUnknown, PermissionMissing, RateLimited, ServerError,
        TokenInvalid,
    };
    let blocked = json!({"can_send_message": "BLOCKED", "entities": [{"can_send_message": "BLOCKED",
        "errors": [{"error_code": 141_006, "error_description": "There is an error with the payment method.",
        "possible_solution": "Add one."}]}]});
    let rows = [
        (error(401, 190, Some(463)), TokenInvalid, true),
        (error(401, 190, Some(467)), TokenInvalid, true),
        (error(400, 190, None), TokenInvalid, true),
        (answer(401, "{}"), TokenInvalid, true),
        (error(403, 10, None), PermissionMissing, true),
        (error(403, 200, None), PermissionMissing, true),
        (error(400, 299, None), PermissionMissing, true),
        (error(400, 100, Some(33)), NumberUnknown, true),
        (error(400, 133_010, None), NumberNotRegistered, true),
        (with("status", "PENDING".into()), NumberNotRegistered, true),
        (with("platform_type", "NOT_APPLICABLE".into()), NumberNotRegistered, true),
        (with("status", "BANNED".into()), Blocked, true),
        (with("health_status", blocked), Blocked, true),
        (error(403, 368, None), Blocked, true),
        (error(400, 4, None), RateLimited, false),
        (error(400, 80007, None), RateLimited, false),
        (error(400, 130_429, None), RateLimited, false),
        (answer(429, "slow down"), RateLimited, false),
        (error(500, 1, None), ServerError, false),
        (error(503, 2, None), ServerError, false),
        (answer(502, "<html>"), ServerError, false),
        (answer(302, ""), ServerError, false),
        (answer(200, "not json"), ServerError, false),
        (answer(200, "{\"id\":1}"), ServerError, false),
        (answer(200, "[]"), ServerError, false),
        (with("id", "2".into()), ServerError, false),
        (Response { truncated: true, ..answer(200, good().to_string()) }, ServerError, false),
    ];
    for (answer, reason, only_a_person) in rows {
        let shown = format!("{} {:?}", answer.status, answer.body);
        let cause = judge(&answer).unwrap_err();
        assert_eq!((cause.reason, cause.hint == RetryHint::Never), (reason, only_a_person), "{shown}");
    }
}

#[test]
fn says_what_meta_explains() {
    let health = json!({"can_send_message": "BLOCKED", "entities": [{"can_send_message": "BLOCKED",
        "errors": [{"error_description": "No payment method.", "possible_solution": "Add one."}]}]});
    let cause = judge(&with("health_status", health)).unwrap_err();
    assert_eq!(cause.detail.message.as_deref(), Some("No payment method. Add one."));
    let expired = judge(&error(401, 190, Some(463))).unwrap_err();
    assert!(expired.detail.message.unwrap().contains("expired"));
}

#[test]
fn retry_after_is_honoured() {
    let mut asked = error(400, 4, None);
    asked.headers.insert("retry-after", "77".parse().unwrap());
    assert_eq!(judge(&asked).unwrap_err().hint, RetryHint::NotBefore(Duration::from_secs(77)));
}

#[test]
fn the_token_is_never_quoted() {
    for said in [
        format!("Malformed access token {TOKEN}"),
        format!("Bad token: \"{}\".", &TOKEN[..20]),
        format!("access_token={}…&fields=id", &TOKEN[..14]),
        format!("(…{})", &TOKEN[10..]),
    ] {
        let body = json!({"error": {"message": said, "code": 190}}).to_string();
        let words = judge(&answer(401, body)).unwrap_err().detail.message.unwrap();
        assert!(
            !words.contains(&TOKEN[..12]) && !words.contains(&TOKEN[12..24]) && words.contains("[token]"),
            "{words}"
        );
    }
}

proptest! {
    #[test]
    fn any_answer_has_a_meaning(status in 200_u16..600, body: Vec<u8>) {
        prop_assume!(StatusCode::from_u16(status).is_ok());
        prop_assert!(judge(&answer(status, body)).is_err());
    }
}
