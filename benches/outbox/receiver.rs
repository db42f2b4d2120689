//! A receiver of webhooks.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

/// Counts what it gets.
pub(crate) struct Receiver {
    socket: Option<TcpSocket>,
    pub(crate) url: String,
    pub(crate) count: watch::Sender<usize>,
    answers: bool,
}

impl Receiver {
    /// Nobody listens yet.
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let url = format!("http://{}/hook", socket.local_addr().unwrap());
        Self { socket: Some(socket), url, count: watch::channel(0).0, answers: true }
    }

    /// Takes every request and answers none.
    pub(crate) fn hanging() -> Self {
        let mut receiver = Self { answers: false, ..Self::new() };
        receiver.listen();
        receiver
    }

    pub(crate) fn listen(&mut self) {
        let listener = self.socket.take().unwrap().listen(1024).unwrap();
        tokio::spawn(accept(listener, self.count.clone(), self.answers));
    }

    pub(crate) async fn has(&self, count: usize) {
        self.count.subscribe().wait_for(|n| *n >= count).await.unwrap();
    }
}

async fn accept(listener: TcpListener, count: watch::Sender<usize>, answers: bool) {
    while let Ok((stream, _)) = listener.accept().await {
        let count = count.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let count = count.clone();
            async move {
                request.into_body().collect().await.unwrap();
                count.send_modify(|n| *n += 1);
                if !answers {
                    std::future::pending::<()>().await;
                }
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
