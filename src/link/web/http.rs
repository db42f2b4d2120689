//! The engine's HTTP (media only) through our one client.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use whatsapp_rust::anyhow;
use whatsapp_rust::http::{HttpClient, HttpRequest, HttpResponse};

use crate::link::LinkOptions;
use crate::net::{FetchOptions, Net};

/// Media of a household: more is not loaded into a small box's memory.
const MEDIA: usize = 64 * 1024 * 1024;

tokio::task_local! {
    /// Bytes that the request under way may load, when that is less.
    pub(super) static LIMIT: usize;
}

/// The other side sent more than is loaded.
#[derive(Debug, thiserror::Error)]
#[error("the answer is larger than {0} bytes")]
pub(super) struct TooLarge(usize);

/// What the instance sends goes the way that is set for it.
pub(super) struct EngineHttp {
    pub(super) net: Net,
    pub(super) options: Arc<Mutex<LinkOptions>>,
}

#[async_trait]
impl HttpClient for EngineHttp {
    async fn execute(&self, request: HttpRequest) -> anyhow::Result<HttpResponse> {
        let mut builder = http::Request::builder().method(request.method.as_str()).uri(&request.url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let body = request.body.unwrap_or_default();
        let builder = builder.header(http::header::CONTENT_LENGTH, body.len());
        let limit = LIMIT.try_with(|limit| *limit).unwrap_or(MEDIA).min(MEDIA);
        let options = FetchOptions {
            whole: Duration::from_mins(2),
            body_limit: limit,
            proxy: self.options.lock().unwrap_or_else(PoisonError::into_inner).proxy.clone(),
            ..FetchOptions::default()
        };
        let answer = self.net.fetch(builder.body(body)?, &options).await?;
        if answer.truncated {
            return Err(TooLarge(limit).into());
        }
        Ok(HttpResponse { status_code: answer.status.as_u16(), body: answer.body.to_vec() })
    }
}
