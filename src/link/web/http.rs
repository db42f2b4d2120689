//! The engine's HTTP (media only) through our one client.

use std::time::Duration;

use async_trait::async_trait;
use whatsapp_rust::anyhow;
use whatsapp_rust::http::{HttpClient, HttpRequest, HttpResponse};

use crate::net::{FetchOptions, Net};

/// Media of a household: more is not loaded into a small box's memory.
const MEDIA: usize = 64 * 1024 * 1024;

pub(super) struct EngineHttp(pub(super) Net);

#[async_trait]
impl HttpClient for EngineHttp {
    async fn execute(&self, request: HttpRequest) -> anyhow::Result<HttpResponse> {
        let mut builder = http::Request::builder().method(request.method.as_str()).uri(&request.url);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let body = request.body.unwrap_or_default();
        let builder = builder.header(http::header::CONTENT_LENGTH, body.len());
        let options =
            FetchOptions { whole: Duration::from_mins(2), body_limit: MEDIA, ..FetchOptions::default() };
        let answer = self.0.fetch(builder.body(body)?, &options).await?;
        anyhow::ensure!(!answer.truncated, "the answer is larger than {MEDIA} bytes");
        Ok(HttpResponse { status_code: answer.status.as_u16(), body: answer.body.to_vec() })
    }
}
