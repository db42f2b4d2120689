//! The linking view: the code as large as the screen allows, or the pairing code, and what to tap.

use maud::{Markup, PreEscaped, html};

use super::state::{left, number, sentence};
use super::words::Words;
use crate::instance::{ShownCode, Snapshot};
use crate::model::{Clock, Integration, Visible};

const CHECK: &str = "<svg viewBox='0 0 48 48' fill='none' stroke='currentColor' stroke-width='3.5' stroke-linecap='round' \
                     stroke-linejoin='round' aria-hidden='true'><circle cx='24' cy='24' r='21'/><path d='m14 25 7 7 14-15'/></svg>";

/// Which of the two ways the reader chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Code,
    Number,
}

impl Way {
    pub(super) fn of(with: Option<&str>) -> Self {
        if with == Some("number") { Self::Number } else { Self::Code }
    }

    pub(super) fn query(self) -> &'static str {
        match self {
            Self::Code => "",
            Self::Number => "?with=number",
        }
    }
}

/// What changes while one looks.
pub(super) fn part(w: &Words, s: &Snapshot, way: Way, clock: &dyn Clock) -> Markup {
    if s.visible == Visible::Open {
        return done(w, s);
    }
    match way {
        Way::Number => html! { (pairing(w, s, clock)) },
        Way::Code => match &s.code {
            Some(code) => qr(w, s, code, clock),
            None if s.visible == Visible::Connecting
                && s.next_retry.is_none()
                && s.integration == Integration::Web =>
            {
                html! { p.note { (w.qr_coming) } }
            }
            None => html! { p.note { (sentence(w, s)) } },
        },
    }
}

fn done(w: &Words, s: &Snapshot) -> Markup {
    html! {
        div.stack.done {
            (PreEscaped(CHECK))
            h2 { (w.linked_now) }
            @if let Some(name) = s.profile().and_then(|profile| profile.name.as_deref()) { p { strong { (name) } } }
            @if let Some(number) = number(s) { p { (number) } }
            p.quiet { (w.linked_lead) }
        }
    }
}

fn qr(w: &Words, s: &Snapshot, code: &ShownCode, clock: &dyn Clock) -> Markup {
    let left_ms = code.expires.left(clock).as_millis();
    let life =
        u128::from(u64::try_from(code.shown.until(code.expires.shown).as_millis()).unwrap_or(1).max(1));
    let gone = 100_u128.saturating_sub(left_ms.min(life) * 100 / life);
    let picture =
        code.picture.svg().replacen("role=\"img\"", &format!("role=\"img\" aria-label=\"{}\"", w.qr_alt), 1);
    let count =
        w.qr_count.replacen("{}", &code.count.to_string(), 1).replacen("{}", &s.codes_limit.to_string(), 1);
    html! {
        div.stack.code-shown {
            div.qr {
                svg viewBox="0 0 100 100" aria-hidden="true" {
                    rect.track x="1" y="1" width="98" height="98" rx="5" {}
                    rect.left x="1" y="1" width="98" height="98" rx="5" pathLength="100" stroke-dasharray="100" stroke-dashoffset=(gone) {
                        animate attributeName="stroke-dashoffset" from=(gone) to="100" dur={ (left_ms.max(1)) "ms" } fill="freeze" {}
                    }
                }
                div.ground { (PreEscaped(picture)) }
            }
            p.under {
                (w.qr_left) " " strong { (left(left_ms, Some(w.qr_says))) }
                " " span.quiet.small { "· " (count) }
            }
        }
    }
}

fn pairing(w: &Words, s: &Snapshot, clock: &dyn Clock) -> Markup {
    html! {
        @if let Some(pairing) = &s.pairing {
            div.stack.under {
                p { (w.pair_lead) }
                p.code.big #pairing { (pairing.text.expose()) }
                p { (w.pair_left) " " strong { (left(pairing.expires.left(clock).as_millis(), Some(w.qr_says))) } }
                p { button #copy-pairing data-copy="pairing" type="button" { (w.copy) } }
            }
        } @else if let Some(error) = &s.pairing_error {
            p.note.wrong { (w.pair_failed.replace("{}", error)) }
        } @else if s.next_retry.is_some() {
            p.note { (sentence(w, s)) }
        }
    }
}

/// The two ways, as tabs that work without a script.
pub(super) fn ways(w: &Words, base: &str, way: Way) -> Markup {
    let current = |this: Way| (this == way).then_some("page");
    html! {
        nav.tabs aria-label=(w.connect) {
            a href=(base) aria-current=[current(Way::Code)] { (w.by_code) }
            a href={ (base) "?with=number" } aria-current=[current(Way::Number)] { (w.by_number) }
        }
    }
}

/// What to tap on the phone.
pub(super) fn how(w: &Words, way: Way) -> Markup {
    let last = if way == Way::Number { (w.how_type, "type") } else { (w.how_scan, "scan") };
    html! {
        section.how aria-label=(w.how) {
            h2 { (w.how) }
            input.pick #android type="radio" name="phone" checked;
            label for="android" { "Android" }
            input.pick #iphone type="radio" name="phone";
            label for="iphone" { "iPhone" }
            ol.steps.android { (steps(&[(w.how_open, "app"), (w.how_menu, "dots"), (w.how_devices, "devices"), last])) }
            ol.steps.iphone { (steps(&[(w.how_open, "app"), (w.how_settings, "gear"), (w.how_devices, "devices"), last])) }
        }
    }
}

fn steps(steps: &[(&str, &str)]) -> Markup {
    html! { @for (text, picture) in steps { li { span { (text) } (drawing(picture)) } } }
}

/// A phone with what to look for on it.
fn drawing(what: &str) -> Markup {
    let inner = match what {
        "app" => {
            "<path d='M24 18a6 6 0 1 1-3.2 11.1L17 30l1-3.4A6 6 0 0 1 24 18z' fill='currentColor' stroke='none'/>"
        }
        "dots" => {
            "<circle cx='31' cy='11' r='3.4' fill='currentColor' stroke='none' opacity='.2'/><path d='M31 9.3v.1M31 11v.1M31 12.7v.1'/><path d='M17 19h9M17 25h9M17 31h9' opacity='.35'/>"
        }
        "gear" => {
            "<circle cx='31' cy='38' r='2.4'/><path d='M31 34.2v1M31 40.8v1M27.2 38h1M33.8 38h1'/><path d='M17 12h9M17 18h9M17 24h9' opacity='.35'/>"
        }
        "devices" => {
            "<rect x='17' y='18' width='11' height='8' rx='1'/><path d='M16 29h13'/><rect x='27' y='21' width='5' height='9' rx='1' fill='currentColor' stroke='none'/>"
        }
        "scan" => {
            "<path d='M18 22v-3h3M30 22v-3h-3M18 28v3h3M30 28v3h-3'/><path d='M22 23h1v1h-1zM26 23h1v1h-1zM22 27h1v1h-1zM26 27h1v1h-1z'/>"
        }
        _ => "<path d='M17 22h4v4h-4zM24 22h4v4h-4M17 29h14'/>",
    };
    html! {
        (PreEscaped(format!(
            "<svg viewBox='0 0 48 48' fill='none' stroke='currentColor' stroke-width='1.6' stroke-linecap='round' \
             stroke-linejoin='round' aria-hidden='true'><rect x='13' y='4' width='22' height='40' rx='4'/>{inner}</svg>"
        )))
    }
}
