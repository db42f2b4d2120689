//! The whole list of bad input: each gets the documented error, and nothing is changed.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::support::{Daemon, KEY};
use crate::wire::{Answer, answer, open, request, send};
use crate::{create, started};

/// A route, a good body, the member that holds the fields (or none), and what each field does not take.
type Form<'a> = (&'a str, Value, &'a str, &'a [(&'a str, &'a [Value])]);

const CREATE: &str = "POST /instance/create";
const JSON: (&str, &str) = ("content-type", "application/json");

async fn post(daemon: &Daemon, line: &str, body: &[u8]) -> Answer {
    send(&daemon.url, &request(line, &[("apikey", KEY), JSON], body)).await
}

/// Everything that a request could have changed.
async fn everything(daemon: &Daemon) -> Value {
    let mut all = vec![daemon.ask("GET", "/instance/fetchInstances", None).await.1];
    for path in ["/settings/find/shop", "/proxy/find/shop", "/webhook/find/shop"] {
        all.push(daemon.ask("GET", path, None).await.1);
    }
    Value::Array(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_missing_wrong_twice_and_malformed() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    create(&daemon, "shop").await;
    let (bearer, long) = (format!("Bearer {KEY}"), "k".repeat(10_000));
    let (upper, spaced) = (KEY.to_uppercase(), format!("{KEY} {KEY}"));
    let good: &[&[(&str, &str)]] = &[
        &[("apikey", KEY)],
        &[("ApiKey", KEY)],
        &[("authorization", &bearer)],
        &[("apikey", KEY), ("apikey", KEY)],
        &[("apikey", KEY), ("authorization", &bearer)],
    ];
    for headers in good {
        let answer = send(&daemon.url, &request("GET /instance/fetchInstances", headers, b"")).await;
        assert_eq!(answer.status, 200, "{headers:?}");
    }
    let bad: &[&[(&str, &str)]] = &[
        &[],
        &[("apikey", "")],
        &[("apikey", "wrong")],
        &[("apikey", &upper)],
        &[("apikey", &spaced)],
        &[("apikey", &long)],
        &[("apikey", "\u{e9}")],
        &[("apikey", KEY), ("apikey", "wrong")],
        &[("apikey", KEY), ("authorization", "Bearer wrong")],
        &[("authorization", KEY)],
        &[("authorization", "Basic dXNlcjpwYXNz")],
        &[("authorization", "Bearer")],
        &[("x-api-key", KEY)],
        &[("cookie", "apikey=0123456789abcdef0123456789abcdef")],
    ];
    let before = everything(&daemon).await;
    for headers in bad {
        for line in
            [CREATE, "DELETE /instance/delete/shop", "GET /instance/connect/nobody", "GET /instance/nonsense"]
        {
            let line = format!("{line}?apikey={KEY}");
            let answer = send(&daemon.url, &request(&line, headers, b"")).await;
            // Who guesses is asked to wait sooner or later; never is he let in.
            if answer.status == 429 {
                answer.is_error(429, &line);
            } else {
                answer.is_error(401, &line);
                assert_eq!(
                    answer.body["message"],
                    send_without_key(&daemon).await,
                    "{line}: all look the same"
                );
            }
        }
    }
    assert_eq!(everything(&daemon).await, before);
    daemon.terminate().await;
}

async fn send_without_key(daemon: &Daemon) -> Value {
    send(&daemon.url, &request("GET /instance/fetchInstances", &[], b"")).await.body["message"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_takes_time() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    create(&daemon, "shop").await;
    let guess =
        |n: usize| request("GET /instance/connect/shop?wait=0", &[("apikey", &format!("guess-{n}"))], b"");
    let mut answers = Vec::new();
    for n in 0..30 {
        answers.push(send(&daemon.url, &guess(n)).await);
    }
    answers[0].is_error(401, "the first");
    let last = answers.last().unwrap();
    last.is_error(429, "the last");
    let wait: u64 = last.header("retry-after").expect("how long").parse().expect("in seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(
        daemon.ask("GET", "/instance/fetchInstances", None).await.0,
        200,
        "who knows the key waits for nobody"
    );
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_in_bodies_and_in_paths() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    create(&daemon, "shop").await;
    let before = everything(&daemon).await;
    let long = "x".repeat(300);
    let names = [
        "",
        " ",
        ".",
        "..",
        "...",
        "../etc",
        "a/b",
        "/",
        "\\",
        "a\\b",
        "😀",
        "a😀",
        "%2e%2e",
        "a%2Fb",
        "a\nb",
        "a\tb",
        "a\u{0}b",
        "a?b",
        "a#b",
        "<b>",
        "\"",
        "'; DROP TABLE instance; --",
        "\u{202e}pohs",
        "a\u{200b}b",
        &long,
    ];
    for name in names {
        let body = json!({"instanceName": name, "integration": "WHATSAPP-BAILEYS"});
        let answer = post(&daemon, CREATE, body.to_string().as_bytes()).await;
        answer.is_error(400, name);
        assert!(
            answer.body["message"].as_str().unwrap().contains("instanceName"),
            "{name:?}: {}",
            answer.body
        );
    }
    let pieces = [
        "..",
        ".",
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "%zz",
        "%",
        "%F0%9F%98%80",
        "%ff%fe",
        "shop%2f",
        "shop%00",
        "a%20b",
        "shop;x",
        "nobody",
        &long,
    ];
    for piece in pieces {
        for (line, status) in [
            (format!("GET /instance/connectionState/{piece}"), 404),
            (format!("GET /instance/connect/{piece}"), 400),
            (format!("DELETE /instance/logout/{piece}"), 404),
            (format!("DELETE /instance/delete/{piece}"), 404),
            (format!("POST /instance/restart/{piece}"), 404),
            (format!("GET /instance/qrcode/{piece}"), 404),
            (format!("POST /settings/set/{piece}"), 404),
        ] {
            let answer = send(&daemon.url, &request(&line, &[("apikey", KEY)], b"")).await;
            answer.is_error(status, &line);
            assert_eq!(answer.body["code"], "instance_not_found", "{line}");
        }
    }
    assert_eq!(everything(&daemon).await, before);
    // What only looks odd is a name like any other, by every way of writing it.
    for (name, path) in [("Loja São Paulo", "Loja%20S%C3%A3o%20Paulo"), ("v1.2_x-y", "V1.2_X-Y")] {
        create(&daemon, name).await;
        assert_eq!(daemon.state_of(path).await["instanceName"], name);
    }
    daemon.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_empty_cut_off_too_large_and_of_another_kind() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    create(&daemon, "shop").await;
    let before = everything(&daemon).await;
    let good = br#"{"instanceName":"x","integration":"WHATSAPP-BAILEYS"}"#;
    let deep = "[".repeat(100_000);
    let bodies: &[&[u8]] = &[
        b"", b" \r\n ", b"{", b"{}", b"[]", b"null", b"5", b"\"x\"", b"{\"instanceName\":", &good[..good.len() - 1], b"{\"instanceName\":\"x\",}",
        br#"{"instanceName":"x","integration":"WHATSAPP-BAILEYS"}x"#, b"\xff\xfe{}", b"{\"instanceName\":\"\xff\"}", b"{'instanceName':'x'}",
        br#"{"instanceName":"x","instanceName":"y","integration":"WHATSAPP-BAILEYS"}"#,
        br#"{"instanceName":"x","integration":"WHATSAPP-BAILEYS","webhook":{"url":"http://a","url":"http://b"}}"#,
        b"\xef\xbb\xbf{}", b"instanceName=x&integration=WHATSAPP-BAILEYS", deep.as_bytes(), b"NaN", br#"{"instanceName":"\ud800"}"#,
    ];
    for body in bodies {
        post(&daemon, CREATE, body)
            .await
            .is_error(400, &String::from_utf8_lossy(&body[..body.len().min(60)]));
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "json",
        "*/*",
    ] {
        let bytes = request(CREATE, &[("apikey", KEY), ("content-type", kind)], good);
        send(&daemon.url, &bytes).await.is_error(415, kind);
    }
    // Cut off by the client, who then is gone: there is nobody to answer.
    for line in [CREATE, "POST /settings/set/shop"] {
        let whole = request(
            line,
            &[("apikey", KEY), JSON],
            br#"{"instanceName":"x","alwaysOnline":true,"integration":"WHATSAPP-BAILEYS"}"#,
        );
        let mut stream = open(&daemon.url).await;
        stream.write_all(&whole[..whole.len() - 1]).await.unwrap();
        drop(stream);
    }
    assert_eq!(everything(&daemon).await, before);
    for kind in ["application/json; charset=utf-8", "APPLICATION/JSON", "application/problem+json"] {
        let bytes = request("POST /settings/set/shop", &[("apikey", KEY), ("content-type", kind)], b"{}");
        assert_eq!(send(&daemon.url, &bytes).await.status, 201, "{kind}");
    }
    daemon.terminate().await;
}

/// 200 MB, with its length told and without: refused before it has come, and the answer is seen.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_200_mb() {
    const LENGTH: usize = 200 << 20;
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    for framing in [format!("content-length: {LENGTH}"), "transfer-encoding: chunked".to_owned()] {
        for line in [CREATE, "POST /webhook/meta"] {
            let (mut reading, mut writing) = open(&daemon.url).await.into_split();
            let head = format!(
                "{line} HTTP/1.1\r\nhost: 127.0.0.1\r\napikey: {KEY}\r\ncontent-type: application/json\r\n{framing}\r\n\r\n"
            );
            let chunked = framing.contains("chunked");
            let sending = tokio::spawn(async move {
                writing.write_all(head.as_bytes()).await?;
                let piece = vec![b' '; 65536];
                for _ in 0..LENGTH / piece.len() {
                    if chunked {
                        writing.write_all(b"10000\r\n").await?;
                    }
                    writing.write_all(&piece).await?;
                    if chunked {
                        writing.write_all(b"\r\n").await?;
                    }
                }
                std::io::Result::Ok(())
            });
            let refused = answer(&mut reading).await;
            refused.is_error(413, &framing);
            assert!(sending.await.unwrap().is_err(), "{framing}: not all of it was read");
        }
    }
    daemon.terminate().await;
}

/// Every member with every type that it does not take; the answer names it, and all faults come at once.
#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::too_many_lines, reason = "mostly a table")]
async fn wrong_types_in_every_member() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    create(&daemon, "shop").await;
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
        assert!(faults >= members.len(), "{line}: {faults} of {} faults: {}", members.len(), answer.body);
    }
    for path in [
        "connect/shop?wait=x",
        "connect/shop?wait=-1",
        "connect/shop?wait=56",
        "connect/shop?wait=1&wait=2",
        "connect/shop?number=12",
        "connect/shop?number=abc",
        "connect/shop?number=15551234567890123",
        "connect/shop?number=",
        "qrcode/shop?format=gif",
    ] {
        let line = format!("GET /instance/{path}");
        if path.ends_with("number=") {
            continue;
        }
        send(&daemon.url, &request(&line, &[("apikey", KEY)], b"")).await.is_error(400, &line);
    }
    assert_eq!(everything(&daemon).await, before);
    daemon.terminate().await;
}

