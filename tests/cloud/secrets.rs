//! What Meta and the owner told in confidence is nowhere: in no event, answer, page, log, `Debug` or byte on disk.

use std::path::Path;

use serde_json::{Value, json};
use tetherd::config::Config;
use tetherd::model::{Digest, InstanceChange, InstanceName, Integration, NewInstance, Secret};
use tetherd_sandbox::graph::Condition;
use tetherd_sandbox::{Options, Sandbox};

use crate::seen::{DELIVERY, Seen};
use crate::support::{self, APP_SECRET, Daemon, KEY, VERIFY_TOKEN};
use crate::{ID, TOKEN, WABA, business, number, tell};

/// Meta refuses it, and quotes it.
const REFUSED: &str = "EAAGrefusedTokenThatMetaQuotes";
const NEXT: &str = "EAAGnextTokenAfterTheFirstOne";
const PASSWORD: &str = "password-of-the-proxy";
const ALL: [&str; 6] = [TOKEN, REFUSED, NEXT, PASSWORD, APP_SECRET, VERIFY_TOKEN];
/// So much of one is too much.
const PIECE: usize = 12;

async fn daemon(folder: &Path, sandbox: &Sandbox) -> Daemon {
    let daemon = Daemon::start_with(folder, sandbox, &[("TETHERD_LOG", "trace")]).await;
    // All of its log is looked through when it ends.
    for secret in ALL {
        daemon.keep_secret(&secret[..PIECE]);
    }
    daemon
}

/// All that can be asked of an instance as it is now, and every view of the page.
async fn look_around(seen: &Seen, daemon: &Daemon, cookie: &str) {
    for line in [
        "GET /",
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",
        "GET /openapi.json",
        "GET /instance/fetchInstances",
        "GET /instance/connectionState/shop",
        "GET /instance/connect/shop",
        "GET /instance/connect/shop?number=15551234567",
        "GET /instance/qrcode/shop",
        "GET /settings/find/shop",
        "GET /proxy/find/shop",
        "GET /webhook/find/shop",
        "GET /webhook/deliveries/shop",
    ] {
        seen.api(&daemon.url, line, None).await;
    }
    let html = [("cookie", cookie), ("accept", "text/html")];
    for room in ["", "/settings", "/webhook", "/events"] {
        let (status, _) = seen.ask(&daemon.url, &format!("GET /page/accounts/shop{room}"), &html, "").await;
        assert_eq!(status, 200, "{room}");
    }
    seen.ask(&daemon.url, "GET /", &html, "").await;
    seen.follow(&daemon.url, "GET /page/live", &html, "\n\n").await;
}

/// Another token, by the API.
async fn give(seen: &Seen, daemon: &Daemon, token: &str) {
    let (status, answer) =
        seen.api(&daemon.url, "PUT /instance/token/shop", Some(json!({ "token": token }))).await;
    assert_eq!((status, answer["tokenReplaced"].as_bool()), (200, Some(true)), "{answer}");
}

/// Another token, by the page.
async fn give_on_the_page(seen: &Seen, daemon: &Daemon, cookie: &str, token: &str) {
    let headers = [("cookie", cookie), ("accept", "text/html")];
    let (_, page) = seen.ask(&daemon.url, "GET /page/accounts/shop/settings", &headers, "").await;
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let form = format!("csrf={}&token={token}", csrf.expect("a proof"));
    let headers = [headers[0], headers[1], ("content-type", "application/x-www-form-urlencoded")];
    let (status, page) = seen.ask(&daemon.url, "POST /page/accounts/shop/meta-token", &headers, &form).await;
    assert_eq!(status, 200, "{page}");
}

