//! The phone of a demo: somebody without one can scan, type and unlink with a button.

use std::sync::Arc;

use maud::{Markup, html};

use super::reader::Reader;
use super::rooms::address;
use crate::http::demo_phone::DemoPhone;
use crate::instance::Snapshot;
use crate::model::{Integration, Visible};

/// Scans the code that is shown.
pub(super) fn scan(reader: &Reader, s: &Snapshot) -> Markup {
    let w = reader.tongue.words();
    html! { @if s.code.is_some() { (button(reader, s, "demo-scan", w.demo_scan)) } }
}

/// Types the pairing code that is shown.
pub(super) fn enter(reader: &Reader, s: &Snapshot) -> Markup {
    button(reader, s, "demo-enter", reader.tongue.words().demo_type)
}

/// Unlinks the account.
pub(super) fn unlink(reader: &Reader, s: &Snapshot) -> Markup {
    let w = reader.tongue.words();
    html! { @if s.visible == Visible::Open { (button(reader, s, "demo-unlink", w.demo_unlink)) } }
}

/// Nothing without a phone.
fn button(reader: &Reader, s: &Snapshot, act: &str, text: &str) -> Markup {
    html! {
        @if reader.demo && reader.signed_in && s.integration == Integration::Web {
            form method="post" action={ (address(s)) "/" (act) } {
                (reader.proof())
                button.staging id=(act) type="submit" { (text) }
            }
        }
    }
}

/// Does it; without a phone, or with nothing to do, that is told.
pub(super) async fn act(phone: Option<&Arc<dyn DemoPhone>>, s: &Snapshot, act: &str) -> Result<(), String> {
    let phone = phone.ok_or("there is no demo phone here")?;
    match act {
        "demo-scan" => {
            let code = s.code.as_ref().ok_or("no code is shown")?;
            phone.scan(code.text.expose()).await
        }
        "demo-enter" => {
            let code = s.pairing.as_ref().ok_or("no pairing code is shown")?;
            phone.enter(code.number.expose(), code.text.expose()).await
        }
        _ => {
            let jid = s.profile().and_then(|profile| profile.jid.as_ref()).ok_or("no account is linked")?;
            phone.unlink(jid.as_str()).await
        }
    }
}