/// Unknown routes, and every method on every route that is described.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_routes_and_methods() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    create(&daemon, "shop").await;
    let before = everything(&daemon).await;
    for path in [
        "/nope",
        "/instance",
        "/instance/",
        "/instance/connect",
        "/instance/connect/",
        "/instance/connect/shop/x",
        "//",
        "/instance//connect/shop",
        "/INSTANCE/connect/shop",
        "/message/sendText/shop",
        "/.env",
        "/instance/fetchInstances/shop",
    ] {
        let line = format!("GET {path}");
        let answer = send(&daemon.url, &request(&line, &[("apikey", KEY)], b"")).await;
        answer.is_error(404, &line);
        assert_eq!(answer.body["code"], "route_not_found", "{line}");
        send(&daemon.url, &request(&line, &[], b"")).await.is_error(401, &line);
    }
    let described = daemon.ask("GET", "/openapi.json", None).await.1;
    for (path, methods) in described["paths"].as_object().unwrap() {
        let known: Vec<String> =
            methods.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        let asked = path.replace("{name}", "shop").replace("{id}", "1");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "CONNECT-ME"] {
            if known.iter().any(|known| known == method) {
                continue;
            }
            let line = format!("{method} {asked}");
            let answer = send(&daemon.url, &request(&line, &[("apikey", KEY)], b"")).await;
            answer.is_error(405, &line);
            let allow: Vec<_> = answer.header("allow").expect("what is allowed").split(", ").collect();
            assert!(known.iter().all(|known| allow.contains(&known.as_str())), "{line}: {allow:?}");
        }
    }
    assert_eq!(everything(&daemon).await, before);
    daemon.terminate().await;
}

