//! Through a proxy: HTTP `CONNECT` (RFC 9110 §9.3.6) and SOCKS 5 (RFC 1928, RFC 1929).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::names::Names;
use super::{NetError, Target, dial};
use crate::model::{ProxyConfig, ProxyProtocol, Secret};

/// An answer to `CONNECT` has a status line and a few headers.
const HEAD: usize = 8 * 1024;

pub(super) async fn through(
    names: &Names,
    proxy: &ProxyConfig,
    target: &Target,
) -> Result<TcpStream, NetError> {
    let mut stream =
        dial::dial(names, &proxy.host, proxy.port, None).await.map_err(|e| failed(proxy, e.to_string()))?;
    match proxy.protocol {
        ProxyProtocol::Http => connect(&mut stream, proxy, target).await?,
        ProxyProtocol::Socks5 => socks5(&mut stream, proxy, target).await?,
    }
    Ok(stream)
}

/// It took longer than anybody waits for.
pub(super) fn late(proxy: &ProxyConfig, target: &Target) -> NetError {
    failed(proxy, format!("it did not connect to {} in time", target.host))
}

fn failed(proxy: &ProxyConfig, why: impl Into<String>) -> NetError {
    NetError::Proxy { proxy: format!("{}:{}", proxy.host, proxy.port), why: why.into() }
}

async fn connect(stream: &mut TcpStream, proxy: &ProxyConfig, target: &Target) -> Result<(), NetError> {
    let io = |error: std::io::Error| failed(proxy, error.to_string());
    let authority = format!("{}:{}", target.host, target.port);
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
    if let Some(user) = &proxy.username {
        let password = proxy.password.as_ref().map_or("", Secret::expose);
        let token = STANDARD.encode(format!("{user}:{password}"));
        request.extend(["Proxy-Authorization: Basic ", &token, "\r\n"]);
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.map_err(io)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD {
            return Err(failed(proxy, "its answer is too long"));
        }
        // Byte by byte: what follows the head is the tunnel's.
        head.push(stream.read_u8().await.map_err(io)?);
    }
    let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
    match line.split_whitespace().nth(1) {
        Some("200") => Ok(()),
        Some("407") => Err(failed(proxy, "it wants another user or password (407)")),
        _ => Err(failed(proxy, format!("it would not connect to {authority} ({line})"))),
    }
}

async fn socks5(stream: &mut TcpStream, proxy: &ProxyConfig, target: &Target) -> Result<(), NetError> {
    let io = |error: std::io::Error| failed(proxy, error.to_string());
    let method = if proxy.username.is_some() { 2 } else { 0 };
    stream.write_all(&[5, 1, method]).await.map_err(io)?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer).await.map_err(io)?;
    if answer != [5, method] {
        return Err(failed(proxy, "it is no SOCKS 5 proxy, or wants another way to sign in"));
    }
    if let Some(user) = &proxy.username {
        let mut request = vec![1];
        for part in [user.as_str(), proxy.password.as_ref().map_or("", Secret::expose)] {
            request
                .push(u8::try_from(part.len()).map_err(|_| failed(proxy, "user or password is too long"))?);
            request.extend_from_slice(part.as_bytes());
        }
        stream.write_all(&request).await.map_err(io)?;
        stream.read_exact(&mut answer).await.map_err(io)?;
        if answer[1] != 0 {
            return Err(failed(proxy, "it wants another user or password"));
        }
    }
    let length = u8::try_from(target.host.len()).map_err(|_| failed(proxy, "the name is too long"))?;
    let mut request = vec![5, 1, 0, 3, length];
    request.extend_from_slice(target.host.as_bytes());
    request.extend_from_slice(&target.port.to_be_bytes());
    stream.write_all(&request).await.map_err(io)?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await.map_err(io)?;
    if head[1] != 0 {
        return Err(failed(proxy, format!("it would not connect to {} (reply {})", target.host, head[1])));
    }
    let address = match head[3] {
        1 => 4,
        4 => 16,
        3 => usize::from(stream.read_u8().await.map_err(io)?),
        other => return Err(failed(proxy, format!("it answered with address type {other}"))),
    };
    let mut bound = vec![0; address + 2];
    stream.read_exact(&mut bound).await.map_err(io)?;
    Ok(())
}
