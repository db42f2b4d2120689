//! JIDs as people write them: of an account, or of one device.

/// `15551234567:3@s.whatsapp.net` and its shorter forms.
pub(crate) fn split(jid: &str) -> (String, Option<u16>) {
    let user = jid.split('@').next().unwrap_or_default();
    match user.split_once(':') {
        Some((phone, device)) => (phone.to_owned(), device.parse().ok()),
        None => (user.to_owned(), None),
    }
}

/// Whether a JID, or an account without a device, means this one.
pub(crate) fn same(wanted: &str, jid: &str) -> bool {
    let ((phone, device), (other, number)) = (split(wanted), split(jid));
    phone == other && (device.is_none() || device == number)
}
