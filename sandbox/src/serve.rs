//! The listeners.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::operations::{Upgrade, upgrade};
use crate::world::World;
use crate::{connection, control as api};

const UPGRADE: Duration = Duration::from_secs(10);

pub(crate) async fn clients(
    at: SocketAddr,
    world: Arc<World>,
    stop: CancellationToken,
) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(at).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Some(Ok((tcp, _))) = stop.run_until_cancelled(listener.accept()).await {
            let _ = tcp.set_nodelay(true);
            let (world, stop) = (Arc::clone(&world), stop.clone());
            tokio::spawn(async move {
                stop.run_until_cancelled(Box::pin(client(tcp, world))).await;
            });
        }
    });
    Ok(address)
}

async fn client(mut tcp: TcpStream, world: Arc<World>) {
    match upgrade(&world) {
        Upgrade::Yes => {}
        Upgrade::Hang => std::future::pending().await,
        Upgrade::Status(status) => {
            world.tell(0, "refused", status.to_string());
            let mut head = [0; 4096];
            let _ = tcp.readable().await;
            let _ = tcp.try_read(&mut head);
            let answer =
                format!("HTTP/1.1 {status} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = tcp.write_all(answer.as_bytes()).await;
            return;
        }
    }
    let builder = tokio_websockets::ServerBuilder::new();
    match tokio::time::timeout(UPGRADE, builder.accept(tcp)).await {
        Ok(Ok((_, socket))) => connection::serve(world, socket).await,
        Ok(Err(error)) => world.tell(0, "violation", format!("no WebSocket: {error}")),
        Err(_) => world.tell(0, "violation", "the upgrade took too long"),
    }
}

pub(crate) async fn control(
    at: SocketAddr,
    world: Arc<World>,
    stop: CancellationToken,
) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(at).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Some(Ok((tcp, _))) = stop.run_until_cancelled(listener.accept()).await {
            let (world, stop) = (Arc::clone(&world), stop.clone());
            tokio::spawn(async move {
                let service = service_fn(move |request| api::serve(Arc::clone(&world), request));
                let serving = hyper::server::conn::http1::Builder::new()
                    .timer(TokioTimer::new())
                    .serve_connection(TokioIo::new(tcp), service);
                let _ = stop.run_until_cancelled(serving).await;
            });
        }
    });
    Ok(address)
}
