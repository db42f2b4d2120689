//! All accounts, and adding one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::select_all;
use http::StatusCode;
use maud::{Markup, html};
use tokio::sync::watch;

use super::form::Form;
use super::live::{Look, Scene, show};
use super::outcome::link_by_code;
use super::reader::Reader;
use super::rooms::address;
use super::session::Session;
use super::shell::{View, go, page};
use super::state::{Tone, left, sentence, since, who, word};
use super::tether::{hoped_for, tether};
use super::words::Words;
use crate::http::auth::Caller;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::instance::create::is_number_id;
use crate::http::reply::Reply;
use crate::instance::{CreateError, Handle, Snapshot};
use crate::model::{Clock, Digest, InstanceName, Integration, NewInstance, Secret, Token, Visible};

/// Without a script, how often the list is read again, in seconds.
const REFRESH: u8 = 30;
/// Many at once, as when the router restarts, are one picture.
const CALM: Duration = Duration::from_millis(150);

/// What was wrong with an account that somebody wanted to add.
pub(super) struct Refused<'a> {
    form: &'a Form,
    integration: Integration,
    why: &'a str,
}

/// The list, or, for a single account's key, that account.
pub(super) fn home(call: &Call, session: &Session, reader: &Reader, refused: Option<&Refused<'_>>) -> Reply {
    if let Caller::Instance { handle, .. } = &session.caller {
        return go(&address(&handle.snapshot()), None);
    }
    let all = call.state.registry.all();
    let w = reader.tongue.words();
    let body = html! {
        @if all.is_empty() {
            (first(reader, refused))
        } @else {
            div.live #list { (rows(w, &all, &*call.state.clock)) }
            details.card #add open[refused.is_some()] {
                summary { (w.add) }
                (add(reader, false, refused))
            }
        }
    };
    let refresh = (!all.is_empty()).then_some(REFRESH);
    let at = refused.map(|_| "/".to_owned());
    let live = Some(if all.is_empty() { "/page/live?empty=1" } else { "/page/live" }.to_owned());
    let status = if refused.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    page(status, reader, &View { title: w.accounts.to_owned(), live, refresh, at, body })
}

/// Nobody is here yet: an invitation, not a blank.
fn first(reader: &Reader, refused: Option<&Refused<'_>>) -> Markup {
    let w = reader.tongue.words();
    html! {
        section.card.narrow.welcome {
            div.ink { (hoped_for()) }
            h1 { (w.first_title) }
            ol.plan { @for step in [w.first_1, w.first_2, w.first_3] { li { (step) } } }
            (add(reader, true, refused))
        }
    }
}

fn add(reader: &Reader, first: bool, refused: Option<&Refused<'_>>) -> Markup {
    let w = reader.tongue.words();
    let of = |integration| refused.filter(|refused| refused.integration == integration);
    let (web, cloud) = (of(Integration::Web), of(Integration::Cloud));
    let typed =
        |refused: Option<&Refused<'_>>, name| refused.map(|refused| refused.form.get(name).to_owned());
    html! {
        form.stack method="post" action="/page/accounts" {
            (reader.proof())
            label { (w.name)
                input #name name="name" required maxlength="64" autocomplete="off" spellcheck="false" aria-describedby="name-help"
                    value=[typed(web, "name").or(first.then(|| w.name_first.to_owned()))]
                    aria-invalid=[web.map(|_| "true")] autofocus[first];
            }
            @if let Some(refused) = web { p.note.bad role="alert" { (refused.why) } }
            p.small.quiet #name-help { (w.name_help) }
            button.main type="submit" { (w.create) }
        }
        details #cloud open[cloud.is_some()] {
            summary { (w.cloud_add) }
            form.stack method="post" action="/page/accounts" {
                (reader.proof())
                input type="hidden" name="integration" value=(Integration::Cloud.as_str());
                p.quiet { (w.cloud_lead) }
                @if let Some(refused) = cloud { p.note.bad role="alert" { (refused.why) } }
                label { (w.name) input name="name" required maxlength="64" autocomplete="off" spellcheck="false" value=[typed(cloud, "name")]; }
                label { (w.cloud_number)
                    input name="number" required inputmode="numeric" autocomplete="off" aria-describedby="id-help" value=[typed(cloud, "number")];
                }
                p.small.quiet #id-help { (w.cloud_number_help) }
                label { span { (w.cloud_business) " " span.quiet { "(" (w.optional) ")" } } input name="business" inputmode="numeric" autocomplete="off" value=[typed(cloud, "business")]; }
                label { (w.cloud_token)
                    input type="password" name="token" required autocomplete="off" spellcheck="false" aria-describedby="token-help";
                }
                p.small.quiet #token-help { (w.cloud_token_help) }
                button.main type="submit" { (w.cloud_create) }
            }
        }
    }
}