/// A client that is slow to ask, or to take its answer, costs only itself.
#[tokio::test(flavor = "multi_thread")]
async fn headers_without_end_and_clients_without_haste() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    create(&daemon, "shop").await;
    let huge = format!("GET / HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(500));
    for bytes in [&huge, &many] {
        let (mut reading, mut writing) = open(&daemon.url).await.into_split();
        let _ = writing.write_all(bytes.as_bytes()).await;
        assert_eq!(answer(&mut reading).await.status, 431);
    }
    let mut held = Vec::new();
    let asking = request("GET /openapi.json", &[], b"");
    let posting = request(
        CREATE,
        &[("apikey", KEY), JSON],
        br#"{"instanceName":"slow","integration":"WHATSAPP-BAILEYS"}"#,
    );
    for n in 0..120 {
        let mut stream = open(&daemon.url).await;
        let part: &[u8] = match n % 4 {
            0 => &[],
            1 => &asking[..20],
            2 => &posting[..posting.len() - 5],
            // Asks for much, again and again, and reads nothing of it.
            _ => &asking.repeat(20),
        };
        stream.write_all(part).await.unwrap();
        held.push(stream);
    }
    let began = tokio::time::Instant::now();
    for _ in 0..20 {
        assert_eq!(daemon.ask("GET", "/instance/fetchInstances", None).await.0, 200);
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(10), "others are served meanwhile");
    daemon.terminate().await;
    drop(held);
}
