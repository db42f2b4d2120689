//! The kernel's word that routes or addresses changed (`rtnetlink(7)`), or, where it may not be heard, a
//! look now and then.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use futures_util::FutureExt as _;
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, bind, recv, socket_with};
use tokio::io::unix::AsyncFd;

/// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR`, `RTMGRP_IPV4_ROUTE`, `RTMGRP_IPV6_IFADDR`, `RTMGRP_IPV6_ROUTE`.
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;
/// How often one looks without a bell.
const LOOK: Duration = Duration::from_secs(3);

pub(super) struct Bell(Option<AsyncFd<OwnedFd>>);

impl Bell {
    pub(super) fn new() -> Self {
        match hear() {
            Ok(socket) => Self(Some(socket)),
            Err(error) => {
                tracing::info!(%error, "the kernel does not tell of new routes; they are looked at every {} s", LOOK.as_secs());
                Self(None)
            }
        }
    }

    /// Something may have changed.
    pub(super) async fn rings(&mut self) {
        match &self.0 {
            Some(socket) if socket.readable().await.is_ok() => {}
            Some(_) => {
                self.0 = None;
                tokio::time::sleep(LOOK).await;
            }
            None => tokio::time::sleep(LOOK).await,
        }
    }

    /// All that was said so far is heard. What it said does not matter.
    pub(super) fn silence(&mut self) {
        let Some(socket) = &self.0 else { return };
        // Taken before the messages are, so that one that comes meanwhile rings again.
        let ready = socket.readable().now_or_never();
        // One message at a time; what is cut off or was too much says no more than that it rang.
        let hear = || recv(socket.get_ref(), &mut [0_u8; 64], RecvFlags::TRUNC | RecvFlags::DONTWAIT);
        while let Ok(_) | Err(Errno::NOBUFS | Errno::INTR) = hear() {}
        if let Some(Ok(mut ready)) = ready {
            ready.clear_ready();
        }
    }
}

fn hear() -> io::Result<AsyncFd<OwnedFd>> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    // No protocol is number 0: `NETLINK_ROUTE`.
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
    bind(&socket, &SocketAddrNetlink::new(0, GROUPS))?;
    super::registered(socket)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::Bell;
    use std::time::Duration;

    #[tokio::test]
    async fn it_is_silent_when_nothing_changes() {
        let mut bell = Bell::new();
        assert!(bell.0.is_some(), "the kernel lets this process hear");
        bell.silence();
        assert!(tokio::time::timeout(Duration::from_millis(50), bell.rings()).await.is_err());
    }
}
