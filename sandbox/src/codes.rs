//! Pairing codes as the service and the phone keep them: how long, how often, how many (protocol page §4).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::sync::oneshot;
use wacore_binary::builder::NodeBuilder;

use crate::Refused;
use crate::fault::Fault;
use crate::operations::{ANSWER, Orders, gone};
use crate::phone::code;
use crate::stanza::{self, bytes, server};
use crate::world::{Candidate, Order, State, World};

/// Clients show a code a little before they have asked for it.
const ASKING: Duration = Duration::from_secs(2);
/// A code can be typed this long.
const LIFETIME: Duration = Duration::from_mins(3);
/// And so often.
const TRIES: u32 = 3;
/// More than this many codes for one number within [`WITHIN`] are refused with 429. The service's own figures are not known.
const MANY: usize = 10;
const WITHIN: Duration = Duration::from_mins(10);
/// Within that time, for all numbers together; a client that asks for ever fills no memory.
const NUMBERS: usize = 10_000;

/// A device waits for its code to be typed.
#[derive(Debug, Clone)]
pub(crate) struct CodeWanted {
    pub(crate) number: String,
    pub(crate) reference: Vec<u8>,
    wrapped: Vec<u8>,
    /// On the world's clock.
    pub(crate) until: Duration,
    tried: u32,
}

impl CodeWanted {
    pub(crate) fn new(number: String, reference: Vec<u8>, wrapped: Vec<u8>, now: Duration) -> Self {
        Self { number, reference, wrapped, until: now + LIFETIME, tried: 0 }
    }

    /// Counts a try of the phone.
    fn try_it(&mut self, now: Duration) -> Result<(), Refused> {
        if now >= self.until {
            return Err(Refused("the code has expired; let the device ask for another one".into()));
        }
        if self.tried == TRIES {
            return Err(Refused(format!(
                "the code was tried {TRIES} times; let the device ask for another one"
            )));
        }
        self.tried += 1;
        Ok(())
    }
}

/// When codes were asked for, by number.
#[derive(Default)]
pub(crate) struct Asked(BTreeMap<String, VecDeque<Duration>>);

impl Asked {
    /// Counts one more; whether that is too many.
    fn again(&mut self, number: &str, now: Duration) -> bool {
        self.0.retain(|_, asked| {
            asked.retain(|at| now.saturating_sub(*at) < WITHIN);
            !asked.is_empty()
        });
        let numbers = self.0.len();
        let asked = self.0.entry(number.to_owned()).or_default();
        if asked.len() >= MANY || numbers > NUMBERS {
            return true;
        }
        asked.push_back(now);
        false
    }
}

/// What a refusal says beside its number.
fn said(code: u16) -> &'static str {
    match code {
        400 => "bad-request",
        403 => "forbidden",
        429 => "rate-overlimit",
        452 => "feature-not-available",
        _ => "internal-server-error",
    }
}

impl State {
    fn asking(
        &mut self,
        phone: &str,
        now: Duration,
    ) -> Option<Result<(Orders, Candidate, CodeWanted), Refused>> {
        let of = self.connections.iter_mut();
        let of = of.filter(|(_, c)| c.code.as_ref().is_some_and(|wanted| wanted.number == phone));
        let (_, connection) = of.max_by_key(|(id, _)| **id)?;
        let (orders, candidate) = (connection.orders.clone(), connection.candidate.clone()?);
        let wanted = connection.code.as_mut()?;
        Some(wanted.try_it(now).map(|()| (orders, candidate, wanted.clone())))
    }
}

impl World {
    /// Whether a code for this number is refused, and how.
    pub(crate) fn refuses_code(&self, number: &str) -> Option<(u16, &'static str)> {
        let jid = format!("{number}@s.whatsapp.net");
        if let Some(Fault::RefuseCode { code }) =
            self.fault_due(|fault| matches!(fault, Fault::RefuseCode { .. }), Some(&jid))
        {
            return Some((code, said(code)));
        }
        let now = self.now();
        self.lock().asked.again(number, now).then_some((429, said(429)))
    }

