//! The local socket: who connects, what they ask, what they are told.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use cluster_api::{Access, Answer, Frame, FrameError, Refusal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream, unix};
use tokio::sync::mpsc;

/// Clients at once, at most; more are refused.
pub const MAX_CLIENTS: usize = 256;
/// Frames from clients that wait for the daemon.
const WAITING: usize = 256;
/// Frames that wait for one client: one that does not read them is dropped.
const UNREAD: usize = 65_536;
/// How much is read at once.
const READ_BYTES: usize = 64 * 1024;
/// The group whose members may change the cluster, as with Pacemaker.
const GROUP: &str = "haclient";

/// A client's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u64);

/// What comes from clients.
#[derive(Debug)]
pub enum FromClient {
    /// Somebody has connected.
    Connected {
        /// Its number.
        client: ClientId,
        /// What it may do.
        access: Access,
        /// Who it is.
        user: User,
        /// The way back.
        answers: mpsc::Sender<Bytes>,
    },
    /// A frame.
    Frame(ClientId, Frame),
    /// It has gone.
    Gone(ClientId),
}

/// The user that a client's process runs as.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// Its name; its number where it has none.
    pub name: String,
    /// The groups that it is in.
    pub groups: Vec<String>,
    /// The program that has connected.
    pub program: String,
    /// Access control lists do not apply to it.
    pub is_exempt: bool,
}

/// The user that belongs to Pacemaker's own daemons.
const CLUSTER_USER: &str = "hacluster";

/// The listening socket.
pub struct Clients {
    path: PathBuf,
    /// What comes from clients.
    pub incoming: mpsc::Receiver<FromClient>,
}

impl Clients {
    /// Listens. A socket that was left behind is replaced; one that is alive is not.
    ///
    /// # Errors
    /// Where another daemon listens there, or the system refuses.
    pub fn listen(path: &Path) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                "another cluster daemon listens there",
            ));
        }
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        // Everybody may ask; who may change something is decided by their credentials.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
        let (tell, incoming) = mpsc::channel(WAITING);
        tokio::spawn(accept(listener, tell));
        Ok(Self {
            path: path.to_path_buf(),
            incoming,
        })
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn accept(listener: UnixListener, tell: mpsc::Sender<FromClient>) {
    let group = system::process::group(GROUP).ok().flatten();
    let places = std::sync::Arc::new(tokio::sync::Semaphore::new(MAX_CLIENTS));
    for number in 1.. {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors: those who are connected may leave.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        let access = access(&stream, group);
        let user = user(&stream);
        let Ok(place) = places.clone().try_acquire_owned() else {
            tokio::spawn(refuse(stream));
            continue;
        };
        let tell = tell.clone();
        tokio::spawn(async move {
            serve((ClientId(number), access, user), stream, tell).await;
            drop(place);
        });
    }
}

/// Root, the daemon's own user and the cluster's group may do everything.
fn access(stream: &UnixStream, group: Option<u32>) -> Access {
    let Ok(peer) = stream.peer_cred() else {
        return Access::Read;
    };
    let own = nix::unistd::geteuid().as_raw();
    let trusted = peer.uid() == 0 || peer.uid() == own || group == Some(peer.gid());
    if trusted || in_group(peer.uid(), group) {
        Access::Write
    } else {
        Access::Read
    }
}

fn user(stream: &UnixStream) -> User {
    let Ok(peer) = stream.peer_cred() else {
        return User::default();
    };
    let uid = peer.uid();
    let program = peer.pid().map(|pid| format!("/proc/{pid}/comm"));
    let program = program.and_then(|path| std::fs::read_to_string(path).ok());
    let program = program.unwrap_or_default().trim_end().to_owned();
    let entry = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid));
    let entry = entry.ok().flatten();
    let is_own = uid == 0 || uid == nix::unistd::geteuid().as_raw();
    let Some(entry) = entry else {
        return User {
            name: uid.to_string(),
            groups: Vec::new(),
            program,
            is_exempt: is_own,
        };
    };
    User {
        is_exempt: is_own || entry.name == CLUSTER_USER,
        groups: groups_of(&entry),
        name: entry.name,
        program,
    }
}

fn groups_of(user: &nix::unistd::User) -> Vec<String> {
    let Ok(name) = std::ffi::CString::new(user.name.as_str()) else {
        return Vec::new();
    };
    let ids = nix::unistd::getgrouplist(&name, user.gid).unwrap_or_default();
    let entries = ids.into_iter().map(nix::unistd::Group::from_gid);
    entries
        .filter_map(|entry| Some(entry.ok()??.name))
        .collect()
}

/// The kernel tells a peer's first group only; the others are looked up by its user.
fn in_group(uid: u32, group: Option<u32>) -> bool {
    let Some(group) = group else {
        return false;
    };
    let Ok(Some(user)) = nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)) else {
        return false;
    };
    let entry = nix::unistd::Group::from_gid(nix::unistd::Gid::from_raw(group));
    entry
        .ok()
        .flatten()
        .is_some_and(|entry| entry.mem.contains(&user.name))
}

async fn refuse(mut stream: UnixStream) {
    let refusal = Answer::Refused(Refusal::new(format!(
        "{MAX_CLIENTS} clients are connected already"
    )));
    let _ = stream.write_all(&Frame::json(&refusal).encode()).await;
}

async fn serve(
    (client, access, user): (ClientId, Access, User),
    stream: UnixStream,
    tell: mpsc::Sender<FromClient>,
) {
    let (reading, writing) = stream.into_split();
    let (answers, to_write) = mpsc::channel(UNREAD);
    let connected = FromClient::Connected {
        client,
        access,
        user,
        answers: answers.clone(),
    };
    if tell.send(connected).await.is_err() {
        return;
    }
    let writer = tokio::spawn(write(writing, to_write));
    if let Err(error) = read(client, reading, &tell).await {
        let refusal = Answer::Refused(Refusal::new(error.to_string()));
        let _ = answers.try_send(Bytes::from(Frame::json(&refusal).encode()));
    }
    let _ = tell.send(FromClient::Gone(client)).await;
    drop(answers);
    let _ = writer.await;
}

async fn read(
    client: ClientId,
    mut from: unix::OwnedReadHalf,
    tell: &mpsc::Sender<FromClient>,
) -> Result<(), FrameError> {
    let mut buffer = BytesMut::with_capacity(READ_BYTES);
    loop {
        while let Some((frame, len)) = Frame::decode(&buffer)? {
            let _ = buffer.split_to(len);
            if tell.send(FromClient::Frame(client, frame)).await.is_err() {
                return Ok(());
            }
        }
        buffer.reserve(READ_BYTES);
        match from.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
    }
}

/// Writes what there is together: many small messages cost one call.
async fn write(mut to: unix::OwnedWriteHalf, mut answers: mpsc::Receiver<Bytes>) {
    let mut batch = Vec::new();
    while let Some(answer) = answers.recv().await {
        batch.extend_from_slice(&answer);
        while batch.len() < READ_BYTES
            && let Ok(answer) = answers.try_recv()
        {
            batch.extend_from_slice(&answer);
        }
        if to.write_all(&batch).await.is_err() {
            break;
        }
        batch.clear();
    }
}
