//! The linking view: the code as large as the screen allows, or the pairing code, or why there is none.

use maud::{Markup, PreEscaped, html};

use super::demo;
use super::phone::how;
use super::reader::Reader;
use super::rooms::Way;
use super::state::{Tone, left, next_try, report, sentence, since, who, word};
use super::tether::tether;
use crate::instance::{ShownCode, Snapshot};
use crate::link::PairingCode;
use crate::model::{BadNumber, Clock, Integration, Visible};

/// For so long after it was linked that is news, in milliseconds.
const NEWS: u128 = 60_000;

/// A number that was typed in and cannot be one.
pub(super) struct Mistyped {
    pub(super) text: String,
    pub(super) why: BadNumber,
}

/// One account's linking, as one reader sees it.
pub(super) struct Linking<'a> {
    pub(super) reader: &'a Reader,
    pub(super) s: &'a Snapshot,
    /// Where its forms go.
    pub(super) base: &'a str,
    pub(super) way: Way,
    pub(super) clock: &'a dyn Clock,
    pub(super) mistyped: Option<&'a Mistyped>,
}

impl Linking<'_> {
    /// All of it: what changes while one looks.
    pub(super) fn draw(&self) -> Markup {
        let Self { reader, s, way, .. } = *self;
        let w = reader.tongue.words();
        let codeless = s.integration == Integration::Cloud || s.truth.is_linked() || s.scanned;
        if s.visible == Visible::Open || codeless {
            return self.panel();
        }
        let coming = s.visible == Visible::Connecting && s.next_retry.is_none();
        let current = |this: Way| (this == way).then_some("page");
        html! {
            section.card.linking {
                nav.ways aria-label=(w.connect) {
                    a href=(self.base) aria-current=[current(Way::Code)] { (w.by_code) }
                    a href={ (self.base) (Way::Number.query()) } aria-current=[current(Way::Number)] { (w.by_number) }
                }
                div.link {
                    div.show {
                        @match (way, &s.code, &s.pairing) {
                            (Way::Code, Some(code), _) => (self.code(code)),
                            (Way::Number, _, Some(pairing)) => (self.pairing(pairing)),
                            (Way::Code, None, _) if coming => (Self::coming(reader)),
                            (Way::Code, None, _) => (self.panel()),
                            (Way::Number, _, None) => (self.ask_number()),
                        }
                    }
                    (how(w, way))
                }
            }
        }
    }

    /// The state in full, with what can be done about it.
    fn panel(&self) -> Markup {
        let Self { reader, s, clock, .. } = *self;
        let w = reader.tongue.words();
        let open = s.visible == Visible::Open;
        let news = open && s.integration == Integration::Web && s.since.until(clock.now()).as_millis() < NEWS;
        html! {
            section.panel.(Tone::of(s).class()).fresh[news] {
                (tether(s, clock, false))
                h2 { (word(w, s)) }
                @if news {
                    p.lead { strong { (who(s)) } }
                    p { (w.linked_lead) }
                } @else {
                    p.lead { (sentence(w, s)) }
                    (report(w, s))
                    p.quiet { (since(w, s)) @if open && !s.synced { " · " (w.syncing) } }
                    @if s.next_retry.is_some() { p { (next_try(w, s, clock)) } }
                }
                (self.connect())
            }
        }
    }

    /// The button that gets things going.
    fn connect(&self) -> Markup {
        let Self { reader, s, .. } = *self;
        let w = reader.tongue.words();
        let text = match (s.visible, s.next_retry, s.integration) {
            (Visible::Open, ..) | (Visible::Connecting, None, _) => return html! {},
            (_, _, Integration::Cloud) => w.ask_meta,
            (_, Some(_), _) => w.try_now,
            _ if s.truth.is_linked() => w.connect,
            _ => w.show_code,
        };
        html! {
            form method="post" action={ (self.base) "/connect" } {
                (reader.proof())
                button.main #connect type="submit" { (text) }
            }
        }
    }

    /// Where the code will be: it comes into a place that is kept for it.
    fn coming(reader: &Reader) -> Markup {
        html! {
            div.qr.coming data-key="coming" {
                svg.ring viewBox="0 0 100 100" aria-hidden="true" { rect.track x="1" y="1" width="98" height="98" rx="4" {} }
                div.ground { p { (reader.tongue.words().qr_coming) } }
            }
            p.under aria-hidden="true" { "\u{a0}" }
        }
    }

    fn code(&self, code: &ShownCode) -> Markup {
        let Self { reader, s, clock, .. } = *self;
        let w = reader.tongue.words();
        let left_ms = code.expires.left(clock).as_millis();
        let life = code.shown.until(code.expires.shown).as_millis().max(1);
        let gone = 100_u128.saturating_sub(left_ms.min(life) * 100 / life);
        let named = format!("role=\"img\" aria-label=\"{}\"", w.qr_alt);
        let picture = code.picture.svg().replacen("role=\"img\"", &named, 1);
        let count = w.qr_count.replacen("{}", &code.count.to_string(), 1);
        let count = count.replacen("{}", &s.codes_limit.to_string(), 1);
        html! {
            // The same code is never drawn again: its ring runs on, and nothing flickers.
            div.qr data-key={ "code-" (code.count) "-" (code.shown.millis()) } {
                svg.ring viewBox="0 0 100 100" aria-hidden="true" {
                    rect.track x="1" y="1" width="98" height="98" rx="4" {}
                    rect.left x="1" y="1" width="98" height="98" rx="4" pathLength="100" stroke-dasharray="100" stroke-dashoffset=(gone) {
                        animate attributeName="stroke-dashoffset" from=(gone) to="100" dur={ (left_ms.max(1)) "ms" } fill="freeze" {}
                    }
                }
                div.ground { (PreEscaped(picture)) }
            }
            p.under {
                span { (w.qr_left) " " strong { (left(left_ms, Some(w.qr_says), None)) } }
                span.quiet { (count) }
            }
            (demo::scan(reader, s))
            p.here.small.quiet { (w.qr_here) " " a href={ (self.base) (Way::Number.query()) } { (w.qr_here_link) } }
        }
    }

    fn pairing(&self, pairing: &PairingCode) -> Markup {
        let Self { reader, s, clock, .. } = *self;
        let w = reader.tongue.words();
        html! {
            div.stack.pairing {
                p.lead { (w.pair_lead) }
                p.big #pairing { (pairing.text.expose()) }
                p.quiet { (w.pair_left) " " strong { (left(pairing.expires.left(clock).as_millis(), Some(w.qr_says), None)) } }
                button #copy-pairing data-copy="pairing" data-script hidden type="button" { (w.copy) }
            }
            (demo::enter(reader, s))
            details #other { summary { (w.number_other) } (self.ask_number()) }
        }
    }

    fn ask_number(&self) -> Markup {
        let Self { reader, s, .. } = *self;
        let w = reader.tongue.words();
        let typed = self.mistyped.map(|mistyped| mistyped.text.clone());
        let known = s.pairing.as_ref().map(|pairing| format!("+{}", pairing.number.expose()));
        let wrong = self.mistyped.map(|mistyped| match mistyped.why {
            BadNumber::Character(c) => w.number_sign.replacen("{}", &format!("“{c}”"), 1),
            BadNumber::Length(digits) => w.number_long.replacen("{}", &digits.to_string(), 1),
            BadNumber::LeadingZero => w.number_zero.to_owned(),
        });
        html! {
            @if s.next_retry.is_some() { (self.panel()) }
            @if let Some(error) = &s.pairing_error { p.note.bad { (w.pair_failed.replacen("{}", error, 1)) } }
            form.stack method="post" action={ (self.base) "/pair" } {
                (reader.proof())
                label { (w.number)
                    input #number type="tel" name="number" required autocomplete="tel" inputmode="tel" placeholder=(w.number_like)
                        value=[typed.or(known)] aria-invalid=[wrong.is_some().then_some("true")]
                        aria-describedby=(if wrong.is_some() { "number-wrong" } else { "number-help" });
                }
                @if let Some(wrong) = &wrong { p.note.bad #number-wrong role="alert" { (wrong) } }
                @else { p.small.quiet #number-help { (w.number_help) } }
                button.main type="submit" { (w.number_get) }
            }
        }
    }
}
