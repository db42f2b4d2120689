//! The one error shape, for every endpoint and every failure (contract `http-api.md`, "Ground rules").

use std::time::Duration;

use http::header::{ALLOW, CONNECTION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde::Serialize;

use super::reply::{Reply, json};
use crate::instance::{CreateError, InstanceError};
use crate::link::LinkError;
use crate::model::InstanceName;
use crate::store::StoreError;

/// Why a request got no answer of its own kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ApiError {
    /// No key, a wrong one, or one that does not reach so far. Says the same in all cases.
    #[error("Unauthorized")]
    Unauthorized,
    /// Too many wrong keys from one address.
    #[error("too many wrong keys from this address; try again in {} s", .0.as_secs())]
    TooManyFailures(Duration),
    /// The name in `Host` is not one that this box answers to.
    #[error(
        "{0:?} is not a name that this box answers to; open it by its address or a .local name, or list the name \
         under [http] hosts"
    )]
    ForeignHost(String),
    /// Another site's page made the browser send this.
    #[error(
        "requests from pages of {0:?} are refused; list the origin under [http] cors_origins to let it in"
    )]
    ForeignOrigin(String),
    /// Whoever asks may not.
    #[error("{message}")]
    Forbidden {
        /// For programs.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// No such route.
    #[error("Cannot {0} {1}")]
    NoRoute(Method, String),
    /// The route has other methods.
    #[error("{method} is not possible here; {} is", allow.join(", "))]
    WrongMethod {
        /// What was tried.
        method: Method,
        /// What the route takes.
        allow: Vec<&'static str>,
    },
    /// There is no such instance.
    #[error("The \"{0}\" instance does not exist")]
    NoInstance(String),
    /// Connect says 400 where all others say 404 (`connect-page.txt`).
    #[error("The \"{0}\" instance does not exist")]
    NoInstanceOnConnect(String),
    /// A filter of fetchInstances matched nothing.
    #[error("Instance \"{0}\" not found")]
    NoMatch(String),
    /// Something else that was asked for does not exist.
    #[error("{message}")]
    Missing {
        /// For programs.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// The name is taken.
    #[error("This name \"{0}\" is already in use.")]
    NameTaken(String),
    /// The request is understood and wrong; every fault is told at once.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
    /// The instance is in the wrong state for it.
    #[error("{message}")]
    WrongState {
        /// For programs.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// The head of the request is longer than allowed.
    #[error("the headers are too large; they may have {0} bytes")]
    HeadTooLarge(usize),
    /// The body is longer than allowed.
    #[error("the body is too large; it may have {0} bytes")]
    TooLarge(usize),
    /// The body is not JSON.
    #[error("the body must be application/json, not {0:?}")]
    NotJson(String),
    /// The body did not come in time.
    #[error("the body did not come within {} s", .0.as_secs())]
    SlowBody(Duration),
    /// Storage refused, so nothing was changed.
    #[error("{0}")]
    Storage(String),
    /// What is needed for it does not answer.
    #[error("{message}")]
    Unavailable {
        /// For programs.
        code: &'static str,
        /// For people.
        message: String,
    },
    /// A defect of ours; the log has more.
    #[error("internal error; the log of tetherd says more")]
    Internal,
}

/// The shape on the wire.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ErrorBody {
    /// The HTTP status.
    #[schema(example = 404)]
    pub(crate) status: u16,
    /// Always true.
    pub(crate) error: bool,
    /// For programs.
    #[schema(example = "instance_not_found")]
    pub(crate) code: &'static str,
    /// For people; all faults in one line.
    pub(crate) message: String,
    /// Where clients of the original read the message.
    pub(crate) response: ErrorMessages,
}

/// The messages, one string each.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(crate) struct ErrorMessages {
    /// One per fault.
    pub(crate) message: Vec<String>,
}

/// Characters of what was sent that a message repeats, at most.
const REPEATED: usize = 40;

