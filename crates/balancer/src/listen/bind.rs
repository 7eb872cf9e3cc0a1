//! Binding the sockets of a plan: all of them, or none.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use diagnostics::{Diagnostic, Diagnostics};
use haproxy_config::model::Account;
use nix::unistd::{Gid, Uid};
use socket2::{Domain, SockAddr, Socket, Type};

use super::{ListenAddress, Listener};
use crate::privileges;

/// How many seconds a client may take to send its first byte before a `defer-accept` socket hands
/// the connection over all the same.
const DEFER_ACCEPT_SECONDS: i32 = 1;

/// Ports below this one need root or CAP_NET_BIND_SERVICE.
const FIRST_UNPRIVILEGED_PORT: u16 = 1024;

/// A listening socket and its name.
#[derive(Debug)]
pub struct Bound {
    /// [`Listener::key`].
    pub key: String,
    /// The socket, non-blocking.
    pub socket: OwnedFd,
}

/// Binds every socket of the plan whose key `held` does not know yet, and starts listening.
///
/// `takeover` says that another process may still hold the addresses (`-sf`, `-st`): both then
/// listen side by side until that one ends.
///
/// # Errors
///
/// One message per socket that cannot be had, pointing at the address as written. Nothing is left
/// bound then, and no unix socket of a running process was replaced.
pub fn bind_all(
    plan: &[Listener],
    held: impl Fn(&str) -> bool,
    takeover: bool,
) -> Result<Vec<Bound>, Diagnostics> {
    let mut bound = Vec::new();
    let mut renames = Vec::new();
    let mut problems = Diagnostics::new();
    for listener in plan.iter().filter(|listener| !held(&listener.key)) {
        match bind_one(listener, takeover) {
            Ok((socket, rename)) => {
                bound.push(Bound {
                    key: listener.key.clone(),
                    socket,
                });
                renames.extend(rename.map(|rename| (rename, listener)));
            }
            Err(error) => problems.push(explain(listener, &error)),
        }
    }
    if problems.is_empty() {
        for (rename, listener) in &mut renames {
            if let Err(error) = rename.carry_out() {
                problems.push(explain(listener, &error));
            }
        }
    }
    if problems.is_empty() {
        Ok(bound)
    } else {
        Err(problems)
    }
}

type Listening = (OwnedFd, Option<UnixSocketRename>);

fn bind_one(listener: &Listener, takeover: bool) -> io::Result<Listening> {
    match &listener.address {
        ListenAddress::Inet(address) => {
            let address = SockAddr::from(*address);
            let socket = Socket::new(address.domain(), Type::STREAM, None)?;
            prepare_inet(&socket, listener, takeover)?;
            socket.bind(&address)?;
            // From here on a successor started with -sf may bind beside us. Set before the bind,
            // it would hide that somebody else holds the port.
            socket.set_reuse_port(true)?;
            listen(socket, listener, None)
        }
        ListenAddress::Unix(path) => {
            let rename = UnixSocketRename::new(path);
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
            socket.bind(&SockAddr::unix(&rename.temporary)?)?;
            set_ownership(&rename.temporary, listener)?;
            listen(socket, listener, Some(rename))
        }
        ListenAddress::Abstract(name) => {
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
            socket.bind(&SockAddr::unix(format!("\0{name}"))?)?;
            listen(socket, listener, None)
        }
        ListenAddress::Descriptor(number) => {
            let socket = Socket::from(system::listening::inherited(*number)?);
            listen(socket, listener, None)
        }
    }
}

fn prepare_inet(socket: &Socket, listener: &Listener, takeover: bool) -> io::Result<()> {
    socket.set_reuse_address(true)?;
    if listener.shared || takeover {
        socket.set_reuse_port(true)?;
    }
    let v6 = matches!(listener.address, ListenAddress::Inet(address) if address.is_ipv6());
    // Unless the line says otherwise, net.ipv6.bindv6only stays in charge.
    if let Some(only) = listener.v6only
        && v6
    {
        socket.set_only_v6(only)?;
    }
    match (listener.transparent, v6) {
        (true, true) => socket.set_freebind_v6(true)?,
        (true, false) => socket.set_freebind_v4(true)?,
        (false, _) => {}
    }
    if let Some(interface) = &listener.interface {
        socket.bind_device(Some(interface.as_bytes()))?;
    }
    Ok(())
}

