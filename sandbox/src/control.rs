//! The control API on loopback: JSON over HTTP.

mod events;
mod messages;

use std::convert::Infallible;
use std::sync::Arc;

use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fault::{Plan, Planned};
use crate::graph::{self, Body, Condition};
use crate::phone::NewAccount;
use crate::told::Refused;
use crate::world::World;

/// Enough for a file of some megabytes as base64.
const BODY: usize = 16 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scan {
    qr: String,
    #[serde(default = "first")]
    phone: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    #[serde(default = "first")]
    phone: String,
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unlink {
    jid: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct NewPhone {
    phone: String,
    name: Option<String>,
    #[serde(default = "android")]
    platform: String,
    business_name: Option<String>,
}

/// The number of the phone that is used when none is named.
fn first() -> String {
    "15550001111".into()
}

fn android() -> String {
    "android".into()
}

pub(crate) async fn serve(
    world: Arc<World>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    if head.uri.path().starts_with("/graph/") {
        return Ok(world.graph.answer(&head).await);
    }
    let Ok(body) = Limited::new(body, BODY).collect().await else {
        return Ok(json_answer(StatusCode::PAYLOAD_TOO_LARGE, &json!({"error": "the body is too large"})));
    };
    let body = body.to_bytes();
    if head.method == Method::GET && head.uri.path() == "/sw.js" {
        let version = world.lock().version;
        let script = format!("self.x={{\"client_revision\":{}}};/* {version:?} */", version[2]);
        let script = script.replace("\"client_revision\":", "\\\"client_revision\\\":");
        return Ok(Response::new(Full::new(Bytes::from(script)).boxed_unsync()));
    }
    let query = head.uri.query().unwrap_or_default();
    let answer = match (&head.method, head.uri.path()) {
        (&Method::POST, "/scan") => scan(&world, &body).await,
        (&Method::POST, "/code") => code(&world, &body).await,
        (&Method::POST, "/unlink") => unlink(&world, &body).await,
        (&Method::POST, "/refresh") => refresh(&world, &body).await,
        (&Method::POST, "/send-file") => messages::send_file(&world, &body),
        (&Method::GET, "/file") => match messages::file(&world, query) {
            Ok(bytes) => return Ok(Response::new(Full::new(Bytes::from(bytes)).boxed_unsync())),
            Err(refused) => Err(refused),
        },
        (&Method::POST, "/expire-files") => {
            world.lock().files.expire();
            Ok(json!({}))
        }
        (&Method::POST, "/receipt") => messages::give(&world, &body),
        (&Method::POST, "/forget-sessions") => messages::forget_sessions(&world, &body),
        (&Method::POST, "/presence") => messages::presence(&world, &body),
        (&Method::POST, "/typing") => messages::typing(&world, &body),
        (&Method::POST, "/call") => messages::call(&world, &body),
        (&Method::POST, "/hang-up") => messages::hang_up(&world, &body),
        (&Method::GET, "/calls") => Ok(json!({"calls": world.lock().calls})),
        (&Method::POST, "/setting") => messages::setting(&world, &body),
        (&Method::GET, "/app-state") => Ok(messages::app_state(&world, query)),
        (&Method::POST, "/send") => messages::send(&world, &body),
        (&Method::POST, "/send-to-group") => messages::send_to_group(&world, &body),
        (&Method::GET, "/received") => Ok(messages::received(&world, query)),
        (&Method::GET, "/receipts") => Ok(messages::receipts(&world, query)),
        (&Method::POST, "/account") => account(&world, &body),
        (&Method::POST, "/fault") => fault(&world, &body).await,
        (&Method::POST, "/plan") => plan(&world, &body).await,
        (&Method::DELETE, "/fault") => {
            world.clear_faults();
            Ok(json!({}))
        }
        (&Method::POST, "/rotate") => {
            world.rotate_key();
            Ok(json!({}))
        }
        (&Method::POST, "/clock") => clock(&world, &body),
        (&Method::POST, "/version") => version(&world, &body),
        (&Method::POST, "/meta/number") => parse(&body).map(|number| {
            world.graph.put(number);
            json!({})
        }),
        (&Method::POST, "/meta/condition") => condition(&world, &body),
        (&Method::POST, "/meta/token") => token(&world, &body),
        (&Method::POST, "/meta/send") => meta_send(&body).await,
        (&Method::GET, "/meta/state") => Ok(world.graph.shown()),
        (&Method::GET, "/state") => Ok(world.shown()),
        (&Method::GET, "/events") if events::wants_stream(&head) => match events::stream(world, &head) {
            Ok(stream) => return Ok(stream),
            Err(refused) => Err(refused),
        },
        (&Method::GET, "/events") => events::newer(&world, query).await,
        (_, path) => {
            let body = json!({"error": format!("no {} {path}", head.method)});
            return Ok(json_answer(StatusCode::NOT_FOUND, &body));
        }
    };
    Ok(match answer {
        Ok(value) => json_answer(StatusCode::OK, &value),
        Err(Refused(why)) => json_answer(StatusCode::BAD_REQUEST, &json!({"error": why})),
    })
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| Refused(format!("the body is wrong: {error}")))
}

async fn scan(world: &World, body: &[u8]) -> Result<Value, Refused> {
    let scan: Scan = parse(body)?;
    Ok(json!({"jid": world.scan(&scan.phone, &scan.qr).await?}))
}

async fn code(world: &World, body: &[u8]) -> Result<Value, Refused> {
    let code: Code = parse(body)?;
    Ok(json!({"jid": world.enter_code(&code.phone, &code.code).await?}))
}

async fn refresh(world: &World, body: &[u8]) -> Result<Value, Refused> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Refresh {
        connection: Option<u64>,
    }
    let body = if body.is_empty() { b"{}" } else { body };
    let refresh: Refresh = parse(body)?;
    Ok(json!({"connections": world.refresh_registration(refresh.connection).await}))
}

