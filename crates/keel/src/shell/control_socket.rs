//! The unix socket that answers `keel status` and `keel reload`.

use std::fs::{DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use super::line_server::{ClientId, Guard, LineServer};
use crate::supervision::Time;
use crate::wire::{Answer, Request, SOCKET_EXTENSION};

/// What a stranger gets, as an [`Answer::Refused`].
const REFUSAL: &str = "{\"refused\":\"only root and the supervisor's own user may ask, a line\"}\n";

/// The socket, taken away at the end.
#[derive(Debug)]
pub struct ControlSocket {
    server: LineServer,
    path: PathBuf,
}

impl ControlSocket {
    /// Listens in that folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// The system's word.
    pub fn open(folder: &Path, name: &str) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(folder)?;
        let path = folder.join(format!("{name}-{}.{SOCKET_EXTENSION}", std::process::id()));
        // The number is ours: whoever had it before is gone, or lives in another namespace that
        // shares the folder by mistake; such a one answers and keeps its socket.
        if UnixStream::connect(&path).is_err() {
            let _ = std::fs::remove_file(&path);
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self {
            server: LineServer::new(listener.into(), Guard::OwnUser, REFUSAL)?,
            path,
        })
    }

    /// What to wait for.
    pub fn server(&self) -> &LineServer {
        &self.server
    }

    /// The requests that came; what is none is refused.
    pub fn round(&mut self, now: Time) -> Vec<(ClientId, Request)> {
        let mut requests = Vec::new();
        for (client, line) in self.server.round(now) {
            match Request::parse(&line) {
                Some(request) => requests.push((client, request)),
                None => {
                    let text = "unknown request: ask 'status' or 'reload'";
                    self.answer(now, client, &Answer::Refused(text.to_owned()));
                }
            }
        }
        requests
    }

    /// Answers a client, if it is still there.
    pub fn answer(&mut self, now: Time, client: ClientId, answer: &Answer) {
        let mut text = serde_json::to_vec(answer).expect("answers have string keys only");
        text.push(b'\n');
        self.server.answer(now, client, &text);
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::time::Duration;

    use super::*;

    #[test]
    fn requests_are_handed_on_and_anything_else_is_refused() {
        let now = Duration::ZERO;
        let folder = tempfile::tempdir().unwrap();
        let mut socket = ControlSocket::open(folder.path(), "test").unwrap();
        let path = socket.path.clone();
        let ask = |line: &str| {
            let mut client = UnixStream::connect(&path).unwrap();
            client.write_all(line.as_bytes()).unwrap();
            client
        };
        let read = |mut client: UnixStream| {
            let mut text = String::new();
            client.read_to_string(&mut text).unwrap();
            serde_json::from_str::<Answer>(&text).unwrap()
        };
        let odd = ask("launch\n");
        assert_eq!(socket.round(now), []);
        assert!(matches!(read(odd), Answer::Refused(_)));
        let client = ask("reload\n");
        let [(id, Request::Reload)] = socket.round(now)[..] else {
            panic!("one request is expected");
        };
        let answer = Answer::Reload(Ok("done".to_owned()));
        socket.answer(now, id, &answer);
        assert_eq!(read(client), answer);
        drop(socket);
        assert!(!path.exists());
    }

    #[test]
    fn the_refusal_is_an_answer() {
        assert!(matches!(
            serde_json::from_str(REFUSAL).unwrap(),
            Answer::Refused(_)
        ));
    }
}
