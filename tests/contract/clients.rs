//! What published clients send and look at (`evolution-2.3.md` §9), in the order in which they do.

use serde_json::{Value, json};

use crate::support::{Daemon, KEY};
use crate::wire::{request, send};
use crate::{PHONE, linked, started};

/// An MCP client that is strict about the handshake, with an instance's token.
#[tokio::test(flavor = "multi_thread")]
async fn a_strict_mcp_client() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    daemon.create("other").await;
    let token = daemon.create("shop").await["hash"].as_str().expect("a string").to_owned();
    let (_, hello) = daemon.ask_as(None, "GET", "/", None).await;
    assert_eq!(hello["status"], 200);
    assert!(hello["version"].as_str().unwrap().starts_with("2."), "{hello}");
    assert_eq!(daemon.ask_as(Some(&token), "POST", "/verify-creds", Some("{}".into())).await.0, 401);
    let (_, valid) = daemon.ask_as(Some(KEY), "POST", "/verify-creds", Some("{}".into())).await;
    assert_eq!(valid, json!({"status": 200, "message": "Credentials are valid"}));
    let (status, rows) = daemon.ask_as(Some(&token), "GET", "/instance/fetchInstances", None).await;
    assert_eq!((status, rows.as_array().unwrap().len()), (200, 1), "{rows}");
    assert_eq!((&rows[0]["name"], &rows[0]["token"]), (&json!("shop"), &json!(token)));
    let (_, state) = daemon.ask_as(Some(&token), "GET", "/instance/connectionState/shop", None).await;
    assert_eq!(
        (&state["instance"]["instanceName"], &state["instance"]["state"]),
        (&json!("shop"), &json!("close"))
    );
    // Nothing that it adds widens its reach.
    for path in [
        "/instance/connectionState/shop?instanceName=other",
        "/instance/fetchInstances?instanceName=other",
        "/instance/connectionState/other?instanceName=shop",
    ] {
        let (status, answer) = daemon.ask_as(Some(&token), "GET", path, None).await;
        assert!(status == 401 || answer["instance"]["instanceName"] == "shop", "{path}: {answer}");
    }
    daemon.terminate().await;
}

/// The n8n node: checks its credentials, creates with empty fields, does not encode names, strips the data URL's prefix.
#[tokio::test(flavor = "multi_thread")]
async fn the_n8n_node() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon) = started(folder.path()).await;
    assert_eq!(daemon.ask("GET", "/instance/fetchInstances", None).await, (200, json!([])));
    let body = json!({
        "instanceName": "Minha Loja", "integration": "WHATSAPP-BAILEYS", "token": "", "number": "", "qrcode": true,
        "rejectCall": false, "msgCall": "", "groupsIgnore": true, "alwaysOnline": false, "readMessages": false, "readStatus": false,
        "syncFullHistory": false, "proxyHost": "", "proxyPort": "", "proxyProtocol": "", "proxyUsername": "", "proxyPassword": "",
        "webhook": {"url": "", "byEvents": false, "base64": false, "events": []},
        "chatwootAccountId": "", "rabbitmq": {"enabled": false}
    });
    let made = daemon.create_as(body).await;
    assert!(made["hash"].is_string(), "{made}");
    assert_eq!(made["settings"]["groupsIgnore"], true);
    let picture = made["qrcode"]["base64"].as_str().unwrap();
    assert!(picture.strip_prefix("data:image/png;base64,").is_some());
    sandbox.scan(PHONE, made["qrcode"]["code"].as_str().unwrap()).await.unwrap();
    // A space as most clients send it when they do not encode, and as others do.
    for path in ["Minha%20Loja", "minha%20loja"] {
        assert_eq!(daemon.until_of(path, "open").await["instanceName"], "Minha Loja");
    }
    let hook = json!({"webhook": {"enabled": true, "url": "http://127.0.0.1:9/n8n", "webhookByEvents": true, "webhookBase64": true,
        "events": ["MESSAGES_UPSERT"]}});
    let (status, set) = daemon.ask("POST", "/webhook/set/Minha%20Loja", Some(hook)).await;
    assert_eq!(
        (status, &set["webhookByEvents"], &set["webhookBase64"]),
        (201, &json!(true), &json!(true)),
        "{set}"
    );
    let off =
        json!({"enabled": "", "host": "1234", "port": "", "protocol": "", "username": "", "password": ""});
    let (status, set) = daemon.ask("POST", "/proxy/set/Minha%20Loja", Some(off)).await;
    assert_eq!(status, 201, "{set}");
    assert_eq!(daemon.ask("GET", "/proxy/find/Minha%20Loja", None).await, (200, Value::Null));
    let (status, done) = daemon.ask("DELETE", "/instance/logout/Minha%20Loja", None).await;
    assert_eq!((status, &done["status"], &done["error"]), (200, &json!("SUCCESS"), &json!(false)));
    assert!(done["response"]["message"].is_string());
    assert_eq!(daemon.ask("DELETE", "/instance/delete/Minha%20Loja", None).await.0, 200);
    daemon.terminate().await;
}

