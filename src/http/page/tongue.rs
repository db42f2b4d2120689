//! Which language the reader gets.

use super::words::{DE, EN, ES, PT, Words};

/// A language that the page speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    English,
    Portuguese,
    Spanish,
    German,
}

impl Tongue {
    pub(super) const ALL: [Self; 4] = [Self::English, Self::Portuguese, Self::Spanish, Self::German];

    /// The reader's choice when there is one, else what the browser prefers, else English.
    pub(super) fn choose(cookie: Option<&str>, accepts: Option<&str>) -> Self {
        cookie.and_then(Self::of_tag).or_else(|| preferred(accepts?)).unwrap_or(Self::English)
    }

    /// The language of a tag such as `pt-BR`, as far as its first part goes.
    pub(super) fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|tongue| {
            tongue.tag().split('-').next().is_some_and(|known| known.eq_ignore_ascii_case(primary))
        })
    }

    /// For `lang` and the cookie.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Portuguese => "pt-BR",
            Self::Spanish => "es",
            Self::German => "de",
        }
    }

    /// What its speakers call it.
    pub(super) fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Portuguese => "Português (Brasil)",
            Self::Spanish => "Español",
            Self::German => "Deutsch",
        }
    }

    /// Its sentences.
    pub(super) fn words(self) -> &'static Words {
        match self {
            Self::English => &EN,
            Self::Portuguese => &PT,
            Self::Spanish => &ES,
            Self::German => &DE,
        }
    }
}

/// The first of the highest weight that the page speaks (RFC 9110 §12.5.4).
fn preferred(accepts: &str) -> Option<Tongue> {
    let mut best: Option<(f32, Tongue)> = None;
    for item in accepts.split(',').take(20) {
        let (tag, parameters) = item.split_once(';').unwrap_or((item, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(1.0, |q| q.parse().unwrap_or(0.0));
        if let Some(tongue) = Tongue::of_tag(tag.trim())
            && weight > best.map_or(0.0, |(weight, _)| weight)
        {
            best = Some((weight, tongue));
        }
    }
    best.map(|(_, tongue)| tongue)
}

#[cfg(test)]
mod tests {
    use super::Tongue;

    #[test]
    fn the_reader_then_the_browser_then_english() {
        assert_eq!(Tongue::choose(Some("de"), Some("es")), Tongue::German);
        assert_eq!(Tongue::choose(Some("xx"), Some("fr, pt-BR;q=0.8, en;q=0.5")), Tongue::Portuguese);
        assert_eq!(Tongue::choose(None, Some("en;q=0.2, es-AR;q=0.9")), Tongue::Spanish);
        assert_eq!(Tongue::choose(None, Some("fr")), Tongue::English);
        assert_eq!(Tongue::choose(None, None), Tongue::English);
    }
}
