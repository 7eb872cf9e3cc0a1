//! Descriptors of this crate for tokio.

use std::io;
use std::os::fd::AsRawFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A type that owns one descriptor and answers the same one for ever.
///
/// # Safety
///
/// `as_raw_fd` answers an open descriptor that the value owns, the same at each call until the value
/// is dropped.
pub unsafe trait StableDescriptor: AsRawFd {}

// SAFETY: each holds one `OwnedFd` in a private field that is never replaced.
unsafe impl StableDescriptor for crate::channel::Channel {}
// SAFETY: as above.
unsafe impl StableDescriptor for crate::monitor::NetworkMonitor {}
// SAFETY: as above.
unsafe impl StableDescriptor for crate::vrrp_socket::VrrpSocket {}
// SAFETY: as above.
unsafe impl StableDescriptor for crate::process::Child {}

/// A non-blocking descriptor that a tokio task can wait for.
#[derive(Debug)]
pub struct Awaited<T: StableDescriptor> {
    descriptor: AsyncFd<T>,
}

impl<T: StableDescriptor> Awaited<T> {
    /// Hands it to the runtime; call inside one. It must be non-blocking.
    pub fn new(inner: T) -> io::Result<Self> {
        // SAFETY: `StableDescriptor` promises what `register` asks for.
        let descriptor = unsafe { AsyncFd::register(inner) }?;
        Ok(Self { descriptor })
    }

    /// Waits until it is readable and does `work`; waits again where that answers `WouldBlock`.
    /// Safe to be cancelled.
    pub async fn read<R>(&self, work: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.descriptor.async_io(Interest::READABLE, work).await
    }

    /// The value, to be used without waiting.
    pub fn inner(&self) -> &T {
        self.descriptor.get_ref()
    }
}
