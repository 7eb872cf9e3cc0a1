//! One packet with descriptors, through `sendmsg(2)` and `recvmsg(2)`.
//!
//! By hand rather than through `nix`: a packet cut by the kernel (`MSG_CTRUNC`) still installs some
//! of its descriptors, and they must be closed, not forgotten.

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

/// The most descriptors the kernel passes at once (`SCM_MAX_FD`).
const KERNEL_MAX_DESCRIPTORS: usize = 253;
/// Room for one control message with that many descriptors, in words so that it is aligned.
const CONTROL_WORDS: usize = (size_of::<libc::cmsghdr>()
    + KERNEL_MAX_DESCRIPTORS * size_of::<RawFd>())
.div_ceil(size_of::<u64>())
    + 1;

pub(super) struct Packet {
    pub(super) bytes: Vec<u8>,
    pub(super) descriptors: Vec<OwnedFd>,
    /// The packet was longer than asked for, or some of its descriptors could not be installed.
    pub(super) truncated: bool,
}

pub(super) fn send(
    socket: BorrowedFd<'_>,
    header: &[u8],
    body: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<()> {
    assert!(
        descriptors.len() <= KERNEL_MAX_DESCRIPTORS,
        "the caller bounds the descriptors"
    );
    let mut parts = [header, body].map(|part| libc::iovec {
        iov_base: part.as_ptr().cast_mut().cast(),
        iov_len: part.len(),
    });
    let mut control = [0u64; CONTROL_WORDS];
    // SAFETY: all-zero is a valid `msghdr`: null pointers and lengths of zero.
    let mut message: libc::msghdr = unsafe { zeroed() };
    message.msg_iov = parts.as_mut_ptr();
    message.msg_iovlen = parts.len() as _;
    if !descriptors.is_empty() {
        let bytes = size_of_val(descriptors) as u32;
        message.msg_control = control.as_mut_ptr().cast();
        // SAFETY: `CMSG_SPACE`, `CMSG_LEN` only compute. `control` is aligned, zeroed and has room
        // for `KERNEL_MAX_DESCRIPTORS`, so the first header and its data lie within it. A
        // `BorrowedFd` has the layout of a `RawFd`.
        unsafe {
            message.msg_controllen = libc::CMSG_SPACE(bytes) as _;
            let first = libc::CMSG_FIRSTHDR(&raw const message);
            (*first).cmsg_level = libc::SOL_SOCKET;
            (*first).cmsg_type = libc::SCM_RIGHTS;
            (*first).cmsg_len = libc::CMSG_LEN(bytes) as _;
            ptr::copy_nonoverlapping(
                descriptors.as_ptr().cast::<u8>(),
                libc::CMSG_DATA(first),
                bytes as usize,
            );
        }
    }
    retry(|| {
        // SAFETY: `message` points at `parts` and `control`, alive here; the kernel only reads.
        unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) }
    })?;
    Ok(())
}

/// The next packet, of at most `limit` bytes; `None` at the end of the connection.
pub(super) fn receive(socket: BorrowedFd<'_>, limit: usize) -> io::Result<Option<Packet>> {
    let mut bytes = vec![0u8; limit];
    let mut part = libc::iovec {
        iov_base: bytes.as_mut_ptr().cast(),
        iov_len: bytes.len(),
    };
    let mut control = [0u64; CONTROL_WORDS];
    // SAFETY: all-zero is a valid `msghdr`.
    let mut message: libc::msghdr = unsafe { zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(&control) as _;
    let length = retry(|| {
        // SAFETY: `message` points at `part`, which points at `bytes`, and at `control`; all are
        // alive here and as long as said.
        unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, libc::MSG_CMSG_CLOEXEC) }
    })?;
    let descriptors = installed(&message);
    if length == 0 {
        return Ok(None);
    }
    bytes.truncate(length);
    bytes.shrink_to_fit();
    Ok(Some(Packet {
        bytes,
        descriptors,
        truncated: message.msg_flags & (libc::MSG_TRUNC | libc::MSG_CTRUNC) != 0,
    }))
}

/// Takes over every descriptor that the kernel installed for a message.
fn installed(message: &libc::msghdr) -> Vec<OwnedFd> {
    let mut descriptors = Vec::new();
    // SAFETY: the kernel filled the control buffer and set its length; the macros stay within it.
    // Each number in an `SCM_RIGHTS` message is a descriptor newly installed for us alone. Data may
    // be unaligned, hence `read_unaligned`.
    unsafe {
        let mut next = libc::CMSG_FIRSTHDR(message);
        while !next.is_null() {
            if (*next).cmsg_level == libc::SOL_SOCKET && (*next).cmsg_type == libc::SCM_RIGHTS {
                let bytes = (*next).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                let data = libc::CMSG_DATA(next).cast::<RawFd>();
                for index in 0..bytes / size_of::<RawFd>() {
                    let number = data.add(index).read_unaligned();
                    descriptors.push(OwnedFd::from_raw_fd(number));
                }
            }
            next = libc::CMSG_NXTHDR(message, next);
        }
    }
    descriptors
}

fn retry(mut call: impl FnMut() -> isize) -> io::Result<usize> {
    loop {
        if let Ok(length) = usize::try_from(call()) {
            return Ok(length);
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
