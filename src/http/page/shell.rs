//! What stands around every view.

use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::assets::{ICON, SCRIPT, STYLE};
use super::tongue::Tongue;
use crate::http::reply::{Reply, bytes};

const HTML: &str = "text/html; charset=utf-8";
/// Nothing but our own files; nobody frames it; forms go nowhere else.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const MARK: &str = "<svg viewBox='0 0 32 32' fill='none' stroke='currentColor' stroke-width='2.6' stroke-linecap='round' \
                    aria-hidden='true'><circle cx='16' cy='8' r='5'/><path d='M16 13v9a6 6 0 0 0 6 6M7 18h18'/></svg>";

/// What a view needs of the request.
pub(super) struct Reader {
    pub(super) tongue: Tongue,
    /// Carried by every form.
    pub(super) csrf: String,
    /// Signed in, so that there is something to end.
    pub(super) signed_in: bool,
    /// Where the language switch leads back to.
    pub(super) here: String,
    /// There is a demo phone.
    pub(super) demo: bool,
}

impl Reader {
    /// The hidden field of a form.
    pub(super) fn proof(&self) -> Markup {
        html! { input type="hidden" name="csrf" value=(self.csrf); }
    }
}

/// One view.
pub(super) struct View {
    pub(super) title: String,
    /// Where the view's changes come from.
    pub(super) live: Option<String>,
    /// Without JavaScript, read again after so many seconds.
    pub(super) refresh: Option<u8>,
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
                title { (view.title) " · tetherd" }
                link rel="icon" href=(ICON.path) type="image/svg+xml";
                link rel="stylesheet" href=(STYLE.path);
                script type="module" src=(SCRIPT.path) {}
                @if let Some(seconds) = view.refresh {
                    noscript { meta http-equiv="refresh" content=(seconds); }
                }
            }
            body data-copied=(w.copied) data-live=[view.live.as_deref()] {
                a.skip href="#content" { (w.skip) }
                p #lost role="alert" hidden { (w.lost) }
                header.top {
                    a.brand href="/" { (PreEscaped(MARK)) "tetherd" }
                    @if cfg!(feature = "demo") { span.small.quiet { (w.demo) } }
                    @if reader.signed_in {
                        form method="post" action="/page/sign-out" {
                            (reader.proof())
                            button.plain type="submit" { (w.sign_out) }
                        }
                    }
                }
                main #content tabindex="-1" { (view.body) }
                p.unseen #say role="status" aria-live="polite" {}
                (footer(reader))
            }
        }
    };
    respond(status, markup)
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

/// An answer that a browser keeps to itself.
fn respond(status: StatusCode, markup: Markup) -> Reply {
    guarded(bytes(status, HTML, markup.into_string()))
}

/// The headers that keep other pages out.
pub(super) fn guarded(mut reply: Reply) -> Reply {
    let headers = reply.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
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
