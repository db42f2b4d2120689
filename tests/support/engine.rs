//! A bare client of the engine, without tetherd: the other side of the sandbox.
#![allow(dead_code, reason = "each test uses a part")]

use std::sync::Arc;
use std::time::Duration;

use tetherd_sandbox::{Options, Sandbox};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use whatsapp_rust::bot::Bot;
use whatsapp_rust::http::{HttpClient, HttpRequest, HttpResponse};
use whatsapp_rust::transport::TokioWebSocketTransportFactory;
use whatsapp_rust::wacore::store::InMemoryBackend;
use whatsapp_rust::wacore::types::events::{Event, EventHandler, InboundMessage};
use whatsapp_rust::{Client, Jid, anyhow, async_trait};

const LIMIT: Duration = Duration::from_secs(30);

pub(crate) const ME: &str = "15551234567";
pub(crate) const FRIEND: &str = "4915112345678";

/// What outlives a client: its keys.
pub(crate) type Keys = Arc<InMemoryBackend>;

pub(crate) struct Engine {
    pub(crate) client: Arc<Client>,
    run: JoinHandle<()>,
    events: mpsc::UnboundedReceiver<Arc<Event>>,
}

struct Ear(mpsc::UnboundedSender<Arc<Event>>);

impl EventHandler for Ear {
    fn handle_event(&self, event: Arc<Event>) {
        let _ = self.0.send(event);
    }
}

struct Http(tetherd::net::Net);

#[async_trait]
impl HttpClient for Http {
    async fn execute(&self, request: HttpRequest) -> anyhow::Result<HttpResponse> {
        let mut builder = http::Request::builder().method(request.method.as_str()).uri(&request.url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let body = request.body.unwrap_or_default();
        let builder = builder.header(http::header::CONTENT_LENGTH, body.len());
        let options = tetherd::net::FetchOptions { body_limit: 1 << 24, ..Default::default() };
        let answer = self.0.fetch(builder.body(body)?, &options).await?;
        Ok(HttpResponse { status_code: answer.status.as_u16(), body: answer.body.to_vec() })
    }
}

impl Engine {
    /// A client that connects once, with these keys.
    pub(crate) async fn start(sandbox: &Sandbox, keys: &Keys) -> Self {
        Self::start_with(sandbox, keys, 30).await
    }

    /// With so many one-time prekeys.
    pub(crate) async fn start_with(sandbox: &Sandbox, keys: &Keys, prekeys: usize) -> Self {
        let (sender, events) = mpsc::unbounded_channel();
        let clock = Arc::new(tetherd::model::SystemClock);
        let ca = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(ca.path(), sandbox.ca_pem().unwrap()).unwrap();
        let config = tetherd::net::NetConfig { extra_ca: vec![ca.path().to_owned()], ..Default::default() };
        let net = tetherd::net::Net::new(&config, clock).unwrap();
        let bot = Bot::builder()
            .with_backend_arc(Arc::clone(keys) as Arc<_>)
            .with_transport_factory(TokioWebSocketTransportFactory::new().with_url(sandbox.ws_url()))
            .with_http_client(Http(net))
            .with_version((2, 3000, 1_042_742_319))
            .with_wanted_pre_key_count(prekeys)
            .with_event_handler(Ear(sender))
            .build()
            .await
            .unwrap();
        let client = bot.client();
        let run = tokio::spawn(async move { bot.run().await });
        Self { client, run, events }
    }

    /// A fresh client, scanned by the phone of this number and through with its first log-in.
    pub(crate) async fn linked(sandbox: &Sandbox, phone: &str) -> (Self, Keys, String) {
        Self::linked_with(sandbox, phone, 30).await
    }

    pub(crate) async fn linked_with(sandbox: &Sandbox, phone: &str, prekeys: usize) -> (Self, Keys, String) {
        let keys = Keys::default();
        let mut engine = Self::start_with(sandbox, &keys, prekeys).await;
        let jid = sandbox.scan(phone, &engine.qr().await).await.unwrap();
        engine.connected().await;
        (engine, keys, jid)
    }

    /// The first event that `wanted` makes something of; those before it are gone.
    pub(crate) async fn event<T>(&mut self, what: &str, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        let found = async {
            loop {
                let event = self.events.recv().await.expect("the client is gone");
                if let Some(found) = wanted(&event) {
                    return found;
                }
            }
        };
        tokio::time::timeout(LIMIT, found).await.unwrap_or_else(|_| panic!("never {what}"))
    }

    pub(crate) async fn qr(&mut self) -> String {
        self.event("a code", |e| if let Event::PairingQrCode(qr) = e { Some(qr.code.clone()) } else { None })
            .await
    }

    pub(crate) async fn connected(&mut self) {
        self.event("connected", |e| matches!(e, Event::Connected(_)).then_some(())).await;
    }

    /// The next `count` messages of people, in the order in which they came.
    pub(crate) async fn messages(&mut self, count: usize) -> Vec<InboundMessage> {
        let mut messages = Vec::new();
        self.event("so many messages", |event| {
            if let Event::Messages(batch) = event {
                messages
                    .extend(batch.messages.iter().filter(|m| m.info.category.as_str() != "peer").cloned());
            }
            (messages.len() >= count).then_some(())
        })
        .await;
        messages
    }

    pub(crate) async fn stop(self) {
        self.client.disconnect().await;
        self.run.await.unwrap();
    }
}

pub(crate) async fn sandbox() -> Sandbox {
    Sandbox::start(Options::default()).await.unwrap()
}

/// A client of mine, and a friend whose phone is there and not shown as online.
pub(crate) async fn linked() -> (Sandbox, Engine) {
    let sandbox = sandbox().await;
    let (engine, _, _) = Engine::linked(&sandbox, ME).await;
    sandbox.set_present(FRIEND, false).unwrap();
    (sandbox, engine)
}

pub(crate) fn friend() -> Jid {
    format!("{FRIEND}@s.whatsapp.net").parse().unwrap()
}

pub(crate) fn text(message: &InboundMessage) -> String {
    message.message.conversation.clone().unwrap_or_default()
}

/// What a client did wrong.
pub(crate) fn violations(sandbox: &Sandbox) -> Vec<String> {
    let events = sandbox.events().into_iter();
    events.filter(|event| event.kind == "violation").map(|event| event.text).collect()
}

/// Until the sandbox has seen so much of this kind.
pub(crate) async fn until(sandbox: &Sandbox, kind: &str, wanted: &str) {
    let seen = sandbox.wait_for(0, LIMIT, |event| event.kind == kind && event.text.contains(wanted)).await;
    assert!(seen.is_some(), "never {kind} {wanted:?}");
}
