//! Signing in and out.

use http::StatusCode;
use maud::html;

use super::form::Form;
use super::reader::Reader;
use super::session::{self, Session, ended};
use super::shell::{View, go, page};
use super::tether;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::reply::Reply;
use crate::model::Secret;

/// The view for who is not signed in, with what was wrong before.
pub(super) fn view(reader: &Reader, wrong: Option<&str>) -> View {
    let w = reader.tongue.words();
    let body = html! {
        section.card.narrow {
            div.ink { (tether::whole()) }
            h1 { (w.welcome) }
            form.stack method="post" action="/page/sign-in" {
                label { (w.key)
                    input type="password" name="key" required autocomplete="current-password" autofocus
                        spellcheck="false" aria-invalid=[wrong.is_some().then_some("true")]
                        aria-describedby=(if wrong.is_some() { "wrong" } else { "where" });
                }
                @if let Some(wrong) = wrong { p.note.bad #wrong role="alert" { (wrong) } }
                button.main.wide type="submit" { (w.sign_in) }
            }
            div.stack.small #where {
                h2 { (w.key_where) }
                @if reader.demo {
                    p { (w.key_demo) }
                } @else {
                    p { (w.key_help) }
                    div.copied {
                        code #command { "sudo tetherd key show" }
                        button #copy-command type="button" data-copy="command" data-script hidden { (w.copy) }
                    }
                }
                @if !reader.demo { p.quiet { (w.key_lost) " " code { "sudo tetherd key new" } } }
                p.quiet { (w.key_token) }
            }
        }
    };
    View { title: w.sign_in.to_owned(), body, ..View::default() }
}

/// Signs in, or says what was wrong.
pub(super) async fn sign_in(call: &mut Call) -> Result<Reply, ApiError> {
    let form = Form::read(call).await?;
    let reader = Reader { here: "/".into(), ..Reader::of(call, None) };
    let w = reader.tongue.words();
    let (status, wrong) = match session::start(call, Secret::new(form.get("key"))).await {
        Ok(cookie) => return Ok(go("/", Some(&cookie))),
        Err(ApiError::TooManyFailures(wait)) => {
            (StatusCode::TOO_MANY_REQUESTS, w.key_slow.replace("{}", &wait.as_secs().to_string()))
        }
        Err(ApiError::Unauthorized) => (StatusCode::UNAUTHORIZED, w.key_wrong.to_owned()),
        Err(other) => return Err(other),
    };
    let view = View { at: Some("/".into()), ..view(&reader, Some(&wrong)) };
    Ok(page(status, &reader, &view))
}

/// Signs out, here or everywhere.
pub(super) async fn sign_out(call: &Call, session: &Session, everywhere: bool) -> Result<Reply, ApiError> {
    session.end(call, everywhere).await?;
    Ok(go("/", Some(&ended())))
}
