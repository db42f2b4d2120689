//! Names of instances.

use serde_json::json;

use super::asking::{CREATE, everything, post};
use crate::started;
use crate::support::KEY;
use crate::wire::{request, send};

#[tokio::test(flavor = "multi_thread")]
async fn names_in_bodies_and_in_paths() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    daemon.create("shop").await;
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
        daemon.create(name).await;
        assert_eq!(daemon.state_of(path).await["instanceName"], name);
    }
    daemon.terminate().await;
}
