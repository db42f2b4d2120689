//! A passphrase, made into a key (Argon2id, RFC 9106).

use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::super::{SealingKey, StoreError, seal};
use crate::model::Secret;

/// Memory in KiB: what a Pi has to spare beside the daemon.
const MEMORY: u32 = 64 * 1024;
/// The second choice of RFC 9106 (§4): 64 MiB, three passes.
const PASSES: u32 = 3;
/// What a file may ask of the box that reads it: a gigabyte, and a minute or two.
const MOST_MEMORY: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 64;

/// How a passphrase is made into its key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Recipe {
    kind: Kind,
    memory: u32,
    passes: u32,
    /// Hexadecimal digits.
    salt: String,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Argon2id,
}

/// The key that a passphrase became.
pub struct PassphraseKey {
    recipe: Recipe,
    key: SealingKey,
}

impl PassphraseKey {
    /// With a salt of its own. Takes about a second on a Pi, and 64 MiB. Blocks.
    ///
    /// # Errors
    /// When the operating system has no randomness, or no memory.
    pub fn new(passphrase: &Secret) -> Result<Self, StoreError> {
        let salt = hex::encode(seal::random::<16>()?);
        let recipe = Recipe { kind: Kind::Argon2id, memory: MEMORY, passes: PASSES, salt };
        let key = recipe.follow(passphrase)?;
        Ok(Self { recipe, key })
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &SealingKey {
        &self.key
    }

    pub(super) fn recipe(&self) -> Recipe {
        self.recipe.clone()
    }
}

impl Recipe {
    pub(super) fn follow(&self, passphrase: &Secret) -> Result<SealingKey, StoreError> {
        let unusable = |why: &dyn std::fmt::Display| {
            StoreError::BadBackup(format!("its passphrase's recipe cannot be followed: {why}"))
        };
        if self.memory > MOST_MEMORY || self.passes > MOST_PASSES {
            return Err(unusable(&"it asks for too much"));
        }
        let Kind::Argon2id = self.kind;
        let salt = hex::decode(&self.salt).map_err(|error| unusable(&error))?;
        let params = Params::new(self.memory, self.passes, 1, Some(32)).map_err(|error| unusable(&error))?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose().as_bytes(), &salt, key.as_mut())
            .map_err(|error| unusable(&error))?;
        Ok(SealingKey::new(*key))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{Kind, Recipe};
    use crate::model::Secret;

    #[test]
    fn a_recipe_gives_the_same_key_again_and_asks_for_no_more_than_there_is() {
        let recipe = Recipe { kind: Kind::Argon2id, memory: 64, passes: 1, salt: "00".repeat(16) };
        let key = |recipe: &Recipe, words: &str| recipe.follow(&Secret::new(words)).unwrap().to_hex();
        assert_eq!(key(&recipe, "three blue words"), key(&recipe, "three blue words"));
        assert_ne!(key(&recipe, "three blue words"), key(&recipe, "three blue word"));
        let salted = Recipe { salt: "01".repeat(16), ..recipe.clone() };
        assert_ne!(key(&recipe, "three blue words"), key(&salted, "three blue words"));
        let greedy = Recipe { memory: u32::MAX, ..recipe };
        assert!(greedy.follow(&Secret::new("x")).is_err());
    }
}
