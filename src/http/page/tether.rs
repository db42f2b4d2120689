//! The tether, drawn: this box, what it is linked to, and the rope between, as the link is.

use maud::{Markup, PreEscaped, html};

use super::state::Tone;
use crate::instance::Snapshot;
use crate::model::{Clock, Integration};

/// The loop that ties it; also the product's mark.
pub(super) const MARK: &str = "<svg viewBox='0 0 44 28' fill='none' stroke='currentColor' stroke-width='3.2' aria-hidden='true'>\
                               <path d='M0 22C16 22 31 19 31 10.6A9 9 0 1 0 13 10.6C13 19 28 22 44 22'/></svg>";
const KNOT: &str = "<svg class='knot' viewBox='0 0 44 40'><path pathLength='1' \
                    d='M0 20C16 20 31 17 31 8.6A9 9 0 1 0 13 8.6C13 17 28 20 44 20'/></svg>";
const BOX: &str = "<svg class='end' viewBox='0 0 40 40'><rect x='3' y='12' width='34' height='17' rx='4.5'/>\
                   <path d='M10 20.5h.01' stroke-width='4'/><path d='M22 20.5h8'/></svg>";
const PHONE: &str = "<svg class='end' viewBox='0 0 28 40'><rect x='5' y='3' width='18' height='34' rx='4'/><path d='M12 32h4'/></svg>";
const META: &str = "<svg class='end' viewBox='0 0 40 40'><path d='M11 29a7.5 7.5 0 0 1-.6-15A10.5 10.5 0 0 1 30.6 16 6.6 6.6 0 0 1 30 29z'/></svg>";

/// The drawing of an account's state. Words beside it say the same.
pub(super) fn tether(s: &Snapshot, clock: &dyn Clock, small: bool) -> Markup {
    let far = if s.integration == Integration::Cloud { META } else { PHONE };
    draw(
        Tone::of(s),
        far,
        s.next_retry.map(|next| (next.left(clock).as_millis(), next.shown.millis())),
        small,
    )
}

/// A link that is only hoped for.
pub(super) fn hoped_for() -> Markup {
    draw(Tone::Idle, PHONE, None, false)
}

/// The tether of the product itself.
pub(super) fn whole() -> Markup {
    draw(Tone::Good, PHONE, None, false)
}

fn draw(tone: Tone, far: &str, next: Option<(u128, i64)>, small: bool) -> Markup {
    let ropes = match (tone, next) {
        (Tone::Good, _) => html! { (rope("", "M0 20H100")) (PreEscaped(KNOT)) (rope("", "M0 20H100")) },
        (Tone::Busy, _) => html! { (rope("runs", "M0 20H100")) },
        // The box reaches out: where the gap is, the next try is due.
        (Tone::Care, next) => html! {
            @let (left, at) = next.unwrap_or((1, 0));
            svg.rope data-key={ "reach-" (at) } viewBox="0 0 100 40" preserveAspectRatio="none" {
                rect.reach.far y="18.6" width="100" height="2.8" {}
                rect.reach y="18.6" width="0" height="2.8" {
                    animate attributeName="width" from="0" to="100" dur={ (left.max(1)) "ms" } fill="freeze" {}
                }
            }
            i.gap {}
            (rope("far", "M0 20H100"))
        },
        (Tone::Bad, _) => html! {
            (rope("cut", "M0 20H55C78 20 88 24 92 34")) (rope("cut", "M100 20H45C22 20 12 24 8 34"))
        },
        (Tone::Idle, _) => html! { (rope("dots far", "M0 20H100")) },
    };
    html! {
        div.tether.mini[small] aria-hidden="true" { (PreEscaped(BOX)) (ropes) (PreEscaped(far)) }
    }
}

fn rope(class: &str, path: &str) -> Markup {
    html! {
        svg.rope viewBox="0 0 100 40" preserveAspectRatio="none" { path class=[(!class.is_empty()).then_some(class)] d=(path) {} }
    }
}
