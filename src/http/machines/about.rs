//! What each operation takes and answers, for the description.

use utoipa::openapi::schema::{
    AllOfBuilder, AnyOfBuilder, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder, Schema, Type,
};
use utoipa::openapi::{Ref, RefOr};

use crate::http::routes::{Act, Keyless, Op, Read};

pub(super) const JSON: &str = "application/json";

/// What an operation is about.
pub(super) struct About {
    pub(super) summary: &'static str,
    pub(super) query: &'static [Parameter],
    pub(super) body: Takes,
    pub(super) created: bool,
    pub(super) answer: Answer,
}

/// A parameter of the query, and what it takes.
type Parameter = (&'static str, fn() -> Object);

/// A body on its way in.
pub(super) enum Takes {
    Nothing,
    /// All the members of these.
    All(&'static [&'static str]),
    /// Either of these.
    Either(&'static [&'static str]),
    /// What is said here or left out.
    Perhaps(&'static str),
    /// An object of somebody else's.
    Foreign,
}

impl Takes {
    pub(super) fn schema(&self) -> Option<RefOr<Schema>> {
        Some(match self {
            Self::Nothing => return None,
            Self::All([one]) | Self::Perhaps(one) => named(one),
            Self::All(names) => {
                let all = names.iter().fold(AllOfBuilder::new(), |all, name| all.item(named(name)));
                Schema::AllOf(all.build()).into()
            }
            Self::Either(names) => {
                let any = names.iter().fold(AnyOfBuilder::new(), |any, name| any.item(named(name)));
                Schema::AnyOf(any.build()).into()
            }
            Self::Foreign => Schema::Object(ObjectBuilder::new().schema_type(Type::Object).build()).into(),
        })
    }

    pub(super) fn is_needed(&self) -> bool {
        !matches!(self, Self::Nothing | Self::Perhaps(_))
    }
}

/// A body on its way out.
pub(super) enum Answer {
    /// JSON of this schema.
    Of(&'static str),
    /// The same, or null.
    Maybe(&'static str),
    /// Any number of them.
    List(&'static str),
    /// Something of this kind.
    Kind(&'static str),
    /// JSON of this schema, or one of these kinds, as was asked for.
    OrKinds(&'static str, &'static [&'static str]),
}

impl Answer {
    pub(super) fn content(&self) -> Vec<(&'static str, Option<RefOr<Schema>>)> {
        let one = match self {
            Self::OrKinds(name, kinds) => {
                let pictures = kinds.iter().map(|kind| (*kind, None));
                return pictures.chain([(JSON, Some(named(name)))]).collect();
            }
            Self::Of(name) => (JSON, Some(named(name))),
            Self::Maybe(name) => {
                let null = ObjectBuilder::new().schema_type(Type::Null);
                let either = OneOfBuilder::new().item(named(name)).item(null).build();
                (JSON, Some(Schema::OneOf(either).into()))
            }
            Self::List(name) => {
                (JSON, Some(Schema::Array(ArrayBuilder::new().items(named(name)).build()).into()))
            }
            Self::Kind(kind) => (*kind, None),
        };
        vec![one]
    }
}

fn named(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

/// Any text.
pub(super) fn text() -> Object {
    ObjectBuilder::new().schema_type(Type::String).build()
}

fn number(least: u32, most: u32) -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least)).maximum(Some(most)).build()
}

fn seconds() -> Object {
    number(0, 55)
}

fn page() -> Object {
    number(1, 500)
}

fn id() -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).build()
}

fn one_of(words: &'static [&'static str]) -> Object {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied())).build()
}

fn picture() -> Object {
    one_of(&["png", "svg", "txt", "json"])
}

fn status() -> Object {
    one_of(&["pending", "delivered", "dead"])
}

impl About {
    fn reads(summary: &'static str, query: &'static [Parameter], answer: Answer) -> Self {
        Self { summary, query, body: Takes::Nothing, created: false, answer }
    }

    fn does(summary: &'static str, answer: Answer) -> Self {
        Self::reads(summary, &[], answer)
    }

    fn sets(summary: &'static str, body: Takes, answer: Answer) -> Self {
        Self { body, created: true, ..Self::does(summary, answer) }
    }
}

