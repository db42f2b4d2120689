//! `GET /openapi.json`: the description of the API, made from the routes and the types that serve.

use std::sync::LazyLock;

use bytes::Bytes;
use http::{Method, StatusCode};
use utoipa::OpenApi as _;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{AnyOfBuilder, Object, Schema};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, ResponseBuilder};

use super::about::{JSON, about, text};
use super::{health, root, verify};
use crate::http::error::ErrorBody;
use crate::http::instance as i;
use crate::http::meta;
use crate::http::reply::{Reply, bytes};
use crate::http::routes::{Op, ROUTES};
use crate::http::webhook as w;
use crate::model::Settings;

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
        i::create::CreateBody,
        i::fetch::Row,
        i::invite::Invited,
        i::invite::InviteBody,
        i::logout::Done,
        i::presence::PresenceSet,
        i::presence::PresenceBody,
        i::proxy::ProxySet,
        i::proxy::ProxyBody,
        i::proxy::ProxyShown,
        i::settings::SettingsSet,
        i::state::ConnectionState,
        i::token::TokenSet,
        i::token::TokenBody,
        meta::Kept,
        meta::Subscribed,
        w::Tested,
        w::WebhookShown,
        w::WebhookBody,
        w::WrappedWebhook,
        w::deliveries::Deliveries,
        w::deliveries::Redelivered,
        w::deliveries::RedeliverBody,
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
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("apikey", key);
    // One of connect's answers may hold all that another one has: exactly one of them would be none.
    if let Some(connected) = components.schemas.get_mut("Connected") {
        any_of(connected);
    }
    for (path, methods) in ROUTES {
        for (method, op) in *methods {
            document.paths.add_path_operation(path, vec![http_method(method)], operation(path, *op));
        }
    }
    document
}

fn any_of(schema: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::OneOf(one)) = schema {
        let any = one.items.drain(..).fold(AnyOfBuilder::new(), AnyOfBuilder::item);
        *schema = Schema::AnyOf(any.description(one.description.take()).build()).into();
    }
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
    let one = path.ends_with("/{id}");
    let mut operation = OperationBuilder::new().summary(Some(about.summary)).operation_id(Some(format!(
        "{}{}",
        op.name(),
        if one { "One" } else { "" }
    )));
    for name in path.split('/').filter_map(|piece| piece.strip_prefix('{')?.strip_suffix('}')) {
        operation = operation.parameter(parameter(name, ParameterIn::Path, text()));
    }
    for (name, schema) in about.query {
        operation = operation.parameter(parameter(name, ParameterIn::Query, schema()));
    }
    if let Some(schema) = about.body.schema().filter(|_| !one) {
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let required = if about.body.is_needed() { Required::True } else { Required::False };
        let body = RequestBodyBuilder::new().content(JSON, content).required(Some(required));
        operation = operation.request_body(Some(body.build()));
    }
    let status = if about.created { "201" } else { "200" };
    let good = ResponseBuilder::new().description(about.summary);
    let good =
        about.answer.content().into_iter().fold(good, |good, (kind, schema)| {
            good.content(kind, ContentBuilder::new().schema(schema).build())
        });
    let error = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build();
    let bad =
        ResponseBuilder::new().description("Why not; the same shape for every failure").content(JSON, error);
    operation = operation.response(status, good.build()).response("default", bad.build());
    if !matches!(op, Op::Keyless(_)) {
        operation = operation.security(SecurityRequirement::new("apikey", Vec::<String>::new()));
    }
    operation.build()
}

fn parameter(name: &str, place: ParameterIn, schema: Object) -> Parameter {
    let required = if place == ParameterIn::Path { Required::True } else { Required::False };
    ParameterBuilder::new().name(name).parameter_in(place).required(required).schema(Some(schema)).build()
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
