//! Telephone numbers as people type them.

use std::fmt;

/// An international telephone number: 7 to 15 digits (ITU-T E.164), country code first.
///
/// `Debug` shows only the last two digits: a number is personal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(Box<str>);

/// Why a text is no telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    /// A character that numbers do not contain.
    #[error("contains {0:?}; it takes a telephone number with country code, such as +55 11 99999-8888")]
    Character(char),
    /// Fewer than 7 or more than 15 digits.
    #[error("has {0} digits; a telephone number with country code has 7 to 15")]
    Length(usize),
    /// A leading zero that is no international prefix.
    #[error(
        "starts with 0; write it with the country code, such as +49 for Germany, and without the 0 after it"
    )]
    LeadingZero,
}

impl PhoneNumber {
    /// Parses `+55 (11) 99999-8888`, `0055 11…`, `+49 (0)151…`, what an address book copies, or the
    /// user part of a JID.
    pub fn parse(text: &str) -> Result<Self, BadNumber> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || is_mark(c));
        let text = text.strip_suffix("@s.whatsapp.net").unwrap_or(text);
        // The zero that is dialled only within the country.
        let text = text.replacen("(0)", "", usize::from(text.starts_with(['+', '0'])));
        let mut digits = String::with_capacity(15);
        for (at, c) in text.chars().enumerate() {
            match c {
                '0'..='9' => digits.push(c),
                '+' | '\u{ff0b}' if at == 0 => {}
                '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}' => {}
                c if c.is_whitespace() || is_mark(c) => {}
                other => return Err(BadNumber::Character(other)),
            }
        }
        let digits = digits.strip_prefix("00").unwrap_or(&digits);
        if digits.starts_with('0') {
            return Err(BadNumber::LeadingZero);
        }
        if !(7..=15).contains(&digits.len()) {
            return Err(BadNumber::Length(digits.len()));
        }
        Ok(Self(digits.into()))
    }

    /// Digits only, country code first.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

/// Marks of writing direction, which address books put around numbers.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tail: String = self.0.chars().skip(self.0.len().saturating_sub(2)).collect();
        write!(f, "PhoneNumber(…{tail})")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::{BadNumber, PhoneNumber};

    #[test]
    fn understands_what_people_type() {
        for text in [
            "+55 (11) 99999-8888",
            "5511999998888",
            "0055 11 99999 8888",
            "5511999998888@s.whatsapp.net",
            "\u{202a}+55\u{a0}11\u{202f}99999\u{2011}8888\u{202c}",
            " 00 55 (11) 99999/8888 ",
        ] {
            assert_eq!(PhoneNumber::parse(text).unwrap().digits(), "5511999998888");
        }
        assert_eq!(PhoneNumber::parse("+49 (0)151 23456789").unwrap().digits(), "4915123456789");
        assert_eq!(PhoneNumber::parse("0049 (0)151 23456789").unwrap().digits(), "4915123456789");
    }

    #[test]
    fn refuses_what_cannot_be_one() {
        assert_eq!(PhoneNumber::parse("12").unwrap_err(), BadNumber::Length(2));
        assert_eq!(PhoneNumber::parse("").unwrap_err(), BadNumber::Length(0));
        assert_eq!(PhoneNumber::parse("011 2345678").unwrap_err(), BadNumber::LeadingZero);
        assert_eq!(PhoneNumber::parse("(0)151 23456789").unwrap_err(), BadNumber::LeadingZero);
        assert_eq!(PhoneNumber::parse("+0151 23456789").unwrap_err(), BadNumber::LeadingZero);
        assert_eq!(PhoneNumber::parse("phone").unwrap_err(), BadNumber::Character('p'));
        assert_eq!(PhoneNumber::parse("1234567890123456").unwrap_err(), BadNumber::Length(16));
    }

    #[test]
    fn debug_hides_the_number() {
        let text = format!("{:?}", PhoneNumber::parse("5511999998888").unwrap());
        assert!(!text.contains("551199999"), "{text}");
    }
}