/// What was sent, short enough to be repeated in a message.
pub(crate) fn short(text: &str) -> &str {
    text.char_indices().nth(REPEATED).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

impl ApiError {
    /// One fault in the request.
    pub(crate) fn invalid(fault: impl Into<String>) -> Self {
        Self::Invalid(vec![fault.into()])
    }

    /// The same for every instance that does not exist, whatever was asked of it.
    pub(crate) fn of_instance(error: InstanceError, name: &InstanceName) -> Self {
        let unavailable = |code, message| Self::Unavailable { code, message };
        match error {
            InstanceError::Gone => Self::NoInstance(name.to_string()),
            InstanceError::Stuck => unavailable("instance_stuck", error.to_string()),
            InstanceError::NotConnected | InstanceError::Link(LinkError::NotConnected) => Self::WrongState {
                code: "instance_not_connected",
                message: format!("The \"{name}\" instance is not connected"),
            },
            InstanceError::NeverLinked => Self::WrongState {
                code: "instance_never_linked",
                message: format!("The \"{name}\" instance was never linked; connect it to get a code"),
            },
            InstanceError::Storage(why) => Self::Storage(why),
            InstanceError::Link(LinkError::Storage(why)) => {
                Self::Storage(format!("nothing was changed: {why}"))
            }
            InstanceError::Link(error @ LinkError::NotAvailable) => {
                Self::WrongState { code: "not_available", message: error.to_string() }
            }
            InstanceError::Link(error @ LinkError::Refused(_)) => {
                Self::WrongState { code: "refused_by_whatsapp", message: error.to_string() }
            }
            InstanceError::Link(error @ LinkError::Unreachable(_)) => {
                unavailable("whatsapp_unreachable", error.to_string())
            }
            InstanceError::Link(error @ LinkError::TimedOut(_)) => {
                unavailable("whatsapp_timed_out", error.to_string())
            }
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::TooManyFailures(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::ForeignHost(_) | Self::ForeignOrigin(_) | Self::NameTaken(_) | Self::Forbidden { .. } => {
                StatusCode::FORBIDDEN
            }
            Self::NoRoute(..) | Self::NoInstance(_) | Self::NoMatch(_) | Self::Missing { .. } => {
                StatusCode::NOT_FOUND
            }
            Self::WrongMethod { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoInstanceOnConnect(_) | Self::Invalid(_) | Self::WrongState { .. } => {
                StatusCode::BAD_REQUEST
            }
            Self::HeadTooLarge(_) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotJson(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::SlowBody(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Storage(_) | Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::TooManyFailures(_) => "too_many_failures",
            Self::Forbidden { code, .. } => code,
            Self::ForeignHost(_) => "host_not_allowed",
            Self::ForeignOrigin(_) => "origin_not_allowed",
            Self::NoRoute(..) => "route_not_found",
            Self::WrongMethod { .. } => "method_not_allowed",
            Self::NoInstance(_) | Self::NoInstanceOnConnect(_) | Self::NoMatch(_) => "instance_not_found",
            Self::NameTaken(_) => "name_taken",
            Self::Invalid(_) => "invalid_request",
            Self::Missing { code, .. } | Self::WrongState { code, .. } | Self::Unavailable { code, .. } => {
                code
            }
            Self::HeadTooLarge(_) => "headers_too_large",
            Self::TooLarge(_) => "body_too_large",
            Self::NotJson(_) => "unsupported_media_type",
            Self::SlowBody(_) => "body_timed_out",
            Self::Storage(_) => "storage_refused",
            Self::Internal => "internal",
        }
    }

    fn messages(&self) -> Vec<String> {
        match self {
            Self::Invalid(faults) => faults.clone(),
            one => vec![one.to_string()],
        }
    }
}

impl From<CreateError> for ApiError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::NameTaken(name) => Self::NameTaken(name),
            CreateError::Storage(why) => Self::Storage(why),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Storage(error.to_string())
    }
}

impl From<getrandom::Error> for ApiError {
    fn from(error: getrandom::Error) -> Self {
        tracing::error!(%error, "no randomness to make a secret from");
        Self::Internal
    }
}

impl From<ApiError> for Reply {
    fn from(error: ApiError) -> Self {
        let status = error.status();
        let body = ErrorBody {
            status: status.as_u16(),
            error: true,
            code: error.code(),
            message: error.to_string(),
            response: ErrorMessages { message: error.messages() },
        };
        let mut reply = json(status, &body);
        let headers = reply.headers_mut();
        match error {
            ApiError::Unauthorized => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"tetherd\""));
            }
            ApiError::TooManyFailures(wait) => {
                headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
            }
            // What is busy or full now is not so for long.
            ApiError::Unavailable { .. } | ApiError::Storage(_) => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            }
            // What is left of the body is not read: the next request needs another connection.
            ApiError::HeadTooLarge(_)
            | ApiError::TooLarge(_)
            | ApiError::NotJson(_)
            | ApiError::SlowBody(_) => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            ApiError::WrongMethod { allow, .. } => {
                if let Ok(value) = HeaderValue::from_str(&allow.join(", ")) {
                    headers.insert(ALLOW, value);
                }
            }
            _ => {}
        }
        reply
    }
}