/// The list itself.
fn rows(w: &Words, handles: &[Handle], clock: &dyn Clock) -> Markup {
    let all: Vec<Arc<Snapshot>> = handles.iter().map(Handle::snapshot).collect();
    let linked = all.iter().filter(|s| s.visible == Visible::Open).count();
    let some = || w.sum_some.replacen("{}", &linked.to_string(), 1).replacen("{}", &all.len().to_string(), 1);
    html! {
        div.summary {
            h1 { (w.accounts) }
            p.quiet { @if linked == all.len() { (w.sum_all) } @else { (some()) } }
        }
        ul.accounts {
            @for s in &all {
                li.account.(Tone::of(s).class()) data-row=(s.uuid) {
                    (tether(s, clock, true))
                    h2 { a id={ "to-" (s.uuid) } href=(address(s)) { (s.name) } }
                    span.said { (word(w, s)) }
                    @if matches!(Tone::of(s), Tone::Care | Tone::Bad) { p.why { (sentence(w, s)) } }
                    p { (who(s)) }
                    p.since {
                        @if let Some(next) = s.next_retry {
                            (w.next_try) " " span.number { (left(next.left(clock).as_millis(), None, Some(w.now))) }
                        } @else { (since(w, s)) }
                    }
                }
            }
        }
    }
}

/// The list as a stream.
pub(super) fn stream(call: &Call, session: &Session, reader: &Reader) -> Reply {
    let registry = call.state.registry.watch();
    let state = Arc::clone(&call.state);
    let empty = call.query().text("empty").is_ok_and(|empty| empty.is_some());
    let said = (HashMap::new(), String::new());
    let scene = List { state, words: reader.tongue.words(), registry, all: Vec::new(), empty, said };
    show(scene, session.pass(call))
}

struct List {
    state: Arc<crate::http::state::State>,
    words: &'static Words,
    registry: watch::Receiver<()>,
    all: Vec<watch::Receiver<Arc<Snapshot>>>,
    empty: bool,
    /// What each account was said to be, and the news of last time.
    said: (HashMap<InstanceName, &'static str>, String),
}

#[async_trait]
impl Scene for List {
    async fn look(&mut self) -> Option<Look> {
        self.registry.mark_unchanged();
        let handles = self.state.registry.all();
        // The first one came, or the last one went: that is another view.
        if handles.is_empty() != self.empty {
            return None;
        }
        self.all = handles.iter().map(Handle::watch).collect();
        for state in &mut self.all {
            state.mark_unchanged();
        }
        let html = rows(self.words, &handles, &*self.state.clock);
        let parts = vec![("list", html)];
        let now = handles.iter().map(Handle::snapshot);
        let now: HashMap<_, _> = now.map(|s| (s.name.clone(), word(self.words, &s))).collect();
        let news = now.iter().filter(|(name, word)| self.said.0.get(*name) != Some(*word));
        let mut news: Vec<_> = news.map(|(name, word)| format!("{name}: {word}")).collect();
        if !news.is_empty() {
            news.sort();
            self.said.1 = news.join(". ");
        }
        self.said.0 = now;
        Some(Look { parts, title: self.words.accounts.to_owned(), said: self.said.1.clone(), last: false })
    }

    async fn changed(&mut self) -> Duration {
        let states = self.all.iter_mut().map(|state| Box::pin(async { state.changed().await.is_ok() }));
        let states: Vec<_> = states.collect();
        let any = async {
            if states.is_empty() {
                std::future::pending::<()>().await;
            }
            select_all(states).await;
        };
        tokio::select! {
            () = any => {}
            _ = self.registry.changed() => {}
        }
        CALM
    }
}

/// Adds one and goes on to its code.
pub(super) async fn create(
    call: &Call,
    session: &Session,
    reader: &Reader,
    form: &Form,
) -> Result<Reply, ApiError> {
    let w = reader.tongue.words();
    let cloud = form.get("integration") == Integration::Cloud.as_str();
    let integration = if cloud { Integration::Cloud } else { Integration::Web };
    let refused = |why| Ok(home(call, session, reader, Some(&Refused { form, integration, why })));
    let Ok(name) = InstanceName::parse(form.get("name")) else { return refused(w.name_bad) };
    let (number, business, meta) = (form.get("number"), form.get("business"), form.get("token"));
    if cloud && !is_number_id(number) {
        return refused(w.cloud_number_bad);
    }
    if cloud && meta.is_empty() {
        return refused(w.cloud_token_bad);
    }
    let given = |text: &str| Some(text.to_owned()).filter(|text| cloud && !text.is_empty());
    let token = Token::generate()?;
    let made = call.state.registry.create(NewInstance {
        number: given(number),
        business_id: given(business),
        cloud_token: given(meta).map(Secret::new),
        ..NewInstance::named(name, integration, Digest::of(token.expose()))
    });
    match made.await {
        Ok(handle) => {
            let base = address(&handle.snapshot());
            link_by_code(&handle, reader, &base).await
        }
        Err(CreateError::NameTaken(_)) => refused(w.name_taken),
        Err(CreateError::Storage(why)) => Err(ApiError::Storage(why)),
    }
}
