//! What a form of the page sent.

use std::collections::HashMap;

use crate::http::body;
use crate::http::call::Call;
use crate::http::error::ApiError;

/// Forms are short.
const MAX: usize = 16 * 1024;

/// The fields of a form. Of fields with one name all values are kept.
pub(super) struct Form(HashMap<String, Vec<String>>);

impl Form {
    pub(super) async fn read(call: &mut Call) -> Result<Self, ApiError> {
        let mut fields: HashMap<String, Vec<String>> = HashMap::new();
        if let Some(body) = call.body.take() {
            let bytes = body::whole(body, MAX).await?;
            for (name, value) in form_urlencoded::parse(&bytes).into_owned() {
                fields.entry(name).or_default().push(value);
            }
        }
        Ok(Self(fields))
    }

    /// The field's value without the spaces around it; empty when there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.all(name).first().map_or("", |value| value.trim())
    }

    /// All values of this name.
    pub(super) fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether a box was ticked: one that is not is not sent.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}
