//! What a service tells who manages it (sd_notify(3)): systemd, or a process that does the same.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::{Path, PathBuf};

/// The variable of the environment that names the manager's socket.
pub const NOTIFY_VARIABLE: &str = "NOTIFY_SOCKET";

/// That the service serves now.
pub const READY: &str = "READY=1\n";

/// Sends a message to the manager's socket; `@` begins the name of one without a file.
///
/// # Errors
/// Where nobody listens there.
pub fn notify(path: &Path, message: &str) -> io::Result<()> {
    let socket = UnixDatagram::unbound()?;
    match path.as_os_str().as_bytes() {
        [b'@', name @ ..] => {
            let address = SocketAddr::from_abstract_name(name)?;
            socket.send_to_addr(message.as_bytes(), &address)?;
        }
        _ => {
            socket.send_to(message.as_bytes(), path)?;
        }
    }
    Ok(())
}

/// Tells the manager that the environment names that this service serves now; nothing where there is
/// none.
///
/// # Errors
/// Where the environment names a socket that nobody listens at.
pub fn notify_ready() -> io::Result<()> {
    match std::env::var_os(NOTIFY_VARIABLE) {
        Some(path) => notify(&PathBuf::from(path), READY),
        None => Ok(()),
    }
}
