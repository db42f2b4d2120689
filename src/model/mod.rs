//! The words of the product: small value types that every room may use.
//!
//! Nothing in here does I/O, spawns, sleeps or knows another room. A value of one of these types has
//! been parsed already: it cannot be wrong any more.

mod event;
mod identity;
mod instance;
mod media;
mod name;
mod phone;
mod proxy;
mod reason;
mod secret;
mod settings;
mod time;
mod truth;
mod webhook;

pub use event::{EventKind, NewEvent, Seq, UnknownEvent};
pub use identity::{AccountJid, InstanceId, InstanceUuid, Integration, Profile, UnknownIntegration};
pub use instance::{InstanceChange, InstanceRecord, NewInstance};
pub use media::{Media, MediaKind, MediaPlace};
pub use name::{BadName, InstanceName};
pub use phone::{BadNumber, PhoneNumber};
pub use proxy::{ProxyConfig, ProxyProtocol, UnknownProxy};
pub use reason::{Reason, ReasonDetail, Visible};
pub use secret::{Digest, Secret, Token};
pub use settings::Settings;
pub use time::{Clock, ClockShift, Deadline, Stamp, SystemClock};
pub use truth::{Ended, LinkTruth};
pub use webhook::{Spelling, Webhook, WebhookTarget};
