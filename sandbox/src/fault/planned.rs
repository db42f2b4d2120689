//! A fault with whom it meets, when and how often.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{Fault, Moment};
use crate::told::Refused;

/// A year of seconds is as good as for ever, and ten minutes are longer than any client waits.
const LATENCY: u64 = 600_000;

/// A fault with whom it meets, when and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// What happens.
    #[serde(flatten)]
    pub fault: Fault,
    /// Only to this device (`15551234567:1@s.whatsapp.net`), or to all of this account without a device number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jid: Option<String>,
    /// Only on the connection of this number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<u64>,
    /// Not now, but when this comes or goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<At>,
    /// How often; 0 is until faults are cleared. None is once with [`Self::at`], and otherwise 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// A stanza at which something happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct At {
    /// At each n-th of those that match, counted on each connection; from 1.
    pub stanza: u32,
    /// Which way it goes. None is what comes in, where the fault leaves the choice.
    pub direction: Option<Direction>,
    /// Only of this name, such as `iq`.
    pub tag: Option<String>,
    /// Only of this namespace, such as `w:p`.
    pub xmlns: Option<String>,
    /// Only with a child of this name, such as `pair-device`.
    pub child: Option<String>,
}

/// Which way a stanza goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the client.
    In,
    /// To the client.
    Out,
}

impl Default for At {
    fn default() -> Self {
        Self { stanza: 1, direction: None, tag: None, xmlns: None, child: None }
    }
}

impl From<Fault> for Planned {
    fn from(fault: Fault) -> Self {
        Self { fault, jid: None, connection: None, at: None, times: None }
    }
}

impl Planned {
    /// The same, only for this device or account.
    #[must_use]
    pub fn of(mut self, jid: impl Into<String>) -> Self {
        self.jid = Some(jid.into());
        self
    }

    /// The same, at a stanza.
    #[must_use]
    pub fn at(mut self, at: At) -> Self {
        self.at = Some(at);
        self
    }

    /// The same, so often; 0 is until faults are cleared.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// An entry of a plan, or the body of `POST /fault`. Says what it got and what it takes.
    pub(crate) fn parse(value: Value) -> Result<Self, Refused> {
        #[derive(Deserialize)]
        struct When {
            jid: Option<String>,
            connection: Option<u64>,
            at: Option<At>,
            times: Option<u32>,
        }
        let Value::Object(mut given) = value else {
            return Err(Refused(format!("an object with \"kind\" is wanted, not {value}")));
        };
        let itself = matches!(given.get("kind").and_then(Value::as_str), Some("failure" | "upgrade"));
        let mut around = Map::new();
        for name in ["jid", "connection", "at", "times"] {
            if (name != "times" || !itself)
                && let Some(value) = given.remove(name)
            {
                around.insert(name.into(), value);
            }
        }
        let wrong = |error: serde_json::Error| Refused(error.to_string());
        let When { jid, connection, at, times } = serde_json::from_value(around.into()).map_err(wrong)?;
        let fault: Fault = serde_json::from_value(given.clone().into()).map_err(wrong)?;
        let fields = serde_json::to_value(&fault).map_err(wrong)?;
        if let Some(unknown) = given.keys().find(|name| fields.get(name).is_none()) {
            let own = fields.as_object().into_iter().flat_map(Map::keys).map(String::as_str);
            let takes = own.chain(["jid", "connection", "at", "times"]).collect::<Vec<_>>().join(", ");
            return Err(Refused(format!("unknown field {unknown:?}; this kind takes {takes}")));
        }
        let planned = Self { fault, jid, connection, at, times };
        planned.check()?;
        Ok(planned)
    }

    /// Whether it can happen at all.
    pub(crate) fn check(&self) -> Result<(), Refused> {
        let no = |why: &str| Err(Refused(why.into()));
        let moment = self.fault.moment();
        if moment == Moment::Connection && (self.jid.is_some() || self.connection.is_some()) {
            return no("it happens before it is known who connects, so it takes no jid and no connection");
        }
        if moment == Moment::LogIn && self.connection.is_some() {
            return no("it happens to log-ins, so it takes no connection; give a jid");
        }
        if moment == Moment::Phone && self.connection.is_some() {
            return no("it happens when a phone does something, so it takes no connection; give a jid");
        }
        if let Some(at) = &self.at {
            if matches!(moment, Moment::Connection | Moment::LogIn | Moment::Phone) {
                return no("it happens before the first stanza that \"at\" could mean");
            }
            if at.stanza == 0 {
                return no("at.stanza is 0; stanzas are counted from 1");
            }
            if moment == Moment::Out && at.direction == Some(Direction::In) {
                return no("it can happen only to a stanza that goes out, so at.direction is \"out\"");
            }
        }
        match self.fault {
            Fault::Upgrade { status, .. } | Fault::Media { status } if !(200..=599).contains(&status) => {
                Err(Refused(format!("status is {status}; it takes 200 to 599")))
            }
            Fault::RefuseCode { code } if ![400, 403, 429, 452, 500].contains(&code) => {
                Err(Refused(format!("code is {code}; it takes 400, 403, 429, 452 or 500")))
            }
            Fault::Latency { millis } if millis > LATENCY => {
                Err(Refused(format!("millis is {millis}; it takes up to {LATENCY}")))
            }
            Fault::Bandwidth { bytes_per_second: 0 } => no("bytes_per_second is 0; it takes 1 or more"),
            _ => Ok(()),
        }
    }