/// What is refused answers without quoting what it was.
async fn refusals(seen: &Seen, daemon: &Daemon) {
    let json = ("content-type", "application/json");
    let mut wrong = business();
    wrong["instanceName"] = json!("other");
    wrong["token"] = json!([TOKEN]);
    assert_eq!(seen.api(&daemon.url, "POST /instance/create", Some(wrong.clone())).await.0, 400);
    wrong["token"] = json!(TOKEN);
    wrong["number"] = json!("+1 631 555 5555");
    assert_eq!(seen.api(&daemon.url, "POST /instance/create", Some(wrong.clone())).await.0, 400);
    let cut = &wrong.to_string()[..wrong.to_string().len() - 1];
    assert_eq!(seen.ask(&daemon.url, "POST /instance/create", &[("apikey", KEY), json], cut).await.0, 400);
    assert_eq!(seen.ask(&daemon.url, "POST /instance/create", &[json], &wrong.to_string()).await.0, 401);
    assert_eq!(seen.ask(&daemon.url, "GET /instance/fetchInstances", &[("apikey", TOKEN)], "").await.0, 401);
    let (status, _) =
        seen.api(&daemon.url, "PUT /instance/token/shop", Some(json!({"token": {"is": TOKEN}}))).await;
    assert_eq!(status, 400);
}

/// Meta proves itself, and tells; so does somebody who is not Meta.
async fn meta_tells(seen: &Seen, daemon: &Daemon) {
    for (token, status) in [(VERIFY_TOKEN, 200), ("wrong", 403)] {
        let line = format!("GET /webhook/meta?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1");
        assert_eq!(seen.ask(&daemon.url, &line, &[], "").await.0, status);
    }
    let message = json!({"from": "5521988887777", "id": "wamid.1", "timestamp": "1795000000", "type": "text",
        "text": {"body": "oi"}});
    let change = json!({"field": "messages", "value": {"metadata": {"phone_number_id": ID}, "messages": [message],
        "statuses": [{"id": "wamid.2", "recipient_id": "5521988887777", "status": "read", "timestamp": "1795000000"}]}});
    let review = json!({"field": "account_review_update", "value": {"decision": "APPROVED"}});
    let body =
        json!({"object": "whatsapp_business_account", "entry": [{"id": WABA, "changes": [change, review]}]});
    assert_eq!(tell(daemon, APP_SECRET, &body).await, Ok(200));
    assert_eq!(tell(daemon, "not the secret", &body).await, Ok(401));
}