async fn unlink(world: &World, body: &[u8]) -> Result<Value, Refused> {
    let unlink: Unlink = parse(body)?;
    Ok(json!({"unlinked": world.unlink(&unlink.jid).await?}))
}

async fn fault(world: &World, body: &[u8]) -> Result<Value, Refused> {
    Ok(json!({"connections": world.plan(Planned::parse(parse(body)?)?).await?}))
}

/// All entries or none.
async fn plan(world: &World, body: &[u8]) -> Result<Value, Refused> {
    let Plan(entries) = Plan::from_value(parse(body)?).map_err(|error| Refused(error.to_string()))?;
    let (mut connections, faults) = (0, entries.len());
    for planned in entries {
        connections += world.plan(planned).await?;
    }
    Ok(json!({"faults": faults, "connections": connections}))
}

fn account(world: &World, body: &[u8]) -> Result<Value, Refused> {
    let NewPhone { phone, name, platform, business_name } = parse(body)?;
    let push_name = name.unwrap_or_else(|| format!("Phone {phone}"));
    let account = world.create_account(NewAccount { phone, push_name, platform, business_name })?;
    Ok(json!({"phone": account.phone, "lid": account.lid, "pushName": account.push_name,
        "platform": account.platform, "businessName": account.business_name}))
}

fn clock(world: &World, body: &[u8]) -> Result<Value, Refused> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Clock {
        by: i64,
    }
    let clock: Clock = parse(body)?;
    world.advance(clock.by);
    Ok(json!({"now": world.unix()}))
}

fn version(world: &World, body: &[u8]) -> Result<Value, Refused> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Version {
        version: [u32; 3],
    }
    let version: Version = parse(body)?;
    world.lock().version = version.version;
    Ok(json!({}))
}

fn condition(world: &World, body: &[u8]) -> Result<Value, Refused> {
    #[derive(Deserialize)]
    struct Changed {
        id: String,
        #[serde(flatten)]
        condition: Condition,
    }
    let changed: Changed = parse(body)?;
    world.graph.condition(&changed.id, changed.condition).map(|()| json!({}))
}

fn token(world: &World, body: &[u8]) -> Result<Value, Refused> {
    #[derive(Deserialize)]
    struct Changed {
        id: String,
        token: String,
    }
    let changed: Changed = parse(body)?;
    world.graph.token(&changed.id, &changed.token).map(|()| json!({}))
}

async fn meta_send(body: &[u8]) -> Result<Value, Refused> {
    Ok(json!({"status": graph::send(&parse(body)?).await?}))
}

/// One parameter of a query, as it is written.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name).map(|(_, value)| value)
}

fn json_answer(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())).boxed_unsync());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}