    /// The phone of this number gets the code that the device shows.
    pub(crate) async fn enter_code(&self, phone: &str, typed: &str) -> Result<String, Refused> {
        code::normalise(typed).map_err(|error| Refused(error.to_string()))?;
        let account = self.account(phone)?;
        let asking = tokio::time::timeout(ASKING, self.asking(phone)).await;
        let (orders, candidate, wanted) =
            asking.map_err(|_| Refused(format!("no device asked for a code for {phone}")))??;
        let (typed, wrapped) = (typed.to_owned(), wanted.wrapped);
        let entered = tokio::task::spawn_blocking(move || code::enter(&typed, &wrapped))
            .await
            .map_err(|_| Refused("interrupted".into()))?
            .map_err(|error| Refused(error.to_string()))?;
        let reg = NodeBuilder::new("link_code_companion_reg").attr("stage", "primary_hello").children([
            stanza::data("link_code_pairing_wrapped_primary_ephemeral_pub", entered.wrapped_primary.clone()),
            stanza::data("primary_identity_pub", account.identity_pub().to_vec()),
            stanza::data("link_code_pairing_ref", wanted.reference),
        ]);
        let node = NodeBuilder::new("notification")
            .attr("from", server())
            .attr("type", "link_code_companion_reg")
            .attr("id", self.number().to_string())
            .attr("t", self.unix().to_string())
            .children([reg.build()])
            .build();
        let (done, finished) = oneshot::channel();
        orders.send(Order::Primary { node, done }).await.map_err(|_| gone())?;
        let finish = tokio::time::timeout(ANSWER, finished).await.map_err(|_| gone())?.map_err(|_| gone())?;
        let bundle =
            finish.get_optional_child("link_code_pairing_wrapped_key_bundle").map(bytes).unwrap_or_default();
        let secret = code::finish(&account, &entered, bundle, &candidate.identity)
            .map_err(|error| Refused(error.to_string()))?;
        self.pair(account, &orders, &candidate, &secret).await
    }

    /// The newest device that asked for a code for this number, once there is one; counts the try.
    async fn asking(&self, phone: &str) -> Result<(Orders, Candidate, CodeWanted), Refused> {
        let mut newest = self.newest();
        loop {
            newest.borrow_and_update();
            if let Some(found) = self.lock().asking(phone, self.now()) {
                return found;
            }
            // The world lives as long as this.
            let _ = newest.changed().await;
        }
    }

    /// Devices that wait to be linked shall make a new secret, and show another code. How many were told.
    pub(crate) async fn refresh_registration(&self, connection: Option<u64>) -> usize {
        let waiting: Vec<_> = {
            let state = self.lock();
            let waiting = state.connections.iter().filter(|(id, c)| {
                connection.is_none_or(|wanted| wanted == **id) && c.candidate.is_some() && c.device.is_none()
            });
            waiting.map(|(_, connection)| connection.orders.clone()).collect()
        };
        for orders in &waiting {
            let node = NodeBuilder::new("notification")
                .attr("from", server())
                .attr("type", "companion_reg_refresh")
                .attr("id", self.number().to_string())
                .attr("t", self.unix().to_string())
                .children([stanza::leaf("companion_reg_refresh")])
                .build();
            let _ = orders.send(Order::Send(node)).await;
        }
        waiting.len()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_tried_three_times_within_three_minutes() {
        let at = |seconds| Duration::from_secs(1000_u64 + seconds);
        let mut wanted = CodeWanted::new("1".into(), Vec::new(), Vec::new(), at(0));
        assert!((0..3).all(|second| wanted.try_it(at(second)).is_ok()));
        assert!(wanted.try_it(at(4)).unwrap_err().0.contains("3 times"));
        let mut wanted = CodeWanted::new("1".into(), Vec::new(), Vec::new(), at(0));
        assert!(wanted.try_it(at(179)).is_ok());
        assert!(wanted.try_it(at(180)).unwrap_err().0.contains("expired"));
    }

    #[test]
    fn too_many_codes_for_one_number_are_refused_for_a_while() {
        let mut asked = Asked::default();
        let start = Duration::from_secs(1000);
        assert!((0..MANY).all(|_| !asked.again("1", start)));
        assert!(asked.again("1", start) && !asked.again("2", start));
        assert!(!asked.again("1", start + WITHIN));
        assert_eq!(asked.0.len(), 1, "numbers that ask no more are forgotten");
    }
}