/// What an operation is about; a new one does not compile without it.
pub(super) fn about(op: Op) -> About {
    use Answer::{Kind, List, Maybe, Of, OrKinds};
    use Takes::{All, Either, Foreign, Perhaps};
    match op {
        Op::Keyless(Keyless::Root) => About::does("Who answers here", Of("Welcome")),
        Op::Read(Read::VerifyCreds) => About::does("Whether the key is the global one", Of("Verified")),
        Op::Keyless(Keyless::Healthz) => About::does("Whether process and storage answer", Of("Health")),
        Op::Keyless(Keyless::Readyz) => About::does("Whether everything is started", Of("Health")),
        Op::Act(Act::Create) => {
            About::sets("Create an instance", All(&["CreateBody", "Settings"]), Of("Created"))
        }
        Op::Act(Act::Connect) => About::reads(
            "Link it: the code to scan as soon as there is one",
            &[("number", text), ("wait", seconds)],
            Of("Connected"),
        ),
        Op::Read(Read::State) => About::does("Its state, why, and since when", Of("ConnectionState")),
        Op::Read(Read::Fetch) => About::reads(
            "All instances",
            &[("instanceName", text), ("instanceId", text), ("number", text)],
            List("Row"),
        ),
        Op::Read(Read::Qrcode) => About::reads(
            "The code as a picture",
            &[("format", picture)],
            OrKinds("CodeShown", &["image/png", "image/svg+xml", "text/plain"]),
        ),
        Op::Act(Act::Restart) => {
            About::reads("Drop the link and open it again", &[("wait", seconds)], Of("ConnectionState"))
        }
        Op::Act(Act::Logout) => About::does("Unlink it and forget the credentials", Of("Done")),
        Op::Act(Act::Delete) => About::does("Unlink it and forget everything", Of("Done")),
        Op::Act(Act::SetPresence) => {
            About::sets("Be seen as online or not", All(&["PresenceBody"]), Of("PresenceSet"))
        }
        Op::Act(Act::SetSettings) => {
            About::sets("Change settings; what is left out stays", All(&["Settings"]), Of("SettingsSet"))
        }
        Op::Read(Read::FindSettings) => About::does("Its settings", Of("Settings")),
        Op::Act(Act::SetProxy) => About::sets("Change how it goes out", All(&["ProxyBody"]), Of("ProxySet")),
        Op::Read(Read::FindProxy) => {
            About::does("How it goes out; null when that is directly", Maybe("ProxyShown"))
        }
        Op::Act(Act::SetToken) => About {
            body: All(&["TokenBody"]),
            ..About::does("Another key, or another access token of Meta's", Of("TokenSet"))
        },
        Op::Act(Act::SetWebhook) => About::sets(
            "Change its webhook; what is left out stays",
            Either(&["WrappedWebhook", "WebhookBody"]),
            Of("WebhookShown"),
        ),
        Op::Act(Act::FindWebhook) => About::does("Its webhook; null when it has none", Maybe("WebhookShown")),
        Op::Act(Act::Deliveries) => About::reads(
            "What was and is to be delivered",
            &[("status", status), ("limit", page), ("before", id)],
            Of("Deliveries"),
        ),
        Op::Act(Act::Redeliver) => {
            About { body: All(&["RedeliverBody"]), ..About::does("Deliver again", Of("Redelivered")) }
        }
        Op::Act(Act::TestWebhook) => About::does("Post a test event and tell the answer", Of("Tested")),
        Op::Act(Act::Invite) => {
            About::sets("A one-time address for linking this instance", Perhaps("InviteBody"), Of("Invited"))
        }
        Op::Act(Act::EndInvite) => About::does("Take that address back", Of("Done")),
        Op::Read(Read::Events) => About::reads(
            "What happens, live",
            &[("instance", text), ("event", text)],
            Kind("text/event-stream"),
        ),
        Op::Keyless(Keyless::Metrics) => About::does("Prometheus text", Kind("application/openmetrics-text")),
        Op::Keyless(Keyless::VerifyMeta) => About::reads(
            "Meta proves that it was set up here",
            &[("hub.mode", text), ("hub.verify_token", text), ("hub.challenge", text)],
            Kind("text/plain"),
        ),
        Op::Keyless(Keyless::Meta) => {
            About { body: Foreign, ..About::does("Meta tells what happened (signed)", Of("Kept")) }
        }
        Op::Act(Act::SubscribeMeta) => About::does("Ask Meta to send what happens here", Of("Subscribed")),
        Op::Keyless(Keyless::OpenApi) => About::does("This description", Kind(JSON)),
    }
}