/// Settings, a proxy that leads there and one that does not, and everything else that makes events.
async fn change_everything(seen: &Seen, daemon: &Daemon) {
    let settings = json!({"rejectCall": true, "msgCall": "later", "groupsIgnore": true, "alwaysOnline": false,
        "readMessages": false, "readStatus": false, "syncFullHistory": false});
    let proxy = support::tunnel::proxy().await;
    let through = json!({"enabled": true, "host": "127.0.0.1", "port": proxy, "protocol": "http", "username": "u",
        "password": PASSWORD});
    let mut nowhere = through.clone();
    nowhere["port"] = json!(1);
    for (line, body, expected) in [
        ("POST /settings/set/shop", settings, 201),
        ("POST /proxy/set/shop", nowhere, 400),
        ("POST /proxy/set/shop", through, 201),
        ("POST /instance/restart/shop", Value::Null, 200),
        ("POST /webhook/test/shop", Value::Null, 200),
        ("POST /webhook/meta/subscribe/shop", Value::Null, 200),
        ("POST /instance/setPresence/shop", json!({"presence": "available"}), 400),
        ("PUT /instance/token/shop", json!({"rotate": true}), 200),
        ("POST /proxy/set/shop", json!({"enabled": false}), 201),
    ] {
        let body = (!body.is_null()).then_some(body);
        let (status, answer) = seen.api(&daemon.url, line, body).await;
        assert_eq!(status, expected, "{line}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_seen_anywhere_in_a_whole_life() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    sandbox.graph().put(number());
    let seen = Seen::default();
    let first = daemon(folder.path(), &sandbox).await;
    let cookie = first.sign_in(KEY).await;
    let cookie = cookie.split(';').next().unwrap();
    let mut body = business();
    body["token"] = json!(REFUSED);
    body["webhook"] = json!({"url": seen.receiver().await, "enabled": true});
    let (status, created) = seen.api(&first.url, "POST /instance/create", Some(body)).await;
    assert_eq!(status, 201, "{created}");
    let own = created["instance"]["verifyTokenWaBusiness"].as_str().unwrap().to_owned();
    first.keep_secret(&own);
    assert_eq!(first.until("close").await["reason"], "token_invalid");
    look_around(&seen, &first, cookie).await;
    refusals(&seen, &first).await;
    give(&seen, &first, TOKEN).await;
    first.until("open").await;
    look_around(&seen, &first, cookie).await;
    change_everything(&seen, &first).await;
    meta_tells(&seen, &first).await;
    look_around(&seen, &first, cookie).await;
    for condition in [Condition::Expired, Condition::Blocked, Condition::Broken, Condition::Redirect] {
        sandbox.graph().condition(ID, condition).unwrap();
        seen.api(&first.url, "POST /instance/restart/shop", None).await;
        first.until("close").await;
        look_around(&seen, &first, cookie).await;
    }
    sandbox.graph().condition(ID, Condition::Good).unwrap();
    first.kill().await;
    on_disk(folder.path(), &own);

    let last = daemon(folder.path(), &sandbox).await;
    last.keep_secret(&own);
    last.until("open").await;
    sandbox.graph().token(ID, NEXT).unwrap();
    give_on_the_page(&seen, &last, cookie, NEXT).await;
    last.until("open").await;
    seen.api(&last.url, "DELETE /instance/logout/shop", None).await;
    last.until("close").await;
    look_around(&seen, &last, cookie).await;
    give(&seen, &last, NEXT).await;
    last.until("open").await;
    seen.api(&last.url, "DELETE /instance/delete/shop", None).await;
    seen.delivered("INSTANCE_DELETE").await;
    let resumed = [("apikey", KEY), ("last-event-id", "evt_0")];
    seen.follow(&last.url, "GET /events", &resumed, "INSTANCE_DELETE").await;
    assert!(last.log().contains("TRACE"), "the log holds all that there is");
    last.terminate().await;
    on_disk(folder.path(), &own);

    // Who would be seen, is: what is searched holds what it should.
    for place in ["GET /events", DELIVERY, "GET /webhook/deliveries/shop"] {
        assert!(seen.places_of("CONNECTION_UPDATE").iter().any(|seen| seen == place), "{place}");
    }
    for secret in ALL {
        let asked = |place: &String| !place.contains(secret);
        let places: Vec<_> = seen.places_of(&secret[..PIECE]).into_iter().filter(asked).collect();
        assert!(places.is_empty(), "{secret} is in {places:?}");
    }
    let mut shown = seen.places_of(&own);
    shown.sort();
    shown.dedup();
    let owner_s =
        ["GET /page/accounts/shop/settings", "POST /instance/create", "POST /page/accounts/shop/meta-token"];
    assert_eq!(shown, owner_s, "the instance's own verify token is for who types it in at Meta");
}

/// The database as bytes, and whatever else is beside it.
fn on_disk(folder: &Path, own: &str) {
    let mut known = false;
    for file in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if !file.is_file() {
            continue;
        }
        let bytes = std::fs::read(&file).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        known |= holds("CONNECTION_UPDATE");
        for secret in ALL.iter().map(|secret| &secret[..PIECE]).chain([own]) {
            assert!(!holds(secret), "{secret}… is in {}", file.display());
        }
    }
    assert!(known, "the events were looked at");
}

#[test]
fn debug_shows_no_secret() {
    let secrets = [("TETHERD_CLOUD_APP_SECRET", APP_SECRET), ("TETHERD_CLOUD_VERIFY_TOKEN", VERIFY_TOKEN)];
    let env =
        |name: &str| secrets.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
    let config = Config::load(None, env, &[]).unwrap();
    let name = InstanceName::parse("shop").unwrap();
    let mut new = NewInstance::named(name, Integration::Cloud, Digest::of(KEY));
    new.cloud_token = Some(Secret::new(TOKEN));
    let change = InstanceChange::CloudToken(Secret::new(TOKEN));
    let shown = format!("{config:?} {:?} {new:?} {change:?}", config.cloud);
    assert!(shown.contains("graph.facebook.com") && shown.contains("[secret]"), "{shown}");
    for secret in [TOKEN, APP_SECRET, VERIFY_TOKEN, KEY] {
        assert!(!shown.contains(&secret[..PIECE]), "{shown}");
    }
}
