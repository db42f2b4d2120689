//! What the page's forms do. Each answers with where to go on, so that reading again repeats nothing.

use std::collections::HashMap;
use std::time::Duration;

use http::StatusCode;

use super::demo;
use super::linking::Way;
use super::session::{self, Session, ended, refused};
use super::shell::{Reader, go, page};
use super::tongue::Tongue;
use super::{account, gone, home, reader, rooms, told, views};
use crate::http::auth::Caller;
use crate::http::body;
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::reply::Reply;
use crate::instance::qr::QrPicture;
use crate::instance::{CreateError, Handle, NewInstance};
use crate::model::{
    Digest, InstanceName, InstanceUuid, Integration, PhoneNumber, Secret, Settings, Token, Webhook,
    WebhookTarget,
};

/// Forms are short.
const MAX_FORM: usize = 16 * 1024;
/// The next view should have something to show: usually it has within a tenth of this.
const SHOW: Duration = Duration::from_millis(1500);
/// A pairing code is asked for over the network.
const PAIR: Duration = Duration::from_secs(10);
/// How long a one-time address lives.
const INVITED: Duration = Duration::from_mins(10);

/// The fields of a form.
pub(super) struct Form(HashMap<String, String>);

impl Form {
    async fn read(call: &mut Call) -> Result<Self, ApiError> {
        let Some(body) = call.body.take() else { return Ok(Self(HashMap::new())) };
        let bytes = body::whole(body, MAX_FORM).await?;
        Ok(Self(form_urlencoded::parse(&bytes).into_owned().collect()))
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
    }
}

/// Signs in, or says what was wrong.
pub(super) async fn sign_in(call: &mut Call) -> Result<Reply, ApiError> {
    let form = Form::read(call).await?;
    let reader = Reader { here: "/".into(), ..reader(call, None) };
    let w = reader.tongue.words();
    let (status, wrong) = match session::start(call, Secret::new(form.get("key"))).await {
        Ok(cookie) => return Ok(go("/", Some(&cookie))),
        Err(ApiError::TooManyFailures(wait)) => {
            (StatusCode::TOO_MANY_REQUESTS, w.key_slow.replace("{}", &wait.as_secs().to_string()))
        }
        Err(ApiError::Unauthorized) => (StatusCode::UNAUTHORIZED, w.key_wrong.to_owned()),
        Err(other) => return Err(other),
    };
    Ok(page(status, &reader, &views::sign_in(&reader, Some(&wrong))))
}

/// Remembers the reader's language.
pub(super) async fn language(call: &mut Call) -> Result<Reply, ApiError> {
    let form = Form::read(call).await?;
    let tongue = Tongue::of_tag(form.get("to")).unwrap_or(Tongue::English);
    let cookie = format!("tetherd_language={}; Path=/; SameSite=Strict; Max-Age=31536000", tongue.tag());
    // Only to a view of ours: `//host` would be somebody else's.
    let back = form.get("back");
    let ours = back.starts_with('/') && !back.starts_with("//") && !back.contains('\\');
    Ok(go(if ours { back } else { "/" }, Some(&cookie)))
}

/// Everything that needs a session and its proof.
pub(super) async fn act(call: &mut Call, session: &Session, pieces: &[&str]) -> Result<Reply, ApiError> {
    let form = Form::read(call).await?;
    let reader = Reader { here: "/".into(), ..reader(call, Some(session)) };
    if !session.made(form.get("csrf")) {
        return Ok(told(&reader, StatusCode::FORBIDDEN, reader.tongue.words().foreign));
    }
    match pieces {
        ["page", "sign-out"] => {
            session.end(call, false).await?;
            Ok(go("/", Some(&ended())))
        }
        ["page", "sign-out-everywhere"] => {
            session.end(call, true).await?;
            Ok(go("/", Some(&ended())))
        }
        ["page", "accounts"] => create(call, session, &reader, &form).await,
        ["page", "accounts", name, act] => match account(call, &session.caller, name) {
            Some(handle) => on_account(call, session, &reader, &form, &handle, act).await,
            None => Ok(gone(&reader)),
        },
        _ => Ok(gone(&reader)),
    }
}

async fn create(call: &Call, session: &Session, reader: &Reader, form: &Form) -> Result<Reply, ApiError> {
    let w = reader.tongue.words();
    if !matches!(session.caller, Caller::Global) {
        return Ok(gone(reader));
    }
    let Ok(name) = InstanceName::parse(form.get("name")) else {
        return Ok(home(call, session, reader, Some(w.name_bad)));
    };
    let token = Token::generate().map_err(|_| ApiError::Internal)?;
    let made = call.state.registry.create(NewInstance {
        uuid: InstanceUuid::generate(),
        name,
        integration: Integration::Web,
        settings: Settings::default(),
        proxy: None,
        number: None,
        business_id: None,
        token: Digest::of(token.expose()),
        cloud_token: None,
        webhook: None,
    });
    match made.await {
        Ok(handle) => {
            let base = views::address(&handle.snapshot());
            link_by_code(&handle, reader, &base).await
        }
        Err(CreateError::NameTaken(_)) => Ok(home(call, session, reader, Some(w.name_taken))),
        Err(CreateError::Storage(why)) => Err(ApiError::Storage(why)),
    }
}

