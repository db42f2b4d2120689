//! `GET /instance/qrcode/{name}`: the current code as a picture, for dashboards.

use http::StatusCode;

use super::connect::{alive, code_shown};
use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::{ApiError, short};
use crate::http::reply::{Reply, bytes, ok};
use crate::instance::Snapshot;
use crate::model::Integration;

/// The kinds of picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Png,
    Svg,
    Text,
    Json,
}

/// Shows the code, and counts as somebody looking at it.
pub(crate) fn get(call: &Call, caller: &Caller) -> Result<Reply, ApiError> {
    let handle = call.instance(caller)?;
    let format = wanted(call)?;
    handle.glance();
    let snapshot = handle.snapshot();
    let clock = call.state.clock.as_ref();
    let code = alive(&snapshot, clock).ok_or_else(|| none(&snapshot))?;
    let picture = &code.picture;
    Ok(match format {
        Format::Png => bytes(StatusCode::OK, "image/png", picture.png().to_vec()),
        Format::Svg => bytes(StatusCode::OK, "image/svg+xml", picture.svg()),
        Format::Text => bytes(StatusCode::OK, "text/plain; charset=utf-8", picture.text()),
        Format::Json => ok(&code_shown(&snapshot, code, false, clock)),
    })
}

fn none(snapshot: &Snapshot) -> ApiError {
    let why = if snapshot.integration == Integration::Cloud {
        "has no code: a WHATSAPP-BUSINESS instance is linked by Meta's access token"
    } else if snapshot.truth.is_linked() {
        "is linked already and shows no code"
    } else {
        "shows no code now; connect it to get one"
    };
    ApiError::Missing { code: "no_code", message: format!("The \"{}\" instance {why}", snapshot.name) }
}

fn wanted(call: &Call) -> Result<Format, ApiError> {
    if let Some(word) = call.query().text("format")? {
        return match word {
            "png" => Ok(Format::Png),
            "svg" => Ok(Format::Svg),
            "txt" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            other => {
                let other = short(other);
                Err(ApiError::invalid(format!("format is {other:?}; it takes png, svg, txt or json")))
            }
        };
    }
    Ok(by_accept(call.header("accept").unwrap_or_default()))
}

/// The first kind in the list that there is; a picture for those who take anything.
fn by_accept(accept: &str) -> Format {
    let mut kinds = accept.split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    kinds
        .find_map(|kind| match kind {
            "image/png" | "image/*" => Some(Format::Png),
            "image/svg+xml" => Some(Format::Svg),
            "text/plain" => Some(Format::Text),
            "application/json" => Some(Format::Json),
            _ => None,
        })
        .unwrap_or(Format::Png)
}

#[cfg(test)]
mod tests {
    use super::{Format, by_accept};

    #[test]
    fn the_first_known_kind_is_served() {
        assert_eq!(by_accept("image/avif, image/svg+xml;q=0.9, image/png"), Format::Svg);
        assert_eq!(by_accept("application/json"), Format::Json);
        assert_eq!(by_accept("*/*"), Format::Png);
        assert_eq!(by_accept(""), Format::Png);
    }
}
