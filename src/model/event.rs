//! What can happen, by name.

use std::fmt;
use std::str::FromStr;

/// The running number of an event within its instance, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub i64);

macro_rules! kinds {
    ($($variant:ident = $upper:literal, $dotted:literal;)+) => {
        /// A kind of event (`evolution-2.3.md` §4.1, and our own).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventKind {
            $(#[doc = concat!("`", $upper, "`.")] $variant,)+
        }

        impl EventKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As in lists and, by default, in envelopes: `CONNECTION_UPDATE`.
            #[must_use]
            pub fn upper(self) -> &'static str {
                match self { $(Self::$variant => $upper),+ }
            }

            /// The original's wire spelling: `connection.update`.
            #[must_use]
            pub fn dotted(self) -> &'static str {
                match self { $(Self::$variant => $dotted),+ }
            }
        }

        impl FromStr for EventKind {
            type Err = UnknownEvent;

            fn from_str(text: &str) -> Result<Self, UnknownEvent> {
                match text { $($upper | $dotted => Ok(Self::$variant),)+ _ => Err(UnknownEvent) }
            }
        }
    };
}

kinds! {
    ApplicationStartup = "APPLICATION_STARTUP", "application.startup";
    QrcodeUpdated = "QRCODE_UPDATED", "qrcode.updated";
    ConnectionUpdate = "CONNECTION_UPDATE", "connection.update";
    MessagesSet = "MESSAGES_SET", "messages.set";
    MessagesUpsert = "MESSAGES_UPSERT", "messages.upsert";
    MessagesEdited = "MESSAGES_EDITED", "messages.edited";
    MessagesUpdate = "MESSAGES_UPDATE", "messages.update";
    MessagesDelete = "MESSAGES_DELETE", "messages.delete";
    SendMessage = "SEND_MESSAGE", "send.message";
    SendMessageUpdate = "SEND_MESSAGE_UPDATE", "send.message.update";
    ContactsSet = "CONTACTS_SET", "contacts.set";
    ContactsUpsert = "CONTACTS_UPSERT", "contacts.upsert";
    ContactsUpdate = "CONTACTS_UPDATE", "contacts.update";
    PresenceUpdate = "PRESENCE_UPDATE", "presence.update";
    ChatsSet = "CHATS_SET", "chats.set";
    ChatsUpsert = "CHATS_UPSERT", "chats.upsert";
    ChatsUpdate = "CHATS_UPDATE", "chats.update";
    ChatsDelete = "CHATS_DELETE", "chats.delete";
    GroupsUpsert = "GROUPS_UPSERT", "groups.upsert";
    GroupUpdate = "GROUP_UPDATE", "groups.update";
    GroupParticipantsUpdate = "GROUP_PARTICIPANTS_UPDATE", "group-participants.update";
    LabelsEdit = "LABELS_EDIT", "labels.edit";
    LabelsAssociation = "LABELS_ASSOCIATION", "labels.association";
    Call = "CALL", "call";
    TypebotStart = "TYPEBOT_START", "typebot.start";
    TypebotChangeStatus = "TYPEBOT_CHANGE_STATUS", "typebot.change-status";
    InstanceCreate = "INSTANCE_CREATE", "instance.create";
    InstanceDelete = "INSTANCE_DELETE", "instance.delete";
    LogoutInstance = "LOGOUT_INSTANCE", "logout.instance";
    RemoveInstance = "REMOVE_INSTANCE", "remove.instance";
    StatusInstance = "STATUS_INSTANCE", "status.instance";
    MetaUnknown = "META_UNKNOWN", "meta.unknown";
    EventsLost = "EVENTS_LOST", "events.lost";
    WebhookTest = "WEBHOOK_TEST", "webhook.test";
}

impl EventKind {
    /// The path piece of `byEvents` URLs: `connection-update`.
    #[must_use]
    pub fn slug(self) -> String {
        self.dotted().replace(['.', '_'], "-")
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.upper())
    }
}

/// Not one of the names that [`EventKind`] knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no event that tetherd knows")]
pub struct UnknownEvent;

/// An event that is about to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// What happened.
    pub kind: EventKind,
    /// The `data` member of the envelope.
    pub data: serde_json::Value,
    /// Two events of one instance with the same key are one: a redelivered message makes no second.
    pub dedup: Option<String>,
}

impl NewEvent {
    /// An event that can happen any number of times.
    #[must_use]
    pub fn new(kind: EventKind, data: serde_json::Value) -> Self {
        Self { kind, data, dedup: None }
    }

    /// An event that happens once for this key.
    #[must_use]
    pub fn once(kind: EventKind, data: serde_json::Value, key: impl Into<String>) -> Self {
        Self { kind, data, dedup: Some(key.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::EventKind;

    #[test]
    fn both_spellings_are_understood() {
        for kind in EventKind::ALL {
            assert_eq!(kind.upper().parse(), Ok(*kind));
            assert_eq!(kind.dotted().parse(), Ok(*kind));
        }
        assert_eq!(EventKind::ConnectionUpdate.slug(), "connection-update");
        assert_eq!(EventKind::SendMessage.slug(), "send-message");
        assert!("NOPE".parse::<EventKind>().is_err());
    }
}
