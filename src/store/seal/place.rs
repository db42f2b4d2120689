//! Where a sealed value belongs: table, row and column. The place is authenticated with the value, so a
//! value that was put elsewhere does not open.

/// An instance's proxy.
pub(crate) fn proxy(instance: i64) -> String {
    format!("instance/{instance}/proxy")
}

/// Meta's access token of an instance.
pub(crate) fn cloud_token(instance: i64) -> String {
    format!("instance/{instance}/cloud_token")
}

/// Where a webhook's events go and how. An instance has one webhook, and its number is never given again.
pub(crate) fn webhook(instance: Option<i64>) -> String {
    instance.map_or_else(|| "webhook/global/config".to_owned(), |id| format!("webhook/{id}/config"))
}

/// What an event tells: by its number within its instance, which is known before its row is.
pub(crate) fn event(instance: i64, seq: i64) -> String {
    format!("event/{instance}/{seq}/data")
}

/// A value that the engine keeps.
pub(crate) fn credential(instance: i64, kind: i64, key: &str) -> String {
    format!("credential/{instance}/{kind}/{key}")
}
