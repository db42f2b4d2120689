//! The bytes below TLS and the WebSocket: late, few, cut in half, or too many.

use std::collections::VecDeque;
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use crate::fault::Fault;

/// What waits in one direction; more is not taken.
const QUEUE: usize = 256 * 1024;
const PIECE: usize = 16 * 1024;

/// What a test asks of a line.
#[derive(Debug)]
pub(crate) struct Control {
    latency: AtomicU64,
    /// Bytes in a second; 0 is without bound.
    bandwidth: AtomicU64,
    /// Bytes that may still come; `u64::MAX` is without bound.
    allowance: AtomicU64,
    half_closed: AtomicBool,
    reset: AtomicBool,
}

impl Control {
    /// A line on which so many bytes may come before [`Self::trust`].
    pub(crate) fn new(allowance: u64) -> Arc<Self> {
        Arc::new(Self {
            latency: AtomicU64::new(0),
            bandwidth: AtomicU64::new(0),
            allowance: AtomicU64::new(allowance),
            half_closed: AtomicBool::new(false),
            reset: AtomicBool::new(false),
        })
    }

    /// So many bytes may come from now on.
    pub(crate) fn allow(&self, bytes: u64) {
        self.allowance.store(bytes, Ordering::Relaxed);
    }

    /// As many bytes may come as will.
    pub(crate) fn trust(&self) {
        self.allow(u64::MAX);
    }

