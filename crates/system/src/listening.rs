//! Listening sockets: those that a process was started with and knows by number, and an option
//! that no safe interface offers.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// A close-on-exec duplicate of an inherited descriptor (`fd@N` of haproxy.cfg).
///
/// # Errors
///
/// `InvalidInput` for a negative number, the kernel's word (`EBADF`) where nothing is open there.
pub fn inherited(number: RawFd) -> io::Result<OwnedFd> {
    if number < 0 {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    // SAFETY: the number is borrowed only for the duplication; the kernel refuses one that is not
    // open, and the duplicate is ours alone.
    unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned()
}

/// Asks the kernel to hand a TCP connection over with its first data, or bare after about
/// `seconds` (`TCP_DEFER_ACCEPT`, tcp(7)).
///
/// # Errors
///
/// The kernel's word where the socket is no TCP socket.
pub fn defer_accept(socket: BorrowedFd<'_>, seconds: i32) -> io::Result<()> {
    let size = libc::socklen_t::try_from(size_of::<i32>()).expect("an integer's size fits");
    // SAFETY: the option's value is an integer that outlives the call, and its size is given.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_DEFER_ACCEPT,
            (&raw const seconds).cast(),
            size,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::inherited;

    #[test]
    fn an_open_descriptor_is_duplicated_and_others_are_refused() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert_ne!(
            inherited(file.as_raw_fd()).unwrap().as_raw_fd(),
            file.as_raw_fd()
        );
        assert!(inherited(-1).is_err());
        assert!(inherited(1_000_000).is_err());
    }
}
