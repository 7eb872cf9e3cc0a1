//! Descriptors of this crate for tokio.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

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
unsafe impl StableDescriptor for crate::echo::EchoSocket {}
// SAFETY: as above.
unsafe impl StableDescriptor for crate::folder_events::FolderEvents {}
// SAFETY: as above, a `File`.
unsafe impl StableDescriptor for crate::mounts::MountMonitor {}
// SAFETY: as above.
unsafe impl StableDescriptor for crate::monitor::NetworkMonitor {}
// SAFETY: as above.
unsafe impl StableDescriptor for crate::vrrp_socket::VrrpSocket {}
// SAFETY: as above.
unsafe impl StableDescriptor for crate::process::Child {}
// SAFETY: as above.
unsafe impl StableDescriptor for crate::process::Pidfd {}

// SAFETY: as above.
unsafe impl StableDescriptor for Duplicate {}

/// Another descriptor of what a foreign library has open, to wait for it. The library alone reads
/// and writes; it is to be closed before the library closes its own.
#[derive(Debug)]
pub struct Duplicate {
    descriptor: OwnedFd,
}

impl Duplicate {
    /// Of a descriptor that the library has named.
    ///
    /// # Errors
    /// Where it is not open, or there are too many.
    pub fn of(descriptor: RawFd) -> io::Result<Self> {
        // SAFETY: no memory is handed over; a number that is not open is answered with an error.
        let duplicate = unsafe { libc::fcntl(descriptor, libc::F_DUPFD_CLOEXEC, 0) };
        if duplicate < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was made above and belongs to nobody else.
        let descriptor = unsafe { OwnedFd::from_raw_fd(duplicate) };
        Ok(Self { descriptor })
    }
}

impl AsRawFd for Duplicate {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

impl AsFd for Duplicate {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

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
