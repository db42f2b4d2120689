//! Every route: what the router serves and the description describes.

use http::Method;

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Root,
    VerifyCreds,
    Healthz,
    Readyz,
    Create,
    Connect,
    State,
    Fetch,
    Qrcode,
    Restart,
    Logout,
    Delete,
    SetPresence,
    SetSettings,
    FindSettings,
    SetProxy,
    FindProxy,
    SetToken,
    SetWebhook,
    FindWebhook,
    Deliveries,
    Redeliver,
    TestWebhook,
    Invite,
    EndInvite,
    Events,
    Metrics,
    OpenApi,
    VerifyMeta,
    Meta,
    SubscribeMeta,
}

impl Op {
    /// Asked without a key: tells nothing of instances, or sees to its key itself.
    pub(super) fn is_open(self) -> bool {
        matches!(
            self,
            Self::Root
                | Self::Healthz
                | Self::Readyz
                | Self::Metrics
                | Self::OpenApi
                | Self::VerifyMeta
                | Self::Meta
        )
    }
}

/// The methods of one path.
pub(super) type Methods = &'static [(Method, Op)];

/// Every route, with the names of its pieces.
pub(super) const ROUTES: &[(&str, Methods)] = &[
    ("/", &[(Method::GET, Op::Root)]),
    ("/verify-creds", &[(Method::POST, Op::VerifyCreds)]),
    ("/healthz", &[(Method::GET, Op::Healthz)]),
    ("/readyz", &[(Method::GET, Op::Readyz)]),
    ("/instance/create", &[(Method::POST, Op::Create)]),
    ("/instance/connect/{name}", &[(Method::GET, Op::Connect)]),
    ("/instance/connectionState/{name}", &[(Method::GET, Op::State)]),
    ("/instance/fetchInstances", &[(Method::GET, Op::Fetch)]),
    ("/instance/qrcode/{name}", &[(Method::GET, Op::Qrcode)]),
    ("/instance/restart/{name}", &[(Method::POST, Op::Restart)]),
    ("/instance/logout/{name}", &[(Method::DELETE, Op::Logout)]),
    ("/instance/delete/{name}", &[(Method::DELETE, Op::Delete)]),
    ("/instance/setPresence/{name}", &[(Method::POST, Op::SetPresence)]),
    ("/instance/token/{name}", &[(Method::PUT, Op::SetToken)]),
    ("/settings/set/{name}", &[(Method::POST, Op::SetSettings)]),
    ("/settings/find/{name}", &[(Method::GET, Op::FindSettings)]),
    ("/proxy/set/{name}", &[(Method::POST, Op::SetProxy)]),
    ("/proxy/find/{name}", &[(Method::GET, Op::FindProxy)]),
    ("/webhook/set/{name}", &[(Method::POST, Op::SetWebhook)]),
    ("/webhook/find/{name}", &[(Method::GET, Op::FindWebhook)]),
    ("/webhook/deliveries/{name}", &[(Method::GET, Op::Deliveries)]),
    ("/webhook/redeliver/{name}", &[(Method::POST, Op::Redeliver)]),
    ("/webhook/redeliver/{name}/{id}", &[(Method::POST, Op::Redeliver)]),
    ("/webhook/test/{name}", &[(Method::POST, Op::TestWebhook)]),
    ("/instance/invite/{name}", &[(Method::POST, Op::Invite), (Method::DELETE, Op::EndInvite)]),
    ("/events", &[(Method::GET, Op::Events)]),
    ("/metrics", &[(Method::GET, Op::Metrics)]),
    ("/webhook/meta", &[(Method::GET, Op::VerifyMeta), (Method::POST, Op::Meta)]),
    ("/webhook/meta/subscribe/{name}", &[(Method::POST, Op::SubscribeMeta)]),
    ("/openapi.json", &[(Method::GET, Op::OpenApi)]),
];
