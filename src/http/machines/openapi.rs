//! `GET /openapi.json`: the description of the API, made from the routes and the types that serve.

use std::sync::LazyLock;

use bytes::Bytes;
use http::{Method, StatusCode};
use utoipa::OpenApi as _;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, Required, ResponseBuilder};

use super::{health, root, verify};
use crate::http::error::ErrorBody;
use crate::http::instance as i;
use crate::http::reply::{Reply, bytes};
use crate::http::routes::{Op, ROUTES};
use crate::http::webhook as w;
use crate::model::Settings;

const JSON: &str = "application/json";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "tetherd",
        description = "Keeps WhatsApp accounts linked. Compatible with the instance API of Evolution API 2.3.",
        license(name = "AGPL-3.0-only", identifier = "AGPL-3.0-only")
    ),
    components(schemas(
        ErrorBody,
        health::Health,
        root::Welcome,
        verify::Verified,
        i::connect::Connected,
        i::create::Created,
        i::fetch::Row,
        i::invite::Invited,
        i::logout::Done,
        i::presence::PresenceSet,
        i::proxy::ProxySet,
        i::proxy::ProxyShown,
        i::settings::SettingsSet,
        i::state::ConnectionState,
        i::token::TokenSet,
        w::Tested,
        w::WebhookShown,
        w::deliveries::Deliveries,
        w::deliveries::Redelivered,
        Settings,
    ))
)]
struct Types;

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    let text = document().to_json().unwrap_or_else(|error| {
        tracing::error!(%error, "the description of the API cannot be written");
        "{}".to_owned()
    });
    Bytes::from(text)
});

/// The description; the same for everybody, so it needs no key.
pub(crate) fn get() -> Reply {
    bytes(StatusCode::OK, JSON, DOCUMENT.clone())
}

fn document() -> utoipa::openapi::OpenApi {
    let mut document = Types::openapi();
    let key = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("apikey")));
    document.components.get_or_insert_default().add_security_scheme("apikey", key);
    for (path, methods) in ROUTES {
        for (method, op) in *methods {
            document.paths.add_path_operation(path, vec![http_method(method)], operation(path, *op));
        }
    }
    document
}

