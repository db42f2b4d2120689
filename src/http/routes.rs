//! Every route: what the router serves and the description describes.

use http::Method;

/// Asked without a key: tells nothing of instances, or sees to its key itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyless {
    Root,
    Healthz,
    Readyz,
    Metrics,
    OpenApi,
    VerifyMeta,
    Meta,
}

/// Answered from memory: waits for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    VerifyCreds,
    State,
    Fetch,
    Qrcode,
    FindSettings,
    FindProxy,
    Events,
}

/// What may wait, for the disk, for an instance, for the rest of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Create,
    Connect,
    Restart,
    Logout,
    Delete,
    SetPresence,
    SetSettings,
    SetProxy,
    SetToken,
    SetWebhook,
    FindWebhook,
    Deliveries,
    Redeliver,
    TestWebhook,
    Invite,
    EndInvite,
    SubscribeMeta,
}

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Keyless(Keyless),
    Read(Read),
    Act(Act),
}

impl Op {
    /// Its name in the description.
    pub(super) fn name(self) -> String {
        match self {
            Self::Keyless(op) => format!("{op:?}"),
            Self::Read(op) => format!("{op:?}"),
            Self::Act(op) => format!("{op:?}"),
        }
    }
}

/// The methods of one path.
pub(super) type Methods = &'static [(Method, Op)];

/// Every route, with the names of its pieces.
pub(super) const ROUTES: &[(&str, Methods)] = &[
    ("/", &[(Method::GET, Op::Keyless(Keyless::Root))]),
    ("/verify-creds", &[(Method::POST, Op::Read(Read::VerifyCreds))]),
    ("/healthz", &[(Method::GET, Op::Keyless(Keyless::Healthz))]),
    ("/readyz", &[(Method::GET, Op::Keyless(Keyless::Readyz))]),
    ("/instance/create", &[(Method::POST, Op::Act(Act::Create))]),
    ("/instance/connect/{name}", &[(Method::GET, Op::Act(Act::Connect))]),
    ("/instance/connectionState/{name}", &[(Method::GET, Op::Read(Read::State))]),
    ("/instance/fetchInstances", &[(Method::GET, Op::Read(Read::Fetch))]),
    ("/instance/qrcode/{name}", &[(Method::GET, Op::Read(Read::Qrcode))]),
    ("/instance/restart/{name}", &[(Method::POST, Op::Act(Act::Restart))]),
    ("/instance/logout/{name}", &[(Method::DELETE, Op::Act(Act::Logout))]),
    ("/instance/delete/{name}", &[(Method::DELETE, Op::Act(Act::Delete))]),
    ("/instance/setPresence/{name}", &[(Method::POST, Op::Act(Act::SetPresence))]),
    ("/instance/token/{name}", &[(Method::PUT, Op::Act(Act::SetToken))]),
    ("/settings/set/{name}", &[(Method::POST, Op::Act(Act::SetSettings))]),
    ("/settings/find/{name}", &[(Method::GET, Op::Read(Read::FindSettings))]),
    ("/proxy/set/{name}", &[(Method::POST, Op::Act(Act::SetProxy))]),
    ("/proxy/find/{name}", &[(Method::GET, Op::Read(Read::FindProxy))]),
    ("/webhook/set/{name}", &[(Method::POST, Op::Act(Act::SetWebhook))]),
    ("/webhook/find/{name}", &[(Method::GET, Op::Act(Act::FindWebhook))]),
    ("/webhook/deliveries/{name}", &[(Method::GET, Op::Act(Act::Deliveries))]),
    ("/webhook/redeliver/{name}", &[(Method::POST, Op::Act(Act::Redeliver))]),
    ("/webhook/redeliver/{name}/{id}", &[(Method::POST, Op::Act(Act::Redeliver))]),
    ("/webhook/test/{name}", &[(Method::POST, Op::Act(Act::TestWebhook))]),
    (
        "/instance/invite/{name}",
        &[(Method::POST, Op::Act(Act::Invite)), (Method::DELETE, Op::Act(Act::EndInvite))],
    ),
    ("/events", &[(Method::GET, Op::Read(Read::Events))]),
    ("/metrics", &[(Method::GET, Op::Keyless(Keyless::Metrics))]),
    (
        "/webhook/meta",
        &[(Method::GET, Op::Keyless(Keyless::VerifyMeta)), (Method::POST, Op::Keyless(Keyless::Meta))],
    ),
    ("/webhook/meta/subscribe/{name}", &[(Method::POST, Op::Act(Act::SubscribeMeta))]),
    ("/openapi.json", &[(Method::GET, Op::Keyless(Keyless::OpenApi))]),
];
