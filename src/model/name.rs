//! Names of instances.

use std::fmt;

/// An instance's name: 1 to 64 of letters, digits, `.`, `_`, `-` and space, trimmed, compared
/// without case (contract `http-api.md`, "Instances").
///
/// Equality, ordering and hashing use the folded form, so `Shop` and `shop` are one instance.
#[derive(Clone)]
pub struct InstanceName {
    shown: Box<str>,
    key: Box<str>,
}

/// Why a text is no instance name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Nothing left after trimming.
    #[error("must not be empty; it takes 1 to 64 letters, digits, '.', '_', '-' or spaces")]
    Empty,
    /// More than [`InstanceName::MAX`] characters.
    #[error("has {0} characters; it takes at most 64")]
    TooLong(usize),
    /// A character outside the alphabet.
    #[error("contains {0:?}; it takes only letters, digits, '.', '_', '-' and spaces")]
    Character(char),
    /// `.` or `..`, which paths would swallow.
    #[error("must contain more than dots")]
    OnlyDots,
}

impl InstanceName {
    /// Longest name, in characters.
    pub const MAX: usize = 64;

    /// Parses a name as typed by a person or sent by a program.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let shown = text.trim();
        if shown.is_empty() {
            return Err(BadName::Empty);
        }
        let length = shown.chars().count();
        if length > Self::MAX {
            return Err(BadName::TooLong(length));
        }
        if let Some(wrong) = shown.chars().find(|&c| !allowed(c)) {
            return Err(BadName::Character(wrong));
        }
        if shown.chars().all(|c| c == '.') {
            return Err(BadName::OnlyDots);
        }
        Ok(Self { shown: shown.into(), key: shown.to_lowercase().into() })
    }

    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The folded form under which it is unique.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

fn allowed(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ' ')
}

impl fmt::Display for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for InstanceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.shown)
    }
}

impl PartialEq for InstanceName {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for InstanceName {}

impl std::hash::Hash for InstanceName {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl PartialOrd for InstanceName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for InstanceName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{BadName, InstanceName};

    #[test]
    fn accepts_what_the_contract_lists() {
        for good in ["my-instance", "a", "Loja São Paulo", "v1.2_x", &"x".repeat(64)] {
            assert_eq!(InstanceName::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(InstanceName::parse("  shop ").unwrap().as_str(), "shop");
    }

    #[test]
    fn compares_without_case() {
        assert_eq!(InstanceName::parse("Shop").unwrap(), InstanceName::parse("sHOP").unwrap());
    }

    #[test]
    fn refuses_what_could_hurt() {
        assert_eq!(InstanceName::parse("   ").unwrap_err(), BadName::Empty);
        assert_eq!(InstanceName::parse(&"x".repeat(300)).unwrap_err(), BadName::TooLong(300));
        assert_eq!(InstanceName::parse("..").unwrap_err(), BadName::OnlyDots);
        for bad in ["a/b", "a\\b", "a\nb", "😀", "a%2e", "<b>", "a\u{0}"] {
            assert!(matches!(InstanceName::parse(bad), Err(BadName::Character(_))), "{bad}");
        }
    }
}
