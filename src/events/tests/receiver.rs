//! A receiver that remembers everything and answers as it is told.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

#[derive(Clone, Copy)]
pub(super) enum Answer {
    Status(u16),
    /// With seconds.
    RetryAfter(u16, u64),
    Hang,
}

pub(super) struct Receiver {
    /// Bound, so that the port is ours also while nobody listens.
    socket: Mutex<Option<TcpSocket>>,
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    answer: Mutex<Answer>,
    seen: Mutex<Vec<(String, Bytes)>>,
    count: watch::Sender<usize>,
}

impl Receiver {
    /// Refuses every connection until it listens.
    pub(super) fn new(answer: Answer) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = socket.local_addr().unwrap().port();
        let shared =
            Shared { answer: Mutex::new(answer), seen: Mutex::default(), count: watch::channel(0).0 };
        Self { socket: Mutex::new(Some(socket)), port, shared: Arc::new(shared) }
    }

    pub(super) async fn listening(answer: Answer) -> Self {
        let receiver = Self::new(answer);
        receiver.listen().await;
        receiver
    }

    #[allow(clippy::unused_async, reason = "listening takes a runtime")]
    pub(super) async fn listen(&self) {
        let listener = self.socket.lock().unwrap().take().unwrap().listen(1024).unwrap();
        tokio::spawn(accept(listener, Arc::clone(&self.shared)));
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    pub(super) fn answer(&self, answer: Answer) {
        *self.shared.answer.lock().unwrap() = answer;
    }

    pub(super) fn count(&self) -> usize {
        *self.shared.count.borrow()
    }

    pub(super) fn arrivals(&self) -> watch::Receiver<usize> {
        self.shared.count.subscribe()
    }

    pub(super) fn bodies(&self) -> Vec<Value> {
        self.shared
            .seen
            .lock()
            .unwrap()
            .iter()
            .map(|(_, body)| serde_json::from_slice(body).unwrap())
            .collect()
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.shared.seen.lock().unwrap().iter().map(|(id, _)| id.clone()).collect()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| receive(request, Arc::clone(&shared)));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn receive(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let id = request.headers()["webhook-id"].to_str().unwrap().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    shared.seen.lock().unwrap().push((id, body));
    shared.count.send_modify(|count| *count += 1);
    let answer = *shared.answer.lock().unwrap();
    let builder = match answer {
        Answer::Status(status) => Response::builder().status(status),
        Answer::RetryAfter(status, seconds) => {
            Response::builder().status(status).header("retry-after", seconds)
        }
        Answer::Hang => std::future::pending().await,
    };
    Ok(builder.body(Full::new(Bytes::from_static(b"thanks"))).unwrap())
}
