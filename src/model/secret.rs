//! Values that must not be seen: tokens, codes, keys.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A text that is wiped when dropped and that `Debug` does not show.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl<'de> serde::Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// SHA-256 of a secret: all that is kept of an API key, an instance token or a cookie.
#[derive(Clone, Copy)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Hashes a presented secret.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// To be compared eight bytes at a time: every key is compared with every request's.
    fn words(&self) -> [u64; 4] {
        let (words, _) = self.0.as_chunks();
        let mut read = words.iter().map(|word| u64::from_ne_bytes(*word));
        std::array::from_fn(|_| read.next().unwrap_or_default())
    }
}

/// In constant time: how much of a guess was right must not be measurable.
impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.words().ct_eq(&other.words()).into()
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

/// A fresh random secret of 256 bits, in hexadecimal.
pub struct Token;

impl Token {
    /// Makes one from the operating system's randomness.
    ///
    /// # Errors
    /// When the operating system has none to give, which on Linux means a broken sandbox.
    pub fn generate() -> Result<Secret, getrandom::Error> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        getrandom::fill(bytes.as_mut())?;
        Ok(Secret::new(hex::encode(bytes.as_ref())))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::{Digest, Secret, Token};

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?} {:?}", Secret::new("abc"), Digest::of("abc")), "[secret] Digest(…)");
    }

    #[test]
    fn a_digest_is_compared_to_its_last_byte() {
        for place in 0..32 {
            let mut other = Digest([7; 32]);
            other.0[place] ^= 1;
            assert!(Digest([7; 32]) != other, "{place}");
        }
        assert!(Digest([7; 32]) == Digest([7; 32]));
    }

    #[test]
    fn tokens_are_long_and_differ() {
        let (a, b) = (Token::generate().unwrap(), Token::generate().unwrap());
        assert_eq!(a.expose().len(), 64);
        assert!(a != b);
        assert!(Digest::of(a.expose()) == Digest::of(a.expose()));
    }
}
