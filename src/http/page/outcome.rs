//! What came of what a form asked for: on to the view that shows it, or why not.

use std::time::Duration;

use http::StatusCode;

use super::reader::Reader;
use super::rooms::Way;
use super::shell::{View, go, page, told};
use crate::http::error::ApiError;
use crate::http::reply::Reply;
use crate::instance::{Handle, InstanceError};
use crate::model::PhoneNumber;

/// The next view should have something to show: usually it has within a tenth of this.
pub(super) const SHOW: Duration = Duration::from_millis(1500);

/// A pairing code is asked for over the network.
const PAIR: Duration = Duration::from_secs(10);

/// Connects, and goes on to what there is to show.
pub(super) async fn link_by_code(handle: &Handle, reader: &Reader, base: &str) -> Result<Reply, ApiError> {
    Ok(after(reader, handle.connect(None, SHOW).await, base))
}

/// Asks for a pairing code, and goes on to it.
pub(super) async fn link_by_number(
    handle: &Handle,
    reader: &Reader,
    base: &str,
    number: PhoneNumber,
) -> Result<Reply, ApiError> {
    Ok(after(reader, handle.connect(Some(number), PAIR).await, &format!("{base}{}", Way::Number.query())))
}

/// A number that cannot be one, in the view that asks for it. That view is kept still: what was typed is to be
/// mended, not taken away.
pub(super) fn mistyped(reader: &Reader, base: &str, view: View) -> Reply {
    let at = Some(format!("{base}{}", Way::Number.query()));
    page(StatusCode::BAD_REQUEST, reader, &View { live: None, refresh: None, at, ..view })
}

/// On, or why not.
pub(super) fn after<T>(reader: &Reader, done: Result<T, InstanceError>, to: &str) -> Reply {
    match done {
        Ok(_) => go(to, None),
        Err(error) => told(reader, StatusCode::BAD_GATEWAY, &sentence(reader, &error)),
    }
}

/// Why an account did not do what it was asked.
pub(super) fn sentence(reader: &Reader, error: &InstanceError) -> String {
    let w = reader.tongue.words();
    match error {
        InstanceError::Gone => w.gone.to_owned(),
        InstanceError::Stuck => w.f_stuck.to_owned(),
        InstanceError::NotConnected | InstanceError::NeverLinked => w.f_not_linked.to_owned(),
        InstanceError::Storage(why) => w.f_storage.replacen("{}", why, 1),
        InstanceError::Link(why) => failed(reader, &why.to_string()),
    }
}

/// What did not work, in the reader's language.
pub(super) fn failed(reader: &Reader, why: &str) -> String {
    reader.tongue.words().failed.replacen("{}", why, 1)
}