fn listen(
    socket: Socket,
    listener: &Listener,
    rename: Option<UnixSocketRename>,
) -> io::Result<Listening> {
    socket.set_nonblocking(true)?;
    if listener.defer_accept {
        system::listening::defer_accept(socket.as_fd(), DEFER_ACCEPT_SECONDS)?;
    }
    socket.listen(i32::try_from(listener.backlog).unwrap_or(i32::MAX))?;
    Ok((socket.into(), rename))
}

fn set_ownership(path: &Path, listener: &Listener) -> io::Result<()> {
    let ownership = &listener.unix;
    if let Some(mode) = ownership.mode {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    let look_up = |account: &Option<Account>, id: fn(&Account) -> Result<u32, _>| {
        account.as_ref().map(id).transpose()
    };
    let user = look_up(&ownership.user, privileges::user_id).map_err(io::Error::other)?;
    let group = look_up(&ownership.group, privileges::group_id).map_err(io::Error::other)?;
    if user.is_some() || group.is_some() {
        nix::unistd::chown(path, user.map(Uid::from_raw), group.map(Gid::from_raw))?;
    }
    Ok(())
}

/// A unix socket bound under a temporary name, to replace the one at its path in one step: clients
/// always find a socket there. Dropped before that, it takes the temporary name away.
#[derive(Debug)]
struct UnixSocketRename {
    temporary: PathBuf,
    path: PathBuf,
    done: bool,
}

impl UnixSocketRename {
    fn new(path: &Path) -> Self {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(format!(".{}.tmp", std::process::id()));
        let temporary = PathBuf::from(temporary);
        // A leftover of an earlier process that had our id.
        let _ = std::fs::remove_file(&temporary);
        Self {
            temporary,
            path: path.to_owned(),
            done: false,
        }
    }

    fn carry_out(&mut self) -> io::Result<()> {
        std::fs::rename(&self.temporary, &self.path)?;
        self.done = true;
        Ok(())
    }
}

impl Drop for UnixSocketRename {
    fn drop(&mut self) {
        if !self.done {
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// The message for a socket that cannot be had.
fn explain(listener: &Listener, error: &io::Error) -> Diagnostic {
    let address = &listener.address;
    let mut reason = error.to_string();
    if let Some(end) = reason.find(" (os error") {
        reason.truncate(end);
    }
    let message = Diagnostic::error(format!(
        "Starting {}: cannot bind socket ({reason}) [{address}]",
        listener.place
    ))
    .at(listener.span);
    let folder = |path: &Path| {
        path.parent()
            .unwrap_or(Path::new("/"))
            .display()
            .to_string()
    };
    match (error.kind(), address) {
        (io::ErrorKind::AddrInUse, _) => message
            .label("in use")
            .help("another process listens there: `ss -ltnp` names it"),
        (io::ErrorKind::AddrNotAvailable, ListenAddress::Inet(at)) => {
            let family = if at.is_ipv4() { "ipv4" } else { "ipv6" };
            message.label("no address of this machine").help(format!(
                "add the address to an interface, or allow foreign ones with \
                 `sysctl net.{family}.ip_nonlocal_bind=1` or `transparent` on the bind line"
            ))
        }
        (io::ErrorKind::PermissionDenied, ListenAddress::Inet(at))
            if at.port() < FIRST_UNPRIVILEGED_PORT =>
        {
            message
                .label("a privileged port")
                .help("ports below 1024 need root or CAP_NET_BIND_SERVICE")
        }
        (io::ErrorKind::PermissionDenied, ListenAddress::Unix(path)) => message.help(format!(
            "this user may not create files in {}",
            folder(path)
        )),
        (io::ErrorKind::NotFound, ListenAddress::Unix(path)) => {
            message.help(format!("the folder {} does not exist", folder(path)))
        }
        (_, ListenAddress::Descriptor(number)) => message.help(format!(
            "descriptor {number} must be a bound socket that this process inherited"
        )),
        _ => message,
    }
}
