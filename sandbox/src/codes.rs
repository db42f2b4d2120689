//! Pairing codes as the service and the phone keep them: how long, how often, how many (protocol page §4).

mod enter;

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::told::Refused;

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
