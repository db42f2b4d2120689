//! Calls as events, in the original's shape. How devices find each other is none of it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use whatsapp_rust::Jid;
use whatsapp_rust::chrono::{DateTime, SecondsFormat, Utc};
use whatsapp_rust::wacore::types::call::{CallAction, IncomingCall, MissedCall};

use crate::model::{EventKind, NewEvent};

/// Calls whose beginning is remembered.
const CALLS: usize = 32;

/// Calls that rang: what follows names them by their number only.
#[derive(Default)]
pub(super) struct Calls(Mutex<VecDeque<Rang>>);

/// What only the offer tells.
#[derive(Debug, Clone)]
struct Rang {
    id: String,
    video: bool,
    group: bool,
    number: Option<String>,
}

impl Calls {
    /// What a person would notice of it.
    pub(super) fn told(&self, incoming: &IncomingCall) -> Option<NewEvent> {
        let (status, rang) = match &incoming.action {
            CallAction::Offer { call_id, is_video, group_jid, caller_pn, .. } => {
                let group = group_jid.is_some() || incoming.group.is_some();
                let number = caller_pn.as_ref().map(Jid::to_non_ad_string);
                ("offer", Some(self.begin(Rang { id: call_id.clone(), video: *is_video, group, number })))
            }
            CallAction::OfferNotice { call_id, is_video, is_group, .. } => {
                let rang = Rang { id: call_id.clone(), video: *is_video, group: *is_group, number: None };
                ("offer", Some(self.begin(rang)))
            }
            CallAction::Accept { call_id, .. } => ("accept", self.known(call_id)),
            CallAction::Reject { call_id, .. } => ("reject", self.known(call_id)),
            CallAction::Terminate { call_id, reason, .. } => {
                let timeout = reason.as_deref() == Some("timeout");
                (if timeout { "timeout" } else { "terminate" }, self.known(call_id))
            }
            _ => return None,
        };
        let id = incoming.action.call_id();
        let mut data = data(id, &incoming.from.to_non_ad_string(), status, incoming.timestamp, rang);
        if let Some(data) = data.as_object_mut() {
            data.insert("offline".into(), json!(incoming.offline));
        }
        Some(NewEvent::once(EventKind::Call, data, format!("call/{}/{id}/{status}", incoming.from)))
    }

    /// It rang while nobody was there.
    pub(super) fn missed(&self, missed: &MissedCall) -> NewEvent {
        let (id, from) = (&missed.call_id, missed.from.to_non_ad_string());
        let data = data(id, &from, "timeout", missed.timestamp, self.known(id));
        NewEvent::once(EventKind::Call, data, format!("call/{}/{id}/timeout", missed.from))
    }

    fn begin(&self, rang: Rang) -> Rang {
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        calls.retain(|known| known.id != rang.id);
        if calls.len() >= CALLS {
            calls.pop_front();
        }
        calls.push_back(rang.clone());
        rang
    }

    fn known(&self, id: &str) -> Option<Rang> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|rang| rang.id == id).cloned()
    }
}

fn data(id: &str, from: &str, status: &str, at: DateTime<Utc>, rang: Option<Rang>) -> Value {
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut data = json!({"chatId": from, "from": from, "id": id, "date": at, "status": status});
    if let (Some(Rang { video, group, number, .. }), Some(data)) = (rang, data.as_object_mut()) {
        data.insert("isVideo".into(), json!(video));
        data.insert("isGroup".into(), json!(group));
        if let Some(number) = number {
            data.insert("callerPn".into(), json!(number));
        }
    }
    data
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Calls;
    use crate::model::EventKind;
    use serde_json::json;
    use whatsapp_rust::Jid;
    use whatsapp_rust::chrono::DateTime;
    use whatsapp_rust::wacore::types::call::{CallAction, IncomingCall, MissedCall, MissedReason};

    fn caller() -> Jid {
        "123@lid".parse().unwrap()
    }

    fn incoming(action: CallAction) -> IncomingCall {
        IncomingCall::builder()
            .from(caller())
            .stanza_id("S".into())
            .timestamp(DateTime::from_timestamp(1_795_000_000, 0).unwrap())
            .offline(false)
            .action(action)
            .build()
    }

    #[test]
    fn a_call_rings_ends_and_may_be_missed() {
        let calls = Calls::default();
        let offer = calls.told(&incoming(CallAction::Offer {
            call_id: "C".into(),
            call_creator: caller(),
            caller_pn: Some("5511@s.whatsapp.net".parse().unwrap()),
            caller_country_code: None,
            device_class: None,
            joinable: false,
            is_video: true,
            audio: vec![],
            group_jid: None,
        }));
        let expected = |status: &str| {
            json!({"id": "C", "chatId": "123@lid", "from": "123@lid", "callerPn": "5511@s.whatsapp.net", "status": status,
                "isVideo": true, "isGroup": false, "offline": false, "date": "2026-11-18T11:06:40.000Z"})
        };
        assert_eq!(offer.unwrap().data, expected("offer"));
        for (reason, status) in [(Some("accepted_elsewhere"), "terminate"), (Some("timeout"), "timeout")] {
            let end = calls.told(&incoming(CallAction::Terminate {
                call_id: "C".into(),
                call_creator: caller(),
                reason: reason.map(Into::into),
                duration: None,
                audio_duration: None,
            }));
            assert_eq!(end.unwrap().data, expected(status), "the end tells what kind of call it was");
        }
        let at = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let missed = calls.missed(&MissedCall::new(caller(), "other".into(), at, MissedReason::Offline));
        let expected = json!({"id": "other", "chatId": "123@lid", "from": "123@lid", "status": "timeout", "date": "2026-11-18T11:06:40.000Z"});
        assert_eq!((missed.kind, missed.data), (EventKind::Call, expected));
        let quiet = CallAction::PreAccept { call_id: "C".into(), call_creator: caller(), audio: vec![] };
        assert_eq!(calls.told(&incoming(quiet)), None, "how devices find each other");
    }
}
