//! Who asks, and how far that reaches.

use std::sync::{PoisonError, RwLock};

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName};

use super::address::Client;
use super::error::ApiError;
use super::throttle::{Met, Throttle};
use crate::instance::{Handle, Registry};
use crate::model::{Clock, Digest, InstanceName, Secret};

/// The header with a key, as the original has it.
static APIKEY: HeaderName = HeaderName::from_static("apikey");

/// The digests of the global keys, in memory so that no request waits for the disk.
#[derive(Debug, Default)]
pub struct KeyRing(RwLock<Keys>);

#[derive(Debug, Default)]
struct Keys {
    /// Those in the store.
    kept: Vec<Digest>,
    /// The one that the configuration gives.
    given: Option<Digest>,
    /// What is done when a key is used for the first time.
    unused: Option<(Digest, FirstUse)>,
}

struct FirstUse(Box<dyn FnOnce() + Send + Sync>);

impl std::fmt::Debug for FirstUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FirstUse")
    }
}

impl KeyRing {
    /// With the keys of the store and the one that the configuration gives.
    #[must_use]
    pub fn new(kept: Vec<Digest>, given: Option<Digest>) -> Self {
        Self(RwLock::new(Keys { kept, given, unused: None }))
    }

    /// The store holds other keys from now on.
    pub fn keep(&self, kept: Vec<Digest>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).kept = kept;
    }

    /// The configuration gives another key, or none, from now on.
    pub fn give(&self, given: Option<Digest>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).given = given;
    }

    /// When this key is used for the first time, `then` is done; it must not block.
    pub fn at_first_use(&self, key: Digest, then: impl FnOnce() + Send + Sync + 'static) {
        let unused = Some((key, FirstUse(Box::new(then))));
        self.0.write().unwrap_or_else(PoisonError::into_inner).unused = unused;
    }

    /// A request was let in with this key.
    fn used(&self, key: &Digest) {
        let unused = |keys: &Keys| keys.unused.as_ref().is_some_and(|(first, _)| first == key);
        if !unused(&self.0.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        if let Some((_, then)) = self.0.write().unwrap_or_else(PoisonError::into_inner).unused.take() {
            (then.0)();
        }
    }

    /// Whether it is one of them. Compares with all, in constant time each.
    #[must_use]
    pub fn holds(&self, key: &Digest) -> bool {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = false;
        for known in keys.kept.iter().chain(&keys.given) {
            found |= known == key;
        }
        found
    }
}

/// Whom a request is made for.
#[derive(Clone)]
pub(crate) enum Caller {
    /// Holds the global key: everything.
    Global,
    /// Holds an instance's token: that instance only.
    Instance {
        /// The instance.
        handle: Handle,
        /// The token as it was sent; none when a page's session stands for it.
        token: Option<Secret>,
    },
}

impl Caller {
    /// Refuses all but the global key.
    pub(crate) fn must_be_global(&self) -> Result<(), ApiError> {
        match self {
            Self::Global => Ok(()),
            Self::Instance { .. } => Err(ApiError::Unauthorized),
        }
    }

    /// Whether it may see and change this instance.
    pub(crate) fn reaches(&self, name: &InstanceName) -> bool {
        match self {
            Self::Global => true,
            Self::Instance { handle, .. } => handle.snapshot().name == *name,
        }
    }
}

/// What a key is checked against.
pub(crate) struct Guard<'a> {
    pub(crate) keys: &'a KeyRing,
    pub(crate) registry: &'a Registry,
    pub(crate) throttle: &'a Throttle,
    pub(crate) clock: &'a dyn Clock,
}

