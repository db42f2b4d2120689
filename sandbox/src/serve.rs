//! The listeners.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_websockets::Limits;

use crate::fault::{Fault, Upgrade};
use crate::line::{Control, Line};
use crate::tls::Tls;
use crate::world::World;
use crate::{connection, control as api, media};

/// TLS and the upgrade together.
const UPGRADE: Duration = Duration::from_secs(10);
/// What a client may send before the WebSocket stands: TLS and a large HTTP head.
const HEAD: u64 = 64 * 1024;
/// As long as a frame can be, with its length.
const MESSAGE: usize = (1 << 24) + 3;
/// Connections at a time; more wait in the kernel.
const CLIENTS: usize = 10_000;
const CONTROLLERS: usize = 256;
/// How long a client is kept waiting that shall hang.
const HANG: Duration = Duration::from_mins(15);
/// After a failed accept, such as for want of file descriptors.
const RECOVER: Duration = Duration::from_millis(100);

/// Serves clients by `ws://`, or with `tls` by `wss://`.
pub(crate) async fn clients(
    at: SocketAddr,
    world: Arc<World>,
    tls: Option<Arc<Tls>>,
    stop: CancellationToken,
) -> io::Result<SocketAddr> {
    listen(at, CLIENTS, stop, move |tcp| client(tcp, Arc::clone(&world), tls.clone())).await
}

/// Binds, and lets every connection be served by a task of its own until `stop`.
async fn listen<F: Future<Output = ()> + Send + 'static>(
    at: SocketAddr,
    most: usize,
    stop: CancellationToken,
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> io::Result<SocketAddr> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("cannot listen on {at}: {error}"));
    let listener = TcpListener::bind(at).await.map_err(named)?;
    let address = listener.local_addr()?;
    let places = Arc::new(Semaphore::new(most));
    let ended = stop.clone();
    let accepting = async move {
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            match listener.accept().await {
                Ok((tcp, _)) => {
                    let _ = tcp.set_nodelay(true);
                    let (serving, stop) = (Box::pin(serve(tcp)), stop.clone());
                    tokio::spawn(async move {
                        stop.run_until_cancelled(serving).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "no connection could be accepted");
                    tokio::time::sleep(RECOVER).await;
                }
            }
        }
    };
    tokio::spawn(ended.run_until_cancelled_owned(accepting));
    Ok(address)
}

async fn client(tcp: TcpStream, world: Arc<World>, tls: Option<Arc<Tls>>) {
    // Who only looks whether somebody listens is no client yet, and meets no fault.
    match tokio::time::timeout(UPGRADE, tcp.peek(&mut [0])).await {
        Ok(Ok(1..)) => {}
        Ok(_) => return world.tell(0, "left", "somebody connected and left without a word"),
        Err(_) => return world.tell(0, "violation", "the upgrade took too long"),
    }
    let control = Control::new(HEAD);
    world.lock().shape(&control, 0, None);
    let line = Line::new(tcp, Arc::clone(&control));
    let Some(tls) = tls else { return upgrade(line, world, control).await };
    let wrong = match world.fault_due(|fault| matches!(fault, Fault::TlsCertificate { .. }), None) {
        Some(Fault::TlsCertificate { what }) => Some(what),
        _ => None,
    };
    let acceptor = match tls.acceptor(wrong, world.now()) {
        Ok(acceptor) => acceptor,
        Err(error) => return tracing::error!(%error, "no certificate"),
    };
    match tokio::time::timeout(UPGRADE, acceptor.accept(line)).await {
        Ok(Ok(stream)) => upgrade(stream, world, control).await,
        Ok(Err(error)) => world.tell(0, "tls_failed", error.to_string()),
        Err(_) => world.tell(0, "violation", "the TLS handshake took too long"),
    }
}

async fn upgrade<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, world: Arc<World>, control: Arc<Control>) {
    let asked = world.upgrade();
    if !matches!(asked, Upgrade::Yes | Upgrade::Silent) {
        world.tell(0, "refused", format!("{asked:?}"));
    }
    match asked {
        Upgrade::Yes | Upgrade::Silent => {}
        Upgrade::Hang => return ignore(&mut stream, &control).await,
        Upgrade::NoHttp => return refuse(&mut stream, b"\x05\xffno HTTP is spoken here\r\n\r\n").await,
        Upgrade::Status(status) => {
            let answer =
                format!("HTTP/1.1 {status} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            return refuse(&mut stream, answer.as_bytes()).await;
        }
    }
    let builder =
        tokio_websockets::ServerBuilder::new().limits(Limits::default().max_payload_len(Some(MESSAGE)));
    let (request, socket) = match tokio::time::timeout(UPGRADE, builder.accept(stream)).await {
        Ok(Ok(accepted)) => accepted,
        Ok(Err(error)) => return world.tell(0, "violation", format!("no WebSocket: {error}")),
        Err(_) => return world.tell(0, "violation", "the upgrade took too long"),
    };
    if !request.uri().path().starts_with("/ws") {
        world.tell(0, "violation", format!("the path is {}, not /ws/chat", request.uri().path()));
    }
    if asked == Upgrade::Silent {
        return ignore(&mut socket.into_inner(), &control).await;
    }
    connection::serve(world, socket, control).await;
}

/// Reads the request, answers that, and waits for the client to close.
async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, answer: &[u8]) {
    let exchange = async {
        let (mut head, mut piece) = (Vec::new(), [0; 4096]);
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut piece).await {
                Ok(read @ 1..) => head.extend_from_slice(piece.get(..read).unwrap_or_default()),
                _ => return,
            }
        }
        if stream.write_all(answer).await.is_ok() && stream.shutdown().await.is_ok() {
            while matches!(stream.read(&mut piece).await, Ok(1..)) {}
        }
    };
    let _ = tokio::time::timeout(UPGRADE, exchange).await;
}

/// Reads and answers nothing until the client closes.
async fn ignore<S: AsyncRead + Unpin>(stream: &mut S, control: &Control) {
    control.trust();
    let reading = async {
        let mut piece = [0; 4096];
        while matches!(stream.read(&mut piece).await, Ok(1..)) {}
    };
    let _ = tokio::time::timeout(HANG, reading).await;
}

/// Serves the control API, `sw.js` and the Graph API.
pub(crate) async fn control(
    at: SocketAddr,
    world: Arc<World>,
    stop: CancellationToken,
) -> io::Result<SocketAddr> {
    listen(at, CONTROLLERS, stop, move |tcp| {
        let world = Arc::clone(&world);
        async move {
            let service = service_fn(move |request| api::serve(Arc::clone(&world), request));
            let serving = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(tcp), service);
            let _ = serving.await;
        }
    })
    .await
}

/// Serves files over HTTPS.
pub(crate) async fn media(
    at: SocketAddr,
    world: Arc<World>,
    tls: Arc<Tls>,
    stop: CancellationToken,
) -> io::Result<SocketAddr> {
    listen(at, CONTROLLERS, stop, move |tcp| {
        let (world, tls) = (Arc::clone(&world), Arc::clone(&tls));
        async move {
            let acceptor = match tls.acceptor(None, world.now()) {
                Ok(acceptor) => acceptor,
                Err(error) => return tracing::error!(%error, "no certificate"),
            };
            let Ok(Ok(stream)) = tokio::time::timeout(UPGRADE, acceptor.accept(tcp)).await else {
                return world.tell(0, "tls_failed", "no TLS at the media host");
            };
            let service = service_fn(move |request| media::serve(Arc::clone(&world), request));
            let serving = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            let _ = serving.await;
        }
    })
    .await
}