    /// The stanza that it waits for, when it does.
    pub(crate) fn waits_for(&self) -> Option<At> {
        match (self.fault.moment(), &self.at) {
            (Moment::Out | Moment::Stanza, None) => Some(At::default()),
            (_, at) => at.clone(),
        }
    }

    /// How often it happens; none is until faults are cleared.
    pub(crate) fn left(&self) -> Option<u32> {
        let default = u32::from(self.waits_for().is_some());
        let times = self.times.or(self.fault.times()).unwrap_or(default);
        (times > 0).then_some(times)
    }

    pub(crate) fn direction(&self) -> Direction {
        let default = if self.fault.moment() == Moment::Out { Direction::Out } else { Direction::In };
        self.at.as_ref().and_then(|at| at.direction).unwrap_or(default)
    }
}

/// Attributes as an object or as a list of pairs.
pub(super) fn attributes<'de, D: Deserializer<'de>>(given: D) -> Result<Vec<(String, String)>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Pairs(Vec<(String, String)>),
        Object(BTreeMap<String, String>),
    }
    let given = Given::deserialize(given).map_err(|_| {
        serde::de::Error::custom("attributes take an object of texts, such as {\"code\": \"101\"}")
    })?;
    Ok(match given {
        Given::Pairs(pairs) => pairs,
        Given::Object(object) => object.into_iter().collect(),
    })
}

/// What WhatsApp calls "sent to too many people".
pub(super) fn ban() -> u16 {
    101
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use serde_json::json;

    use super::{At, Direction, Planned};
    use crate::Fault;

    #[test]
    fn calls_keep_their_shapes() {
        let ban = json!({"kind": "failure", "reason": 402, "times": 2, "attributes": [["code", "101"]]});
        let planned = Planned::parse(ban).unwrap();
        let attributes = vec![("code".to_owned(), "101".to_owned())];
        assert_eq!(planned.fault, Fault::Failure { reason: 402, times: 2, attributes });
        assert_eq!(planned.left(), Some(2));
        assert_eq!(Planned::parse(json!({"kind": "hang_login"})).unwrap().left(), None);
    }

    #[test]
    fn at_a_stanza_it_happens_once_unless_told() {
        let at = json!({"stanza": 3, "direction": "out", "tag": "iq"});
        let planned = Planned::parse(json!({"kind": "drop", "jid": "1@s.whatsapp.net", "at": at})).unwrap();
        let at = At { stanza: 3, direction: Some(Direction::Out), tag: Some("iq".into()), ..At::default() };
        assert_eq!(planned, Planned::from(Fault::Drop).of("1@s.whatsapp.net").at(at));
        assert_eq!(planned.left(), Some(1));
        assert_eq!(planned.times(0).left(), None);
        assert_eq!(Planned::from(Fault::Duplicate).direction(), Direction::Out);
    }

    #[test]
    fn what_cannot_happen_is_refused_with_what_is_taken() {
        for (given, why) in [
            (json!([]), "an object with \"kind\" is wanted, not []"),
            (json!({"kind": "dorp"}), "unknown variant `dorp`, expected one of `drop`"),
            (json!({"reason": 3}), "missing field `kind`"),
            (json!({"kind": "drop", "code": 3}), "unknown field \"code\"; this kind takes kind, jid"),
            (json!({"kind": "drop", "at": {"stanza": 0}}), "counted from 1"),
            (json!({"kind": "drop", "at": {"when": 0}}), "unknown field `when`, expected one of `stanza`"),
            (json!({"kind": "reorder", "at": {"direction": "in"}}), "only to a stanza that goes out"),
            (json!({"kind": "hang_hello", "jid": "1@s.whatsapp.net"}), "before it is known who connects"),
            (json!({"kind": "hang_login", "at": {}}), "before the first stanza"),
            (json!({"kind": "upgrade", "status": 20}), "status is 20; it takes 200 to 599"),
            (json!({"kind": "latency", "millis": 600_001}), "up to 600000"),
            (json!({"kind": "bandwidth", "bytes_per_second": 0}), "1 or more"),
            (json!({"kind": "stream", "code": "no"}), "invalid type: string \"no\", expected u16"),
        ] {
            let said = Planned::parse(given.clone()).unwrap_err().0;
            assert!(said.contains(why), "{given}: {said}");
        }
    }
}