impl Guard<'_> {
    /// The caller of a request with this key in its headers.
    pub(crate) fn admit(&self, headers: &HeaderMap, client: &Client) -> Result<Caller, ApiError> {
        match presented(headers) {
            Some(key) => self.admit_key(key, client),
            // Who may open the socket in the data folder could read and write the database itself.
            None if client.is_owner() && no_key(headers) => Ok(Caller::Global),
            None => Err(ApiError::Unauthorized),
        }
    }

    /// Whom a key that was let in stands for; none when it is a key no more.
    pub(crate) fn stands_for(&self, key: &Digest) -> Option<Caller> {
        if self.keys.holds(key) {
            return Some(Caller::Global);
        }
        self.registry.by_token(key).map(|handle| Caller::Instance { handle, token: None })
    }

    /// The caller who knows this key.
    pub(crate) fn admit_key(&self, key: Secret, client: &Client) -> Result<Caller, ApiError> {
        let digest = Digest::of(key.expose());
        let met = self.throttle.meet(client.address, &digest, self.clock.instant());
        if let Met::Wait(wait) = met {
            return Err(ApiError::TooManyFailures(wait));
        }
        let caller = if self.keys.holds(&digest) {
            self.keys.used(&digest);
            Some(Caller::Global)
        } else {
            let handle = self.registry.by_token(&digest);
            handle.map(|handle| Caller::Instance { handle, token: Some(key) })
        };
        let Some(caller) = caller else {
            self.throttle.failed(client.address, self.clock.instant());
            return Err(ApiError::Unauthorized);
        };
        if met == Met::New {
            self.throttle.succeeded(client.address, digest, self.clock.instant());
        }
        Ok(caller)
    }
}

/// No key was sent, not even a malformed one.
fn no_key(headers: &HeaderMap) -> bool {
    !headers.contains_key(&APIKEY) && !headers.contains_key(AUTHORIZATION)
}

/// The key in `apikey` or `Authorization: Bearer`. Two different ones are none.
pub(crate) fn presented(headers: &HeaderMap) -> Option<Secret> {
    let mut found: Option<&str> = None;
    for value in headers.get_all(&APIKEY) {
        found = agree(found, value.to_str().ok()?.trim())?;
    }
    for value in headers.get_all(AUTHORIZATION) {
        let (scheme, key) = value.to_str().ok()?.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        found = agree(found, key.trim())?;
    }
    found.filter(|key| !key.is_empty()).map(Secret::new)
}

#[expect(clippy::option_option, reason = "none is a contradiction, which is not the same as no key yet")]
fn agree<'a>(before: Option<&'a str>, key: &'a str) -> Option<Option<&'a str>> {
    before.is_none_or(|before| before == key).then_some(Some(key))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{KeyRing, presented};
    use crate::model::Digest;
    use http::HeaderMap;

    fn key(pairs: &[(&'static str, &str)]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        presented(&headers).map(|key| key.expose().to_owned())
    }

    #[test]
    fn a_key_is_taken_from_either_header() {
        assert_eq!(key(&[("apikey", "k")]).as_deref(), Some("k"));
        assert_eq!(key(&[("authorization", "bearer k")]).as_deref(), Some("k"));
        assert_eq!(key(&[("apikey", "k"), ("authorization", "Bearer k")]).as_deref(), Some("k"));
    }

    #[test]
    fn malformed_and_contradicting_keys_are_none() {
        assert_eq!(key(&[]), None);
        assert_eq!(key(&[("apikey", "")]), None);
        assert_eq!(key(&[("apikey", "a"), ("apikey", "b")]), None);
        assert_eq!(key(&[("apikey", "a"), ("authorization", "Bearer b")]), None);
        assert_eq!(key(&[("authorization", "Basic a")]), None);
        assert_eq!(key(&[("authorization", "k")]), None);
        assert_eq!(key(&[("apikey", "\u{e9}")]), None);
    }

    #[test]
    fn a_ring_holds_what_it_was_given_last() {
        let ring = KeyRing::new(vec![Digest::of("a"), Digest::of("b")], Some(Digest::of("given")));
        assert!(ring.holds(&Digest::of("b")) && ring.holds(&Digest::of("given")));
        assert!(!ring.holds(&Digest::of("c")));
        ring.keep(vec![Digest::of("c")]);
        assert!(ring.holds(&Digest::of("c")) && ring.holds(&Digest::of("given")));
        assert!(!ring.holds(&Digest::of("b")));
        ring.give(None);
        assert!(!ring.holds(&Digest::of("given")));
    }
}
