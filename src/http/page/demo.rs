//! The phone of a demo: somebody without one can scan and unlink with a button.

use std::sync::Arc;

use async_trait::async_trait;
use maud::{Markup, html};

use super::shell::Reader;
use super::views::address;
use crate::instance::Snapshot;
use crate::model::{Integration, Visible};

/// A simulated phone. Only a demo has one.
#[async_trait]
pub trait DemoPhone: Send + Sync {
    /// Scans the text of a QR code.
    ///
    /// # Errors
    /// The phone's words.
    async fn scan(&self, code: &str) -> Result<(), String>;

    /// Unlinks the device of this account.
    ///
    /// # Errors
    /// The phone's words.
    async fn unlink(&self, jid: &str) -> Result<(), String>;
}

/// What the phone can do now; nothing without one.
pub(super) fn buttons(reader: &Reader, s: &Snapshot) -> Markup {
    let w = reader.tongue.words();
    let base = address(s);
    let shown = reader.demo && s.integration == Integration::Web;
    html! {
        @if shown && s.code.is_some() {
            form.demo method="post" action={ (base) "/demo-scan" } {
                (reader.proof()) button.main #demo-scan type="submit" { (w.demo_scan) }
            }
        }
        @if shown && s.visible == Visible::Open {
            form.demo method="post" action={ (base) "/demo-unlink" } {
                (reader.proof()) button #demo-unlink type="submit" { (w.demo_unlink) }
            }
        }
    }
}

/// Does it; without a phone, or with nothing to do, that is told.
pub(super) async fn act(phone: Option<&Arc<dyn DemoPhone>>, s: &Snapshot, act: &str) -> Result<(), String> {
    let phone = phone.ok_or("there is no demo phone here")?;
    if act == "demo-scan" {
        let code = s.code.as_ref().ok_or("no code is shown")?;
        return phone.scan(code.text.expose()).await;
    }
    let jid = s.profile().and_then(|profile| profile.jid.as_ref()).ok_or("no account is linked")?;
    phone.unlink(jid.as_str()).await
}
