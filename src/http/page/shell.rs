//! What stands around every view.

use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::assets::{ICON, LIVE, MORPH, SCRIPT, STYLE, TIME};
use super::reader::Reader;
use super::tether::MARK;
use super::tongue::Tongue;
use crate::http::reply::{Reply, bytes};

const HTML: &str = "text/html; charset=utf-8";
/// Nothing but our own files; nobody frames it; forms go nowhere else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// One view.
#[derive(Default)]
pub(super) struct View {
    pub(super) title: String,
    /// Where the view's changes come from.
    pub(super) live: Option<String>,
    /// Without JavaScript, read again after so many seconds.
    pub(super) refresh: Option<u8>,
    /// In answer to a form: where the view is when it is read again.
    pub(super) at: Option<String>,
    pub(super) body: Markup,
}

/// The whole page around a view.
pub(super) fn page(status: StatusCode, reader: &Reader, view: &View) -> Reply {
    let w = reader.tongue.words();
    let markup = html! {
        (DOCTYPE)
        html lang=(reader.tongue.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="theme-color" media="(prefers-color-scheme: light)" content="#eef1f3";
                meta name="theme-color" media="(prefers-color-scheme: dark)" content="#0e1419";
                meta name="robots" content="noindex";
                title { (title(&view.title)) }
                link rel="icon" href=(ICON.path) type="image/svg+xml";
                link rel="stylesheet" href=(STYLE.path);
                @for module in [&LIVE, &TIME, &MORPH] { link rel="modulepreload" href=(module.path); }
                script type="module" src=(SCRIPT.path) {}
                @if let Some(seconds) = view.refresh {
                    noscript { meta http-equiv="refresh" content=(seconds); }
                }
            }
            body data-copied=(w.copied) data-live=[view.live.as_deref()] data-here=[view.at.as_deref()] {
                a.skip href="#content" { (w.skip) }
                p #lost role="alert" hidden { (w.lost) }
                header {
                    @if cfg!(feature = "demo") { p.staged { span { (w.demo) } } }
                    div.top {
                        a.brand href="/" { (PreEscaped(MARK)) "tetherd" }
                        @if reader.signed_in {
                            form method="post" action="/page/sign-out" {
                                (reader.proof())
                                button.plain type="submit" { (w.sign_out) }
                            }
                        }
                    }
                }
                main #content tabindex="-1" { (view.body) }
                p.unseen #say role="status" aria-live="polite" {}
                (footer(reader))
            }
        }
    };
    let mut reply = guarded(bytes(status, HTML, markup.into_string()));
    if reader.secure {
        // Elsewhere browsers complain of it, and it has no effect.
        reply.headers_mut().insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    }
    reply
}

/// What the browser's tab says.
pub(super) fn title(of: &str) -> String {
    format!("{of} · tetherd")
}

fn footer(reader: &Reader) -> Markup {
    let w = reader.tongue.words();
    html! {
        footer {
            p {
                "tetherd " (env!("CARGO_PKG_VERSION")) " · " (w.licence) " · "
                a href=(env!("CARGO_PKG_REPOSITORY")) rel="noreferrer" { (w.source) }
            }
            @if reader.signed_in {
                form method="post" action="/page/sign-out-everywhere" {
                    (reader.proof())
                    button.plain type="submit" { (w.sign_out_all) }
                }
            }
            form.tongues method="post" action="/page/language" aria-label=(w.language) {
                input type="hidden" name="back" value=(reader.here);
                @for tongue in Tongue::ALL {
                    button name="to" value=(tongue.tag()) lang=(tongue.tag())
                        aria-pressed=(if tongue == reader.tongue { "true" } else { "false" }) { (tongue.own_name()) }
                }
            }
        }
    }
}

/// The headers that keep other pages out.
pub(super) fn guarded(mut reply: Reply) -> Reply {
    let headers = reply.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        // An address can be an invitation: no other site learns it. Our own forms keep their origin.
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    reply
}

/// On to another view, after a change.
pub(super) fn go(to: &str, cookie: Option<&str>) -> Reply {
    let mut reply = bytes(StatusCode::SEE_OTHER, HTML, "");
    if let Ok(to) = HeaderValue::from_str(to) {
        reply.headers_mut().insert(http::header::LOCATION, to);
    }
    if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(cookie).ok()) {
        reply.headers_mut().insert(http::header::SET_COOKIE, cookie);
    }
    guarded(reply)
}

/// No such view.
pub(super) fn gone(reader: &Reader) -> Reply {
    told(reader, StatusCode::NOT_FOUND, reader.tongue.words().gone)
}

/// A sentence in place of a view.
pub(super) fn told(reader: &Reader, status: StatusCode, sentence: &str) -> Reply {
    let w = reader.tongue.words();
    let body = html! {
        section.card.narrow {
            h1 { (sentence) }
            @if reader.signed_in { p { a.button href=(if status == StatusCode::NOT_FOUND { "/" } else { &reader.here }) { (w.go_back) } } }
        }
    };
    page(status, reader, &View { title: sentence.to_owned(), body, ..View::default() })
}