fn http_method(method: &Method) -> HttpMethod {
    match method.as_str() {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn operation(path: &str, op: Op) -> Operation {
    let about = about(op);
    let mut operation = OperationBuilder::new()
        .summary(Some(about.summary))
        .operation_id(Some(format!("{op:?}{}", if path.ends_with("/{id}") { "One" } else { "" })));
    for name in path.split('/').filter_map(|piece| piece.strip_prefix('{')?.strip_suffix('}')) {
        operation = operation.parameter(parameter(name, ParameterIn::Path));
    }
    for name in about.query {
        operation = operation.parameter(parameter(name, ParameterIn::Query));
    }
    if about.body {
        let any = ContentBuilder::new().schema(Some(ObjectBuilder::new())).build();
        operation = operation.request_body(Some(RequestBodyBuilder::new().content(JSON, any).build()));
    }
    let status = if about.created { "201" } else { "200" };
    let mut good = ResponseBuilder::new().description(about.summary);
    good = match about.answer {
        Answer::Of(schema) => {
            good.content(JSON, ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build())
        }
        Answer::Kind(kind) => good.content(kind, ContentBuilder::new().build()),
    };
    let error = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build();
    let bad =
        ResponseBuilder::new().description("Why not; the same shape for every failure").content(JSON, error);
    operation = operation.response(status, good.build()).response("default", bad.build());
    if !op.is_open() {
        operation = operation.security(SecurityRequirement::new("apikey", Vec::<String>::new()));
    }
    operation.build()
}

fn parameter(name: &str, place: ParameterIn) -> Parameter {
    let required = if place == ParameterIn::Path { Required::True } else { Required::False };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

enum Answer {
    /// JSON of this schema.
    Of(&'static str),
    /// Something of this kind.
    Kind(&'static str),
}

struct About {
    summary: &'static str,
    query: &'static [&'static str],
    body: bool,
    created: bool,
    answer: Answer,
}

impl About {
    fn reads(summary: &'static str, query: &'static [&'static str], answer: Answer) -> Self {
        Self { summary, query, body: false, created: false, answer }
    }

    fn takes(summary: &'static str, created: bool, answer: Answer) -> Self {
        Self { summary, query: &[], body: true, created, answer }
    }
}

/// What an operation is about; a new one does not compile without it.
fn about(op: Op) -> About {
    use Answer::{Kind, Of};
    match op {
        Op::Root => About::reads("Who answers here", &[], Of("Welcome")),
        Op::VerifyCreds => About::takes("Whether the key is the global one", false, Of("Verified")),
        Op::Healthz => About::reads("Whether process and storage answer", &[], Of("Health")),
        Op::Readyz => About::reads("Whether everything is started", &[], Of("Health")),
        Op::Create => About::takes("Create an instance", true, Of("Created")),
        Op::Connect => About::reads(
            "Link it: the code to scan as soon as there is one",
            &["number", "wait"],
            Of("Connected"),
        ),
        Op::State => About::reads("Its state, why, and since when", &[], Of("ConnectionState")),
        Op::Fetch => About::reads("All instances", &["instanceName", "instanceId", "number"], Kind(JSON)),
        Op::Qrcode => About::reads("The code as a picture", &["format"], Kind("image/png")),
        Op::Restart => About {
            query: &["wait"],
            ..About::takes("Drop the link and open it again", false, Of("ConnectionState"))
        },
        Op::Logout => About::reads("Unlink it and forget the credentials", &[], Of("Done")),
        Op::Delete => About::reads("Unlink it and forget everything", &[], Of("Done")),
        Op::SetPresence => About::takes("Be seen as online or not", true, Of("PresenceSet")),
        Op::SetSettings => About::takes("Change settings; what is left out stays", true, Of("SettingsSet")),
        Op::FindSettings => About::reads("Its settings", &[], Of("Settings")),
        Op::SetProxy => About::takes("Change how it goes out", true, Of("ProxySet")),
        Op::FindProxy => About::reads("How it goes out", &[], Of("ProxyShown")),
        Op::SetToken => About::takes("Another key, or another access token of Meta's", false, Of("TokenSet")),
        Op::SetWebhook => {
            About::takes("Change its webhook; what is left out stays", true, Of("WebhookShown"))
        }
        Op::FindWebhook => About::reads("Its webhook; null when it has none", &[], Of("WebhookShown")),
        Op::Deliveries => {
            About::reads("What was and is to be delivered", &["status", "limit", "before"], Of("Deliveries"))
        }
        Op::Redeliver => About::takes("Deliver again", false, Of("Redelivered")),
        Op::TestWebhook => About::takes("Post a test event and tell the answer", false, Of("Tested")),
        Op::Invite => About::takes("A one-time address for linking this instance", true, Of("Invited")),
        Op::EndInvite => About::reads("Take that address back", &[], Of("Done")),
        Op::Events => About::reads("What happens, live", &["instance", "event"], Kind("text/event-stream")),
        Op::Metrics => About::reads("Prometheus text", &[], Kind("application/openmetrics-text")),
        Op::VerifyMeta => About::reads(
            "Meta proves that it was set up here",
            &["hub.mode", "hub.verify_token", "hub.challenge"],
            Kind("text/plain"),
        ),
        Op::Meta => About::takes("Meta tells what happened (signed)", false, Kind(JSON)),
        Op::SubscribeMeta => About::takes("Ask Meta to send what happens here", false, Kind(JSON)),
        Op::OpenApi => About::reads("This description", &[], Kind(JSON)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::document;
    use crate::http::routes::ROUTES;
    use serde_json::Value;

    #[test]
    fn describes_every_route_and_refers_to_nothing_that_is_missing() {
        let text = document().to_json().unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        for (path, methods) in ROUTES {
            for (method, _) in *methods {
                let described = &document["paths"][path][method.as_str().to_lowercase()];
                assert!(described.is_object(), "{method} {path}");
            }
        }
        let mut rest = text.as_str();
        while let Some((_, after)) = rest.split_once("#/components/schemas/") {
            let name = after.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "{name}");
            rest = after;
        }
    }
}