async fn on_account(
    call: &Call,
    session: &Session,
    reader: &Reader,
    form: &Form,
    handle: &Handle,
    act: &str,
) -> Result<Reply, ApiError> {
    let s = handle.snapshot();
    let base = views::address(&s);
    match act {
        "connect" => link_by_code(handle, reader, &base).await,
        "pair" => link_by_number(handle, reader, &base, form.get("number")).await,
        "restart" => Ok(after(reader, handle.restart(SHOW).await, &base)),
        "logout" => Ok(after(reader, handle.logout().await, &base)),
        "delete" => Ok(after(reader, call.state.registry.delete(&s.name).await, "/")),
        "invite" => invite(call, session, reader, handle).await,
        "invite-end" => {
            call.state.store.end_invite(s.id).await.map_err(refused)?;
            Ok(go(&base, None))
        }
        "demo-scan" | "demo-unlink" => {
            let done = demo::act(call.state.demo_phone.as_ref(), &s, act).await;
            Ok(after(reader, done, &base))
        }
        "settings" => {
            let wanted = rooms::settings_of(&s.settings, |name| form.0.get(name).cloned());
            Ok(after(reader, handle.set_settings(wanted).await, &format!("{base}/settings?saved")))
        }
        "webhook" => webhook(call, session, reader, form, handle).await,
        "redeliver" => {
            if let Ok(id) = form.get("id").parse() {
                call.state
                    .store
                    .redeliver(s.id, !matches!(session.caller, Caller::Global), Some(id))
                    .await
                    .map_err(refused)?;
            }
            Ok(go(&format!("{base}/webhook"), None))
        }
        _ => Ok(gone(reader)),
    }
}

/// For somebody with a one-time address: linking, and nothing else.
pub(super) async fn link(
    call: &mut Call,
    handle: &Handle,
    act: &str,
    reader: &Reader,
    base: &str,
) -> Result<Reply, ApiError> {
    let form = Form::read(call).await?;
    if act == "pair" {
        return link_by_number(handle, reader, base, form.get("number")).await;
    }
    link_by_code(handle, reader, base).await
}

async fn link_by_code(handle: &Handle, reader: &Reader, base: &str) -> Result<Reply, ApiError> {
    Ok(after(reader, handle.connect(None, SHOW).await, base))
}

async fn link_by_number(
    handle: &Handle,
    reader: &Reader,
    base: &str,
    number: &str,
) -> Result<Reply, ApiError> {
    let Ok(number) = PhoneNumber::parse(number) else {
        return Ok(told(reader, StatusCode::BAD_REQUEST, reader.tongue.words().number_bad));
    };
    Ok(after(reader, handle.connect(Some(number), PAIR).await, &format!("{base}{}", Way::Number.query())))
}

async fn invite(call: &Call, session: &Session, reader: &Reader, handle: &Handle) -> Result<Reply, ApiError> {
    let s = handle.snapshot();
    let w = reader.tongue.words();
    let token = Token::generate().map_err(|_| ApiError::Internal)?;
    let expires = call.state.clock.now().plus(INVITED);
    call.state.store.put_invite(s.id, expires, Digest::of(token.expose())).await.map_err(refused)?;
    let url = format!("{}/link/{}", call.base_url(), token.expose());
    let text = url.clone();
    let drawn =
        tokio::task::spawn_blocking(move || QrPicture::draw(&text).ok().map(|picture| picture.svg())).await;
    let note = views::invitation(w, &url, drawn.unwrap_or(None), INVITED.as_millis());
    let view = views::overview(reader, &session.caller, &s, Way::Code, &*call.state.clock, Some(&note));
    // Read again, it would be gone.
    Ok(page(StatusCode::OK, reader, &super::View { refresh: None, ..view }))
}

async fn webhook(
    call: &Call,
    session: &Session,
    reader: &Reader,
    form: &Form,
    handle: &Handle,
) -> Result<Reply, ApiError> {
    let s = handle.snapshot();
    let base = views::address(&s);
    let url = form.get("url").to_owned();
    let possible = url.parse::<http::Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some_and(|host| !host.is_empty())
    });
    if !possible {
        let clock = &*call.state.clock;
        let inner = super::webhook(call, session, reader, handle, true).await?;
        let body = views::account(reader, &session.caller, &s, "/webhook", clock, &inner);
        let view = super::View { title: s.name.to_string(), live: None, refresh: None, body };
        return Ok(page(StatusCode::BAD_REQUEST, reader, &view));
    }
    let kept = call.state.store.webhook_of(Some(s.id)).await.map_err(refused)?;
    let kept = kept.map_or_else(|| Webhook::to(""), |row| row.webhook);
    let enabled = !form.get("enabled").is_empty();
    let wanted = Webhook { enabled, target: WebhookTarget { url, ..kept.target }, events: kept.events };
    call.state.store.set_webhook(Some(s.id), wanted).await.map_err(refused)?;
    Ok(go(&format!("{base}/webhook"), None))
}

/// On, or why not.
fn after<T, E: std::fmt::Display>(reader: &Reader, done: Result<T, E>, to: &str) -> Reply {
    match done {
        Ok(_) => go(to, None),
        Err(error) => {
            let sentence = reader.tongue.words().failed.replace("{}", &error.to_string());
            told(reader, StatusCode::BAD_GATEWAY, &sentence)
        }
    }
}
