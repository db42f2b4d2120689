//! `/proxy/set/{name}` and `/proxy/find/{name}`: how an instance goes out.

use serde::Serialize;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};

use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::{ApiError, short};
use crate::http::fields::Fields;
use crate::http::reply::{Reply, created, ok};
use crate::model::{Integration, ProxyConfig, ProxyProtocol};

/// A proxy without its password.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProxyShown {
    enabled: bool,
    host: String,
    /// As text, as the original has it.
    port: String,
    protocol: &'static str,
    username: Option<String>,
    /// Whether there is one; it is never shown.
    has_password: bool,
}

/// What `set` takes; what is left out stays. With `enabled: false` there is no proxy, and the rest does not matter.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "describes what `set` takes out of a body")]
pub(crate) struct ProxyBody {
    enabled: Option<bool>,
    /// A name or an address.
    host: Option<String>,
    #[schema(schema_with = port_schema, required = false)]
    port: (),
    /// `http` or `socks5`.
    protocol: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

/// A port, as a number or as text.
pub(super) fn port_schema() -> Schema {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(65_535));
    let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^([0-9]{1,5})?$"));
    Schema::OneOf(OneOfBuilder::new().item(number).item(text).build())
}

/// The proxy as it is now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ProxySet {
    proxy: ProxyOf,
}

/// Whose proxy.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProxyOf {
    instance_name: String,
    proxy: Option<ProxyShown>,
}

/// The names of a proxy's members: bare here, with a prefix in create.
pub(super) struct Names {
    pub(super) host: &'static str,
    pub(super) port: &'static str,
    pub(super) protocol: &'static str,
    pub(super) username: &'static str,
    pub(super) password: &'static str,
}

const NAMES: Names =
    Names { host: "host", port: "port", protocol: "protocol", username: "username", password: "password" };

/// Keeps a proxy that was tried, or none; used from the next attempt on.
pub(crate) async fn set(call: &mut Call, caller: &Caller) -> Result<Reply, ApiError> {
    let handle = call.instance(caller)?;
    let mut body = call.fields().await?;
    let before = handle.snapshot().proxy.clone();
    // A proxy that is switched off needs no members, and published clients send empty or odd ones.
    let proxy = if let Some(false) = body.flag("enabled") {
        None
    } else {
        let proxy = read(&mut body, &NAMES, before.as_ref());
        body.finish()?;
        proxy
    };
    if let Some(proxy) = &proxy {
        tried(call, handle.snapshot().integration, proxy).await?;
    }
    let kept = handle.set_proxy(proxy.clone()).await;
    let name = handle.snapshot().name.clone();
    kept.map_err(|error| ApiError::of_instance(error, &name))?;
    let proxy = proxy.as_ref().map(shown);
    Ok(created(&ProxySet { proxy: ProxyOf { instance_name: name.to_string(), proxy } }))
}

/// A proxy through which nothing is reached is not set: the error says why.
pub(super) async fn tried(
    call: &Call,
    integration: Integration,
    proxy: &ProxyConfig,
) -> Result<(), ApiError> {
    let tried = call.state.registry.try_proxy(integration, proxy).await;
    tried.map_err(|error| ApiError::invalid(format!("Invalid proxy: {error}; it was not set")))
}

/// Tells it; null when there is none.
pub(crate) fn find(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let snapshot = call.instance(caller)?.snapshot();
    Ok(ok(&snapshot.proxy.as_ref().map(shown)))
}

pub(super) fn shown(proxy: &ProxyConfig) -> ProxyShown {
    ProxyShown {
        enabled: true,
        host: proxy.host.clone(),
        port: proxy.port.to_string(),
        protocol: proxy.protocol.as_str(),
        username: proxy.username.clone(),
        has_password: proxy.password.is_some(),
    }
}

/// The proxy in a body, over the one that was: what is left out stays.
pub(super) fn read(body: &mut Fields, names: &Names, before: Option<&ProxyConfig>) -> Option<ProxyConfig> {
    let host = if body.has(names.host) {
        host(body, names.host)
    } else {
        before.map(|p| p.host.clone()).or_else(|| {
            body.fault(names.host, "is missing; it takes the proxy's name or address");
            None
        })
    };
    let port = if body.has(names.port) {
        body.port(names.port)
    } else {
        before.map(|p| p.port).or_else(|| {
            body.fault(names.port, "is missing; it takes a port from 1 to 65535");
            None
        })
    };
    let protocol = protocol(body, names.protocol, before);
    let user_given = body.mentions(names.username);
    let username = body.text(names.username);
    let password_given = body.mentions(names.password);
    let password = body.secret(names.password);
    Some(ProxyConfig {
        protocol: protocol?,
        host: host?,
        port: port?,
        username: if user_given { username } else { before.and_then(|p| p.username.clone()) },
        password: if password_given { password } else { before.and_then(|p| p.password.clone()) },
    })
}

fn host(body: &mut Fields, name: &str) -> Option<String> {
    let host = body.text(name)?.trim().to_owned();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let plausible = bare.parse::<std::net::IpAddr>().is_ok()
        || (bare.len() <= 253
            && !bare.is_empty()
            && bare.split('.').all(|label| {
                (1..=63).contains(&label.len())
                    && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
            }));
    if !plausible {
        body.fault(name, "must be a name or an address, without scheme, port or path");
    }
    Some(bare.to_owned())
}

fn protocol(body: &mut Fields, name: &str, before: Option<&ProxyConfig>) -> Option<ProxyProtocol> {
    if !body.has(name) {
        return before.map(|p| p.protocol).or_else(|| {
            body.fault(name, "is missing; it takes http or socks5");
            None
        });
    }
    let word = body.text(name)?;
    let known = word.parse::<ProxyProtocol>();
    known.map_err(|unknown| body.fault(name, format_args!("is {:?}; it {unknown}", short(&word)))).ok()
}
