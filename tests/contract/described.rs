//! What `/openapi.json` says of request bodies, against the parsers: what is described is read, with the type that is
//! described, and nothing is read that is not described. (A whole session's answers are validated by `tests/described/run`.)

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::started;
use crate::support::KEY;
use crate::wire::{request, send};

/// The members of a schema, with where they are.
fn members(document: &Value, schema: &Value) -> Vec<(String, Value)> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        return members(document, &document["components"]["schemas"][name]);
    }
    let mut found = Vec::new();
    for inner in schema["allOf"].as_array().into_iter().flatten() {
        found.extend(members(document, inner));
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        found.push((name.clone(), inner.clone()));
    }
    found
}

/// A value that no schema of ours takes but one of booleans: none is described as a list of lists.
fn wrong() -> Value {
    json!([[7]])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_described_member_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, daemon) = started(folder.path()).await;
    daemon.create("shop").await;
    let (_, document) = daemon.ask("GET", "/openapi.json", None).await;
    let mut tried = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            if schema.is_null() || path == "/webhook/meta" {
                continue;
            }
            let line = format!("{} {}", method.to_uppercase(), path.replace("{name}", "shop"));
            let either = schema["anyOf"].as_array();
            for schema in either.map_or(vec![schema], |all| all.iter().collect()) {
                for (name, inner) in members(&document, schema) {
                    let nested = members(
                        &document,
                        inner["oneOf"].as_array().and_then(|all| all.last()).unwrap_or(&inner),
                    );
                    let inside = if nested.is_empty() {
                        vec![(name.clone(), json!({name.clone(): wrong()}))]
                    } else {
                        nested
                            .iter()
                            .map(|(inner, _)| {
                                (format!("{name}.{inner}"), json!({name.clone(): {inner: wrong()}}))
                            })
                            .collect()
                    };
                    for (member, body) in inside {
                        let headers = [("apikey", KEY), ("content-type", "application/json")];
                        let answer =
                            send(&daemon.url, &request(&line, &headers, body.to_string().as_bytes())).await;
                        answer.is_error(400, &format!("{line} {body}"));
                        assert!(
                            answer.body["message"].as_str().unwrap().contains(&member),
                            "{line} {member}: {}",
                            answer.body
                        );
                        tried.insert(format!("{line} {member}"));
                    }
                }
            }
        }
    }
    assert!(tried.len() > 50, "{tried:?}");
    assert!(!daemon.log().contains("a field that tetherd does not know"), "all of them are known");
    daemon.terminate().await;
}
