//! Members of bodies and parameters of queries that are of another type.

use serde_json::{Value, json};

use super::asking::{CREATE, everything, post};
use crate::started;
use crate::support::KEY;
use crate::wire::{request, send};

/// A route, a good body, the member that holds the fields (or none), and what each field does not take.
type Form<'a> = (&'a str, Value, &'a str, &'a [(&'a str, &'a [Value])]);

/// Every member with every type that it does not take; the answer names it, and all faults come at once.
#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::too_many_lines, reason = "mostly a table")]
async fn wrong_types_in_every_member() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    daemon.create("shop").await;
    let before = everything(&daemon).await;
    let (texts, flags, objects, lists) = (
        [json!(5), json!(true), json!([]), json!({})],
        [json!(5), json!("yes"), json!([]), json!({})],
        [json!(5), json!(true), json!("x"), json!([])],
        [json!(5), json!(true), json!("x"), json!({}), json!([5]), json!(["NO_EVENT"])],
    );
    let ports = [json!(0), json!(65536), json!(-1), json!(1.5), json!("x"), json!(true), json!([])];
    let settings = [
        ("rejectCall", &flags[..]),
        ("groupsIgnore", &flags),
        ("alwaysOnline", &flags),
        ("readMessages", &flags),
        ("readStatus", &flags),
        ("syncFullHistory", &flags),
        ("msgCall", &texts),
        ("wavoipToken", &texts),
    ];
    let hook = [
        ("url", &texts[..]),
        ("enabled", &flags),
        ("byEvents", &flags),
        ("webhookByEvents", &flags),
        ("base64", &flags),
        ("webhookBase64", &flags),
        ("headers", &objects),
        ("events", &lists),
        ("secret", &texts),
        ("jwt_key", &texts),
        ("spelling", &texts),
    ];
    let mut create = vec![
        ("instanceName", &texts[..]),
        ("integration", &texts),
        ("token", &texts),
        ("instanceToken", &texts),
        ("number", &texts),
        ("businessId", &texts),
        ("qrcode", &flags),
        ("webhook", &objects),
        ("proxyHost", &texts),
        ("proxyPort", &ports),
        ("proxyProtocol", &texts),
        ("proxyUsername", &texts),
        ("proxyPassword", &texts),
    ];
    create.extend(settings);
    let proxy = [
        ("host", &texts[..]),
        ("port", &ports),
        ("protocol", &texts),
        ("username", &texts),
        ("password", &texts),
        ("enabled", &flags),
    ];
    let new = json!({"instanceName": "new", "integration": "WHATSAPP-BAILEYS"});
    let with_proxy = json!({"proxyHost": "h", "proxyPort": "1", "proxyProtocol": "http", "instanceName": "new", "integration": "WHATSAPP-BAILEYS"});
    let forms: [Form<'_>; 8] = [
        (CREATE, new.clone(), "", &create),
        (CREATE, with_proxy, "", &create),
        (
            CREATE,
            json!({"instanceName": "new", "integration": "WHATSAPP-BAILEYS", "webhook": {"url": "http://h/"}}),
            "webhook",
            &hook,
        ),
        ("POST /settings/set/shop", json!({}), "", &settings),
        ("POST /proxy/set/shop", json!({"host": "h", "port": 1, "protocol": "http"}), "", &proxy),
        ("POST /webhook/set/shop", json!({"webhook": {"url": "http://h/"}}), "webhook", &hook),
        ("POST /instance/setPresence/shop", json!({}), "", &[("presence", &texts)]),
        ("PUT /instance/token/shop", json!({"rotate": true}), "", &[("token", &texts), ("rotate", &flags)]),
    ];
    for (line, body, inside, members) in forms {
        let place = |mut body: Value, name: &str, value: &Value| {
            let object = if inside.is_empty() { &mut body } else { &mut body[inside] };
            object[name] = value.clone();
            body.to_string()
        };
        for (name, wrong) in members {
            for value in *wrong {
                let answer = post(&daemon, line, place(body.clone(), name, value).as_bytes()).await;
                answer.is_error(400, &format!("{line} {name}: {value}"));
                assert!(
                    answer.body["message"].as_str().unwrap().contains(name),
                    "{name}: {value}: {}",
                    answer.body
                );
            }
        }
        let all = members.iter().fold(body.clone(), |body, (name, wrong)| {
            serde_json::from_str(&place(body, name, &wrong[0])).unwrap()
        });
        let answer = post(&daemon, line, all.to_string().as_bytes()).await;
        let faults = answer.body["response"]["message"].as_array().unwrap().len();
        assert_eq!(faults, members.len(), "{line}: one for each: {}", answer.body);
    }
    for path in [
        "connect/shop?wait=x",
        "connect/shop?wait=-1",
        "connect/shop?wait=56",
        "connect/shop?wait=1&wait=2",
        "connect/shop?number=12",
        "connect/shop?number=abc",
        "connect/shop?number=15551234567890123",
        "qrcode/shop?format=gif",
    ] {
        let line = format!("GET /instance/{path}");
        send(&daemon.url, &request(&line, &[("apikey", KEY)], b"")).await.is_error(400, &line);
    }
    assert_eq!(everything(&daemon).await, before);
    daemon.terminate().await;
}