    pub(crate) fn shape(&self, fault: &Fault) {
        match fault {
            Fault::Latency { millis } => self.latency.store(*millis, Ordering::Relaxed),
            Fault::Bandwidth { bytes_per_second } => {
                self.bandwidth.store(*bytes_per_second, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    /// Neither latency nor a bound.
    pub(crate) fn plain(&self) {
        self.latency.store(0, Ordering::Relaxed);
        self.bandwidth.store(0, Ordering::Relaxed);
    }

    /// How much later a byte comes.
    pub(crate) fn latency(&self) -> Duration {
        Duration::from_millis(self.latency.load(Ordering::Relaxed))
    }

    /// Our half is closed at the next flush.
    pub(crate) fn half_close(&self) {
        self.half_closed.store(true, Ordering::Relaxed);
    }

    /// When the line is dropped after the next flush, the other side gets a reset.
    pub(crate) fn reset(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    fn is_plain(&self) -> bool {
        self.latency.load(Ordering::Relaxed) == 0 && self.bandwidth.load(Ordering::Relaxed) == 0
    }
}

/// One direction of a line that is slow.
#[derive(Default)]
struct Lane {
    waiting: VecDeque<(Instant, Bytes)>,
    size: usize,
    /// When the last byte that is under way has left.
    busy: Option<Instant>,
}

impl Lane {
    fn put(&mut self, bytes: Bytes, control: &Control) {
        let now = Instant::now();
        let mut left = self.busy.filter(|busy| *busy > now).unwrap_or(now);
        let micros = u64::try_from(bytes.len()).unwrap_or(u64::MAX).saturating_mul(1_000_000);
        let takes = micros.checked_div(control.bandwidth.load(Ordering::Relaxed));
        left += Duration::from_micros(takes.unwrap_or_default());
        self.busy = Some(left);
        self.size += bytes.len();
        self.waiting.push_back((left + control.latency(), bytes));
    }

    fn due(&mut self) -> Option<&mut Bytes> {
        let now = Instant::now();
        self.waiting.front_mut().filter(|(due, _)| *due <= now).map(|(_, bytes)| bytes)
    }

    fn next(&self) -> Option<Instant> {
        self.waiting.front().map(|(due, _)| *due)
    }

    fn take(&mut self, bytes: usize) {
        self.size = self.size.saturating_sub(bytes);
        if let Some((_, front)) = self.waiting.front_mut() {
            front.advance(bytes.min(front.len()));
            if front.is_empty() {
                self.waiting.pop_front();
            }
        }
    }
}

/// A TCP connection of a client.
pub(crate) struct Line {
    tcp: TcpStream,
    control: Arc<Control>,
    out: Lane,
    inward: Lane,
    /// The other side closed its half.
    ended: bool,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Line {
    pub(crate) fn new(tcp: TcpStream, control: Arc<Control>) -> Self {
        Self { tcp, control, out: Lane::default(), inward: Lane::default(), ended: false, timer: None }
    }

    /// Writes what is due.
    fn drive(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(bytes) = self.out.due() {
            let written = ready!(Pin::new(&mut self.tcp).poll_write(cx, bytes))?;
            self.out.take(written);
        }
        if self.out.waiting.is_empty() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Wakes when the next byte of either direction is due.
    fn wake_later(&mut self, cx: &mut Context<'_>) {
        let Some(next) = self.out.next().into_iter().chain(self.inward.next()).min() else { return };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next)));
        timer.as_mut().reset(next);
        if timer.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }

    /// Takes what has come, to give it later.
    fn gather(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while !self.ended && self.inward.size < QUEUE {
            let mut piece = vec![0; PIECE];
            let mut buffer = ReadBuf::new(&mut piece);
            match Pin::new(&mut self.tcp).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => self.ended = true,
                Poll::Ready(Ok(())) => {
                    let bytes = Bytes::copy_from_slice(buffer.filled());
                    self.inward.put(bytes, &self.control);
                }
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => break,
            }
        }
        Ok(())
    }

    fn read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let slow = !self.out.waiting.is_empty() || !self.inward.waiting.is_empty();
        if !slow && self.control.is_plain() {
            return Pin::new(&mut self.tcp).poll_read(cx, buffer);
        }
        if let Poll::Ready(Err(error)) = self.drive(cx) {
            return Poll::Ready(Err(error));
        }
        self.gather(cx)?;
        if let Some(bytes) = self.inward.due() {
            let given = bytes.len().min(buffer.remaining());
            buffer.put_slice(bytes.get(..given).unwrap_or_default());
            self.inward.take(given);
            return Poll::Ready(Ok(()));
        }
        if self.ended && self.inward.waiting.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.wake_later(cx);
        Poll::Pending
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let line = self.get_mut();
        let before = buffer.filled().len();
        ready!(line.read(cx, buffer))?;
        let came = u64::try_from(buffer.filled().len().saturating_sub(before)).unwrap_or(u64::MAX);
        let allowance = line.control.allowance.load(Ordering::Relaxed);
        if allowance < u64::MAX {
            if came > allowance {
                return Poll::Ready(Err(io::Error::other(
                    "more came than anybody says who is not known yet",
                )));
            }
            line.control.allow(allowance - came);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Line {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let line = self.get_mut();
        if line.out.waiting.is_empty() && line.control.is_plain() {
            return Pin::new(&mut line.tcp).poll_write(cx, bytes);
        }
        if let Poll::Ready(Err(error)) = line.drive(cx) {
            return Poll::Ready(Err(error));
        }
        if line.out.size >= QUEUE {
            line.wake_later(cx);
            return Poll::Pending;
        }
        let taken = bytes.get(..PIECE).unwrap_or(bytes);
        line.out.put(Bytes::copy_from_slice(taken), &line.control);
        line.wake_later(cx);
        Poll::Ready(Ok(taken.len()))
    }

    /// Bytes that are still under way are no reason to wait: the next read sees them off.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let line = self.get_mut();
        if line.control.reset.load(Ordering::Relaxed) {
            line.tcp.set_zero_linger()?;
        }
        if let Poll::Ready(Err(error)) = line.drive(cx) {
            return Poll::Ready(Err(error));
        }
        if line.control.half_closed.load(Ordering::Relaxed) {
            let _ = Pin::new(&mut line.tcp).poll_shutdown(cx);
        }
        if !line.out.waiting.is_empty() {
            line.wake_later(cx);
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut line.tcp).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let line = self.get_mut();
        match line.drive(cx) {
            Poll::Ready(Ok(())) => Pin::new(&mut line.tcp).poll_shutdown(cx),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                line.wake_later(cx);
                Poll::Pending
            }
        }
    }
}