/// A Python SDK: ports as numbers or text, exceptions by status, fields of rows, what connect's answer is looked at for.
#[tokio::test(flavor = "multi_thread")]
async fn a_python_sdk() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, daemon, _) = linked(folder.path(), "shop").await;
    let proxy = crate::support::tunnel::proxy().await;
    for port in [json!(proxy), json!(proxy.to_string())] {
        let name = format!("p{}", port.is_string());
        let body = json!({"instanceName": name, "integration": "WHATSAPP-BAILEYS", "proxyHost": "127.0.0.1", "proxyPort": port,
            "proxyProtocol": "http", "webhook": {"url": "http://127.0.0.1:9/", "byEvents": false, "base64": true, "events": ["CALL"]}});
        let (status, made) = daemon.ask("POST", "/instance/create", Some(body)).await;
        assert_eq!(status, 201, "{made}");
        assert_eq!(made["instance"]["status"], "close");
        let (_, found) = daemon.ask("GET", &format!("/proxy/find/{name}"), None).await;
        assert_eq!(found["port"], proxy.to_string());
    }
    let (_, rows) = daemon.ask("GET", "/instance/fetchInstances", None).await;
    let row = rows.as_array().unwrap().iter().find(|row| row["name"] == "shop").unwrap().clone();
    for member in
        ["name", "id", "connectionStatus", "token", "integration", "ownerJid", "profileName", "number"]
    {
        assert!(row.get(member).is_some(), "{member}: {row}");
    }
    assert_eq!(
        (&row["connectionStatus"], &row["ownerJid"]),
        (&json!("open"), &json!(format!("{PHONE}@s.whatsapp.net")))
    );
    let by_id = format!("/instance/fetchInstances?instanceId={}", row["id"].as_str().unwrap());
    assert_eq!(daemon.ask("GET", &by_id, None).await.1[0]["name"], "shop");
    // 401 and 404 are exceptions of their own; `response.message` is what they say.
    for (key, path, status) in
        [("wrong", "/instance/connectionState/shop", 401), (KEY, "/instance/connectionState/nobody", 404)]
    {
        let (got, answer) = daemon.ask_as(Some(key), "GET", path, None).await;
        assert_eq!(got, status);
        assert!(answer["response"]["message"][0].is_string(), "{answer}");
    }
    let (_, open) = daemon.ask("GET", "/instance/connect/shop", None).await;
    assert_ne!(open["error"], json!(true));
    assert_eq!(open["instance"]["state"], "open");
    sandbox.fault(tetherd_sandbox::Fault::Upgrade { status: 503, times: 0 }, None).await;
    daemon.create("later").await;
    let (_, nothing) = daemon.ask("GET", "/instance/connect/later?wait=0", None).await;
    assert!(
        nothing["error"].is_null() && nothing["base64"].is_null() && nothing["count"] == 0,
        "call again: {nothing}"
    );
    daemon.terminate().await;
}

/// What the original's own page does over its life, and how a browser on another origin is not let in.
#[tokio::test(flavor = "multi_thread")]
async fn the_manager_page() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon, _) = linked(folder.path(), "shop").await;
    for path in ["/settings/find/shop", "/webhook/find/shop", "/proxy/find/shop"] {
        assert_eq!(daemon.ask("GET", path, None).await.0, 200, "{path}");
    }
    let all = json!({"rejectCall": true, "msgCall": "no calls", "groupsIgnore": true, "alwaysOnline": true, "readMessages": true,
        "readStatus": true, "syncFullHistory": false, "wavoipToken": ""});
    let (status, set) = daemon.ask("POST", "/settings/set/shop", Some(all.clone())).await;
    assert_eq!(
        (status, &set["settings"]["instanceName"], &set["settings"]["settings"]),
        (201, &json!("shop"), &all)
    );
    assert_eq!(daemon.ask("GET", "/settings/find/shop", None).await.1, all);
    assert_eq!(daemon.ask("POST", "/instance/restart/shop", None).await.1["instance"]["state"], "open");
    let foreign = [("apikey", KEY), ("origin", "https://evil.example"), ("content-type", "application/json")];
    let answer = send(&daemon.url, &request("POST /instance/create", &foreign, b"{}")).await;
    answer.is_error(403, "another origin");
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let names = daemon_names(&daemon).await;
    assert_eq!(names, ["shop"]);
    daemon.terminate().await;
}

async fn daemon_names(daemon: &Daemon) -> Vec<String> {
    let (_, rows) = daemon.ask("GET", "/instance/fetchInstances", None).await;
    rows.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}
