//! Sends webhooks as Meta does: signed over the raw body.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::{CONTENT_TYPE, HOST};
use http::{Request, Uri};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use sha2::Sha256;
use tokio::net::TcpStream;

use crate::told::Refused;

const LIMIT: Duration = Duration::from_secs(20);

/// One webhook to be sent.
#[derive(Debug, Clone, Deserialize)]
pub struct Delivery {
    /// Where to; `http` only, as this stays on the machine.
    pub url: String,
    /// The app's secret.
    pub secret: String,
    /// The whole body.
    pub payload: serde_json::Value,
}

/// Sends it and gives the receiver's status.
///
/// # Errors
/// When there is no answer.
pub async fn send(delivery: &Delivery) -> Result<u16, Refused> {
    let wrong = |why: String| Refused(format!("{}: {why}", delivery.url));
    let sending = async {
        let url: Uri = delivery.url.parse().map_err(|_| wrong("is no address".into()))?;
        let authority = url.authority().ok_or_else(|| wrong("names no host".into()))?.clone();
        let port = authority.port_u16().unwrap_or(80);
        let tcp = TcpStream::connect((authority.host(), port)).await.map_err(|e| wrong(e.to_string()))?;
        let io = TokioIo::new(tcp);
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(io).await.map_err(|e| wrong(e.to_string()))?;
        tokio::spawn(connection);
        let body = Bytes::from(delivery.payload.to_string());
        let request = Request::post(url.path())
            .header(HOST, authority.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header("x-hub-signature-256", signature(&delivery.secret, &body)?)
            .body(Full::new(body))
            .map_err(|e| wrong(e.to_string()))?;
        let answer = sender.send_request(request).await.map_err(|e| wrong(e.to_string()))?;
        Ok(answer.status().as_u16())
    };
    tokio::time::timeout(LIMIT, sending).await.unwrap_or_else(|_| Err(wrong("no answer".into())))
}

fn signature(secret: &str, body: &[u8]) -> Result<String, Refused> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_err(|e| Refused(e.to_string()))?;
    mac.update(body);
    Ok(format!("sha256={}", hex::encode(mac.finalize().into_bytes())))
}
