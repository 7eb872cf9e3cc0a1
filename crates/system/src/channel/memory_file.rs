//! A body in a sealed memory file.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};

/// What keeps a reader safe from a writer: neither content nor size can change.
const SEALS: SealFlag = SealFlag::F_SEAL_SHRINK
    .union(SealFlag::F_SEAL_GROW)
    .union(SealFlag::F_SEAL_WRITE);

pub(super) fn holding(body: &[u8]) -> io::Result<OwnedFd> {
    let file = memfd_create(
        c"keel-message",
        MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING,
    )?;
    let mut file = File::from(file);
    file.write_all(body)?;
    fcntl(&file, FcntlArg::F_ADD_SEALS(SEALS | SealFlag::F_SEAL_SEAL))?;
    Ok(file.into())
}

pub(super) fn read(file: OwnedFd, length: usize) -> io::Result<Vec<u8>> {
    let seals = fcntl(&file, FcntlArg::F_GET_SEALS)
        .map(SealFlag::from_bits_retain)
        .map_err(|_| super::garbage("its body is in no memory file"))?;
    if !seals.contains(SEALS) {
        return Err(super::garbage("its memory file is not sealed"));
    }
    let file = File::from(file);
    if file.metadata()?.len() != length as u64 {
        return Err(super::garbage("its memory file has another length"));
    }
    let mut body = vec![0; length];
    file.read_exact_at(&mut body, 0)?;
    Ok(body)
}
