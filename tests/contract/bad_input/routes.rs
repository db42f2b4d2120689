//! Routes and methods that are not there.

use super::asking::everything;
use crate::started;
use crate::support::KEY;
use crate::wire::{request, send};

/// Unknown routes, and every method on every route that is described.
#[tokio::test(flavor = "multi_thread")]
async fn unknown_routes_and_methods() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    daemon.create("shop").await;
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
