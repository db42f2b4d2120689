//! Signing in, all accounts, one account.

use maud::{Markup, html};

use super::demo::buttons;
use super::linking::{Way, how, part, ways};
use super::shell::{Reader, View};
use super::state::{chip, left, number, sentence, time, times};
use super::words::Words;
use crate::http::auth::Caller;
use crate::instance::{Handle, Snapshot};
use crate::model::{Clock, Integration, LinkTruth, Visible};

/// Without a script, how often a view that waits for something is read again, in seconds.
const SOON: u8 = 4;
const LATER: u8 = 20;

/// Signing in, with what was wrong before.
pub(super) fn sign_in(reader: &Reader, wrong: Option<&str>) -> View {
    let w = reader.tongue.words();
    let body = html! {
        section.card.narrow {
            h1 { (w.sign_in) }
            p.quiet #lead { (w.sign_in_lead) }
            @if let Some(wrong) = wrong { p.note.wrong role="alert" #wrong { (wrong) } }
            form.stack method="post" action="/page/sign-in" {
                label { (w.key)
                    input type="password" name="key" required autocomplete="current-password" autofocus
                        spellcheck="false" aria-describedby=(if wrong.is_some() { "wrong" } else { "lead" });
                }
                button.main type="submit" { (w.sign_in) }
            }
            details #where {
                summary { (w.key_where) }
                div.stack.small {
                    p { (w.key_help) }
                    p { code #command { "sudo tetherd key show" } }
                    p { button #copy-command type="button" data-copy="command" data-script hidden { (w.copy) } }
                    p.quiet { (w.key_token) }
                }
            }
        }
    };
    View { title: w.sign_in.to_owned(), live: None, refresh: None, body }
}

/// All accounts that the reader may see.
pub(super) fn list(
    reader: &Reader,
    handles: &[Handle],
    clock: &dyn Clock,
    wrong: Option<&str>,
    global: bool,
) -> View {
    let w = reader.tongue.words();
    let body = html! {
        h1 { (w.accounts) }
        div.live #list { (rows(w, handles, clock)) }
        @if global { (add(reader, handles.is_empty(), wrong)) }
    };
    View { title: w.accounts.to_owned(), live: Some("/page/live".into()), refresh: Some(LATER), body }
}

fn add(reader: &Reader, first: bool, wrong: Option<&str>) -> Markup {
    let w = reader.tongue.words();
    html! {
        section.card {
            h2 { (if first { w.first_title } else { w.add }) }
            @if first { p.quiet { (w.first_lead) } }
            @if let Some(wrong) = wrong { p.note.wrong role="alert" { (wrong) } }
            form.stack method="post" action="/page/accounts" {
                (reader.proof())
                label { (w.name)
                    input name="name" required maxlength="64" autocomplete="off" aria-describedby="name-help" autofocus[first];
                }
                p.small.quiet #name-help { (w.name_help) }
                div { button.main type="submit" { (w.create) } }
            }
        }
    }
}

/// The list itself.
pub(super) fn rows(w: &Words, handles: &[Handle], clock: &dyn Clock) -> Markup {
    html! {
        ul.accounts {
            @for handle in handles {
                @let s = handle.snapshot();
                li.account {
                    div {
                        a id={ "to-" (s.uuid) } href=(address(&s)) { (s.name) }
                        p.quiet { (who(&s)) }
                    }
                    (chip(w, &s))
                    p.small.quiet { (times(w, &s, clock)) }
                }
            }
        }
    }
}

/// Where an account's view is.
pub(super) fn address(s: &Snapshot) -> String {
    let name = percent_encoding::utf8_percent_encode(s.name.as_str(), percent_encoding::NON_ALPHANUMERIC);
    format!("/page/accounts/{name}")
}

fn who(s: &Snapshot) -> String {
    let name = s.profile().and_then(|profile| profile.name.clone());
    [name, number(s)].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// What is the case, above every view of an account.
pub(super) fn head(w: &Words, s: &Snapshot, clock: &dyn Clock) -> Markup {
    html! {
        div.row.spread { h1 { (s.name) } (chip(w, s)) }
        p.quiet { (who(s)) }
        p { (sentence(w, s)) }
        p.small.quiet { (times(w, s, clock)) }
    }
}

/// One account around one of its rooms.
pub(super) fn account(
    reader: &Reader,
    caller: &Caller,
    s: &Snapshot,
    room: &str,
    clock: &dyn Clock,
    inner: &Markup,
) -> Markup {
    let w = reader.tongue.words();
    let base = address(s);
    let rooms = [("", w.overview), ("/settings", w.settings), ("/webhook", w.webhook), ("/events", w.events)];
    html! {
        @if matches!(caller, Caller::Global) { p { a href="/" { "‹ " (w.back) } } }
        div.live.stack #head { (head(w, s, clock)) }
        nav.tabs aria-label=(s.name) {
            @for (path, title) in rooms {
                a href={ (base) (path) } aria-current=[(path == room).then_some("page")] { (title) }
            }
        }
        (inner)
    }
}

/// The first room: linking, and what can be done.
pub(super) fn overview(
    reader: &Reader,
    caller: &Caller,
    s: &Snapshot,
    way: Way,
    clock: &dyn Clock,
    note: Option<&Markup>,
) -> View {
    let base = address(s);
    let inner = html! {
        @if let Some(note) = note { (note) }
        (linking(reader, s, way, &base, clock))
        section.card.live #acts { (acts(reader, s)) }
    };
    let body = account(reader, caller, s, "", clock, &inner);
    let live = Some(format!("{base}/live{}", way.query()));
    View {
        title: s.name.to_string(),
        live,
        refresh: Some(if s.visible == Visible::Open { LATER } else { SOON }),
        body,
    }
}

/// Linking: the code, or a number to be asked for one.
pub(super) fn linking(reader: &Reader, s: &Snapshot, way: Way, base: &str, clock: &dyn Clock) -> Markup {
    let w = reader.tongue.words();
    let open = s.visible == Visible::Open;
    let scans = !open && s.integration == Integration::Web;
    let way = if s.integration == Integration::Web { way } else { Way::Code };
    html! {
        section.card {
            @if scans { (ways(w, base, way)) }
            div.link {
                div.stack {
                    div.live #link { (part(w, s, way, clock)) }
                    @if !open && way == Way::Number { (ask_number(reader, base, s)) }
                    @if !open && way == Way::Code && s.code.is_none() {
                        form method="post" action={ (base) "/connect" } {
                            (reader.proof())
                            button.main #connect type="submit" { (if s.next_retry.is_some() { w.try_now } else { w.connect }) }
                        }
                    }
                }
                @if scans { (how(w, way)) }
            }
        }
    }
}

fn ask_number(reader: &Reader, base: &str, s: &Snapshot) -> Markup {
    let w = reader.tongue.words();
    html! {
        form.stack method="post" action={ (base) "/pair" } {
            (reader.proof())
            label { (w.number)
                input type="tel" name="number" required autocomplete="tel" inputmode="tel" aria-describedby="number-help"
                    value=[s.pairing.as_ref().map(|pairing| format!("+{}", pairing.number.expose()))];
            }
            p.small.quiet #number-help { (w.number_help) }
            div { button.main type="submit" { (w.number_get) } }
        }
    }
}

/// What can be done with an account.
pub(super) fn acts(reader: &Reader, s: &Snapshot) -> Markup {
    let w = reader.tongue.words();
    let base = address(s);
    let linked = matches!(s.truth, LinkTruth::Linked { .. });
    html! {
        (buttons(reader, s))
        @if linked {
            form method="post" action={ (base) "/restart" } { (reader.proof()) button #restart type="submit" { (w.restart) } }
            (asked(reader, &base, "logout", w.log_out, if s.integration == Integration::Cloud { w.cloud_out_ask } else { w.log_out_ask }))
        } @else if s.integration == Integration::Web {
            details #invite {
                summary { (w.invite) }
                div.stack {
                    p { (w.invite_lead) }
                    form.row method="post" action={ (base) "/invite" } { (reader.proof()) button type="submit" { (w.invite_make) } }
                    form.row method="post" action={ (base) "/invite-end" } { (reader.proof()) button.plain type="submit" { (w.invite_end) } }
                }
            }
        }
        (asked(reader, &base, "delete", w.delete, w.delete_ask))
    }
}

/// Asked for once, with what will be lost.
fn asked(reader: &Reader, base: &str, act: &str, title: &str, lost: &str) -> Markup {
    html! {
        details id={ "ask-" (act) } {
            summary { (title) "…" }
            form.stack method="post" action={ (base) "/" (act) } {
                (reader.proof())
                p { (lost) }
                div { button.danger type="submit" { (title) } }
            }
        }
    }
}

/// A fresh invitation, shown once.
pub(super) fn invitation(w: &Words, url: &str, svg: Option<String>, millis: u128) -> Markup {
    html! {
        section.card role="status" {
            p { (w.invite_shown) }
            p { code #invitation { (url) } }
            div.row { button #copy-invitation type="button" data-copy="invitation" data-script hidden { (w.copy) }
                span.quiet { (w.pair_left) " " (left(millis, None)) } }
            @if let Some(svg) = svg {
                details #invitation-qr { summary { "QR" } div.qr { (maud::PreEscaped(svg)) } }
            }
        }
    }
}

/// What somebody without a key sees.
pub(super) fn invited(reader: &Reader, s: &Snapshot, way: Way, base: &str, clock: &dyn Clock) -> View {
    let w = reader.tongue.words();
    let body = html! {
        div.row.spread { h1 { (s.name) } div.live #chip { (chip(w, s)) } }
        (linking(reader, s, way, base, clock))
    };
    View {
        title: s.name.to_string(),
        live: Some(format!("{base}/live{}", way.query())),
        refresh: Some(SOON),
        body,
    }
}

/// The newest events.
pub(super) fn events(w: &Words, events: &[crate::store::StoredEvent]) -> Markup {
    html! {
        section.card {
            @if events.is_empty() { p.quiet { (w.e_none) } }
            @else { div.scroll tabindex="0" role="region" aria-label=(w.events) { table {
                thead { tr { th scope="col" { (w.when) } th scope="col" { (w.what) } th scope="col" { (w.result) } } }
                tbody { @for event in events { tr {
                    td { (time(event.at)) }
                    td { (event.kind) }
                    td { (gist(&event.data)) }
                } } }
            } } }
        }
    }
}

/// State and reason of an event about the link; nothing of messages.
fn gist(data: &serde_json::Value) -> String {
    ["state", "reason"].into_iter().filter_map(|key| data.get(key)?.as_str()).collect::<Vec<_>>().join(" · ")
}
