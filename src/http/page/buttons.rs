//! What can be done with an account, below everything else.

use maud::{Markup, html};

use super::demo;
use super::reader::Reader;
use super::rooms::address;
use crate::instance::Snapshot;
use crate::model::{Integration, LinkTruth, Visible};

/// The forms of all that.
pub(super) fn section(reader: &Reader, s: &Snapshot) -> Markup {
    let w = reader.tongue.words();
    let base = address(s);
    let cloud = s.integration == Integration::Cloud;
    // Meta is asked by the button above while it is not open.
    let again = !cloud || s.visible == Visible::Open;
    html! {
        @if matches!(s.truth, LinkTruth::Linked { .. }) {
            div.acts {
                @if again {
                    form method="post" action={ (base) "/restart" } {
                        (reader.proof())
                        button #restart type="submit" { (if cloud { w.ask_meta } else { w.restart }) }
                    }
                }
                (asked(reader, &base, "logout", w.log_out, if cloud { w.cloud_out_ask } else { w.log_out_ask }))
                (asked(reader, &base, "delete", w.delete, w.delete_ask))
            }
            (demo::unlink(reader, s))
        } @else {
            div.acts { (asked(reader, &base, "delete", w.delete, w.delete_ask)) }
        }
    }
}

/// Asked for once, with what will be lost.
fn asked(reader: &Reader, base: &str, act: &str, title: &str, lost: &str) -> Markup {
    html! {
        details.asks id={ "ask-" (act) } {
            summary { (title) "…" }
            form.stack method="post" action={ (base) "/" (act) } {
                (reader.proof())
                p { (lost) }
                button.danger type="submit" { (title) }
            }
        }
    }
}
