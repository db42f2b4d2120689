//! One connection, from its first byte to its last.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::patient::Patient;
use super::{Limits, plain};
use crate::http::address::Peer;
use crate::http::router;
use crate::http::state::State;

/// What is read of a request's head before anything is known of it. Beyond that hyper answers by itself with a 431
/// without a body, as to more than 100 headers.
const READ_BYTES: usize = 64 * 1024;

/// What a connection came in on.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// What all connections of one listener share.
#[derive(Clone)]
pub(super) struct Conversation {
    pub(super) state: Arc<State>,
    pub(super) tls: Option<watch::Receiver<Arc<rustls::ServerConfig>>>,
    pub(super) limits: Limits,
    pub(super) shutdown: CancellationToken,
}

impl Conversation {
    /// Answers requests until the client goes, is too slow, or the server stops.
    pub(super) async fn hold(self, stream: Stream, peer: Peer) {
        match stream {
            Stream::Tcp(stream)
                if self.tls.is_some() && plain::is_spoken_on(&stream, self.limits.headers).await =>
            {
                plain::turn_away(stream, self.limits).await;
            }
            Stream::Tcp(stream) => self.secure(stream, peer).await,
            Stream::Unix(stream) => self.secure(stream, peer).await,
        }
    }

    async fn secure<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S, peer: Peer) {
        let Some(tls) = &self.tls else { return self.speak(stream, peer, false).await };
        let acceptor = TlsAcceptor::from(Arc::clone(&tls.borrow()));
        match tokio::time::timeout(self.limits.headers, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => self.speak(stream, peer, true).await,
            Ok(Err(error)) => tracing::debug!(?peer, %error, "no TLS with a client"),
            Err(_) => tracing::debug!(?peer, "a client was too slow to begin with TLS"),
        }
    }

    async fn speak<S>(self, stream: S, peer: Peer, secure: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let state = self.state;
        let service = service_fn(move |request| {
            let state = Arc::clone(&state);
            async move { Ok::<_, Infallible>(router::answer(state, peer, secure, request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.headers)
            .max_buf_size(READ_BYTES)
            // Answers are short: head and body go out as one piece.
            .writev(false)
            .serve_connection(TokioIo::new(Patient::new(stream, self.limits.stalled)), service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = &mut connection => ended,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                match tokio::time::timeout(self.limits.farewell, connection).await {
                    Ok(ended) => ended,
                    Err(_) => return,
                }
            }
        };
        if let Err(error) = ended {
            tracing::trace!(?peer, %error, "a connection ended");
        }
    }
}
