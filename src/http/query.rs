//! The query of a URI.

use std::borrow::Cow;

use super::error::{ApiError, short};

/// Parameters in a query, each at most once.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Parses what stands after `?`.
    pub(crate) fn parse(text: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(text.unwrap_or_default().as_bytes());
        Self(pairs.map(|(k, v): (Cow<'_, str>, Cow<'_, str>)| (k.into_owned(), v.into_owned())).collect())
    }

    /// A parameter's text; absent and empty are none.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            return Err(ApiError::invalid(format!("{name} is given twice in the query")));
        }
        Ok(first.filter(|value| !value.trim().is_empty()))
    }

    /// A parameter that is a whole number within bounds.
    pub(crate) fn number(&self, name: &str, least: u64, most: u64) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if let Some(number) = text.trim().parse::<u64>().ok().filter(|n| (least..=most).contains(n)) {
            Ok(Some(number))
        } else {
            let got = short(text);
            Err(ApiError::invalid(format!("{name} must be a number from {least} to {most}, got {got:?}")))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Query;

    #[test]
    fn parameters_are_decoded_and_single() {
        let query = Query::parse(Some("number=%2B55+11&wait=5&x=1&x=2&empty="));
        assert_eq!(query.text("number").unwrap(), Some("+55 11"));
        assert_eq!(query.number("wait", 0, 55).unwrap(), Some(5));
        assert_eq!(query.text("empty").unwrap(), None);
        assert!(query.text("x").is_err());
        assert!(Query::parse(Some("wait=56")).number("wait", 0, 55).is_err());
    }
}
