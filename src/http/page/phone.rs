//! What to tap on the phone, in pictures of our own.

use maud::{Markup, PreEscaped, html};

use super::rooms::Way;
use super::words::Words;

/// The steps for both kinds of phone.
pub(super) fn how(w: &Words, way: Way) -> Markup {
    let steps = |second| {
        let mut steps = vec![(w.how_open, OPEN), second, (w.how_devices, DEVICES), (w.how_link, LINK)];
        match way {
            Way::Code => steps.push((w.how_scan, SCAN)),
            Way::Number => steps.extend([(w.how_instead, INSTEAD), (w.how_type, TYPE)]),
        }
        html! { @for (text, picture) in steps { li { span { (text) } (PreEscaped(picture)) } } }
    };
    html! {
        section.how aria-labelledby="how" {
            h2 #how { (w.how) }
            input.pick #android type="radio" name="phone" checked;
            input.pick #iphone type="radio" name="phone";
            div.phones { label for="android" { "Android" } label for="iphone" { "iPhone" } }
            ol.steps.android { (steps((w.how_menu, DOTS))) }
            ol.steps.iphone { (steps((w.how_you, YOU))) }
        }
    }
}

/// A window on a phone's screen: its top, its bottom or its middle, with what to tap on it.
macro_rules! window {
    ($body:literal, $edge:literal, $($inner:literal),+) => {
        concat!(
            "<svg viewBox='0 0 96 64' aria-hidden='true'><path class='body' d='", $body, "'/><path d='", $edge, "'/>",
            $($inner,)+ "</svg>"
        )
    };
    (top: $($inner:literal),+) => {
        window!("M20 64V11a7 7 0 0 1 7-7h42a7 7 0 0 1 7 7v53z", "M20 64V11a7 7 0 0 1 7-7h42a7 7 0 0 1 7 7v53", $($inner),+)
    };
    (bottom: $($inner:literal),+) => {
        window!("M20 0v53a7 7 0 0 0 7 7h42a7 7 0 0 0 7-7V0z", "M20 0v53a7 7 0 0 0 7 7h42a7 7 0 0 0 7-7V0", $($inner),+)
    };
    (middle: $($inner:literal),+) => { window!("M20 0h56v64H20z", "M20 0v64M76 0v64", $($inner),+) };
}

const OPEN: &str = window!(middle:
    "<g class='pale'><rect x='27' y='6' width='11' height='11' rx='3'/><rect x='42.5' y='6' width='11' height='11' rx='3'/><rect x='58' y='6' width='11' height='11' rx='3'/><rect x='27' y='47' width='11' height='11' rx='3'/><rect x='42.5' y='47' width='11' height='11' rx='3'/><rect x='58' y='47' width='11' height='11' rx='3'/></g>",
    "<rect class='tap' x='36' y='20' width='24' height='24' rx='7'/><path class='hand' d='M48 25a7 7 0 1 1-3.4 13.1L41 39l1-3.5A7 7 0 0 1 48 25z'/>");
const DOTS: &str = window!(top:
    "<path d='M28 17h16'/><path class='pale' d='M28 34h36M28 44h28M28 54h36'/><circle class='tap' cx='66' cy='17' r='9'/>",
    "<g class='hand'><circle cx='66' cy='12.5' r='1.6'/><circle cx='66' cy='17' r='1.6'/><circle cx='66' cy='21.5' r='1.6'/></g>");
const YOU: &str = window!(bottom:
    "<path class='pale' d='M28 8h36M28 18h28M28 28h36'/><path d='M20 40h56'/><g class='pale'><circle cx='31' cy='49.5' r='3'/><circle cx='45' cy='49.5' r='3'/></g>",
    "<circle class='tap' cx='65' cy='49' r='9'/><circle class='hand' cx='65' cy='46.4' r='2.4'/><path class='hand' d='M60.4 53.4a4.6 4.6 0 0 1 9.2 0z'/>");
const DEVICES: &str = window!(middle:
    "<path class='pale' d='M28 9h5M38 9h26M28 55h5M38 55h26'/><rect class='tap' x='24' y='20' width='48' height='24' rx='6'/>",
    "<path d='M44 32h22'/><path d='M30 27h9v7h-9zM28.5 37h12'/>");
const LINK: &str = window!(middle:
    "<path class='pale' d='M34 8h28M28 56h40'/><rect class='hand' x='27' y='22' width='42' height='20' rx='10'/><path class='on' d='M38 32h20'/>");
const SCAN: &str = window!(top:
    "<path class='tap' d='M32 26v-8h8M64 26v-8h-8M32 44v8h8M64 44v8h-8'/>",
    "<path class='full' d='M38 24h8v8h-8zM50 24h8v8h-8zM38 38h8v8h-8zM50 38h3v3h-3zM55 43h3v3h-3zM55 36h3v3h-3zM50 44h3v2h-3z'/>");
const INSTEAD: &str = window!(bottom:
    "<path class='pale' d='M34 10V4h6M62 10V4h-6M34 24v6h6M62 24v6h-6'/><rect class='tap' x='26' y='38' width='44' height='14' rx='7'/><path d='M34 45h28'/>");
const TYPE: &str = window!(middle:
    "<path class='pale' d='M36 14h24'/><path d='M25.5 26h4v10h-4zM31.5 26h4v10h-4zM37.500 26h4v10h-4zM54.500 26h4v10h-4zM60.500 26h4v10h-4zM66.500 26h4v10h-4zM45.500 31h5'/>",
    "<path class='tap' d='M25.500 42h45'/><path class='pale' d='M30 54h36'/>");
