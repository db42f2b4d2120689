//! Who asks, and how far that reaches.

use std::sync::{PoisonError, RwLock};

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::address::Client;
use super::error::ApiError;
use super::throttle::Throttle;
use crate::instance::{Handle, Registry};
use crate::model::{Clock, Digest, InstanceName, Secret};

/// The digests of the global keys, in memory so that no request waits for the disk.
#[derive(Debug, Default)]
pub struct KeyRing(RwLock<Vec<Digest>>);

impl KeyRing {
    /// With these keys.
    #[must_use]
    pub fn new(keys: Vec<Digest>) -> Self {
        Self(RwLock::new(keys))
    }

    /// Takes other keys from now on.
    pub fn replace(&self, keys: Vec<Digest>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// Whether it is one of them. Compares with all, in constant time each.
    #[must_use]
    pub fn holds(&self, key: &Digest) -> bool {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = false;
        for known in keys.iter() {
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
        let key = presented(headers).ok_or(ApiError::Unauthorized)?;
        self.admit_key(key, client)
    }

    /// The caller who knows this key.
    pub(crate) fn admit_key(&self, key: Secret, client: &Client) -> Result<Caller, ApiError> {
        let digest = Digest::of(key.expose());
        if let Some(wait) = self.throttle.wait(client.address, &digest, self.clock.instant()) {
            return Err(ApiError::TooManyFailures(wait));
        }
        let caller = if self.keys.holds(&digest) {
            Some(Caller::Global)
        } else {
            let handle = self.registry.by_token(&digest);
            handle.map(|handle| Caller::Instance { handle, token: Some(key) })
        };
        let Some(caller) = caller else {
            self.throttle.failed(client.address, self.clock.instant());
            return Err(ApiError::Unauthorized);
        };
        self.throttle.succeeded(client.address, digest);
        Ok(caller)
    }
}

/// The key in `apikey` or `Authorization: Bearer`. Two different ones are none.
pub(crate) fn presented(headers: &HeaderMap) -> Option<Secret> {
    let mut found: Option<&str> = None;
    for value in headers.get_all("apikey") {
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
        let ring = KeyRing::new(vec![Digest::of("a"), Digest::of("b")]);
        assert!(ring.holds(&Digest::of("b")) && !ring.holds(&Digest::of("c")));
        ring.replace(vec![Digest::of("c")]);
        assert!(ring.holds(&Digest::of("c")) && !ring.holds(&Digest::of("b")));
    }
}
