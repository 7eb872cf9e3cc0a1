//! The call of one fence agent on this machine.
//!
//! The agent is told everything on its standard input; its arguments are empty, and of this
//! process' environment it has only what names places, so that no password is where other users
//! can read it. It leads a process group: when its time is over, or nobody waits for it any more,
//! or it has ended and left others behind, the whole group is killed.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use system::awaited::Awaited;
use system::process::{Pid, Pidfd};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStdin, Command};
use tokio::time::{Instant, timeout, timeout_at};

use crate::action::Action;
use crate::command::CallResult;
use crate::metadata::MAX_METADATA_BYTES;
use crate::parameters::{ParameterError, Parameters};
use crate::secret::Secret;

/// Where fence agents are.
pub const FOLDERS: &[&str] = &["/usr/sbin", "/sbin", "/usr/local/sbin"];

/// How all agents' names begin.
pub const PREFIX: &str = "fence_";

/// The most that is kept of what an agent prints; the rest is read and thrown away.
pub const MAX_OUTPUT_BYTES: usize = MAX_METADATA_BYTES;

/// The most that is kept of what an agent complains about; the last of it.
pub const MAX_ERRORS_BYTES: usize = 8 * 1024;

/// How long is waited for what the agent printed after it has ended.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// What an agent has of this process' environment.
const ENVIRONMENT: &[&str] = &["HOME", "PATH", "TZ", "TMPDIR"];

/// `PATH` where this process has none.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How an agent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With that code.
    Code(i32),
    /// By that signal, not from here.
    Signal(i32),
    /// It did not, and was killed when its time was over.
    TimedOut,
}

/// What an agent answered. Its texts are without the passwords that it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub end: End,
    /// What it printed, at most [`MAX_OUTPUT_BYTES`].
    pub output: String,
    /// What it complained about, the last [`MAX_ERRORS_BYTES`] of it.
    pub errors: String,
    /// How long it took.
    pub took: Duration,
}

/// Why an agent could not be called.
#[derive(Debug, Error)]
pub enum CallError {
    /// No agent of that name.
    #[error("the fence agent {agent} is not installed")]
    Missing {
        /// The name.
        agent: String,
    },
    /// Parameters that cannot be told.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// It does not start.
    #[error("the fence agent {} cannot be started: {source}", .path.display())]
    Start {
        /// The agent.
        path: PathBuf,
        /// What the kernel says.
        source: io::Error,
    },
    /// It started, and cannot be waited for.
    #[error("the fence agent {} cannot be watched: {source}", .path.display())]
    Watch {
        /// The agent.
        path: PathBuf,
        /// What the kernel says.
        source: io::Error,
    },
}

/// The path of an agent. Only names of fence agents are looked for, in the folders for them.
///
/// # Errors
/// Where there is none.
pub fn find(agent: &str) -> Result<PathBuf, CallError> {
    let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
    let is_name = agent.starts_with(PREFIX) && agent.chars().all(is_word);
    let mut folders = FOLDERS.iter().filter(|_| is_name);
    folders
        .find_map(|folder| {
            let path = Path::new(folder).join(agent);
            path.is_file().then_some(path)
        })
        .ok_or_else(|| CallError::Missing {
            agent: agent.to_owned(),
        })
}

/// Calls the agent at `path` and waits for its end, at most `limit`. To be called within a tokio
/// runtime with time and I/O. An agent whose future is dropped is killed.
///
/// # Errors
/// Where the parameters cannot be told or the agent does not start. What it does afterwards is an
/// answer.
pub async fn run(
    path: &Path,
    parameters: &Parameters,
    limit: Duration,
) -> Result<Answer, CallError> {
    let lines = parameters.lines()?;
    let start = Instant::now();
    let mut child = command(path).spawn().map_err(|source| CallError::Start {
        path: path.to_owned(),
        source,
    })?;
    let watch = |source| CallError::Watch {
        path: path.to_owned(),
        source,
    };
    let mut group = Group::of(child.id()).map_err(watch)?;
    let ended = group.watched().map_err(watch)?;
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut said = Kept::first(MAX_OUTPUT_BYTES);
    let mut complained = Kept::last(MAX_ERRORS_BYTES);
    let in_time = {
        let talk = async {
            tokio::join!(
                tell(input, &lines),
                said.read(output),
                complained.read(errors)
            )
        };
        tokio::pin!(talk);
        let mut talked = false;
        let life = async {
            loop {
                tokio::select! {
                    ended = ended.read(has_ended) => return ended,
                    _ = &mut talk, if !talked => talked = true,
                }
            }
        };
        let in_time = timeout_at(start + limit, life).await;
        // While the agent is not collected, its number is that of its group and of no other.
        group.kill();
        if !talked {
            let _ = timeout(LAST_WORDS, &mut talk).await;
        }
        in_time
    };
    let took = start.elapsed();
    let status = child.wait().await.map_err(watch)?;
    let end = match in_time {
        Ok(ended) => {
            ended.map_err(watch)?;
            end_of(status)
        }
        Err(_) => End::TimedOut,
    };
    Ok(Answer {
        end,
        output: parameters.redact(&said.text()),
        errors: parameters.redact(&complained.text()),
        took,
    })
}

/// An agent that does not read what it is told will say itself what it misses.
async fn tell(input: Option<ChildStdin>, lines: &Secret) {
    if let Some(mut input) = input {
        let _ = input.write_all(lines.expose().as_bytes()).await;
    }
}

fn has_ended(process: &Pidfd) -> io::Result<()> {
    match process.ended_within(Duration::ZERO)? {
        true => Ok(()),
        false => Err(io::ErrorKind::WouldBlock.into()),
    }
}

fn command(path: &Path) -> Command {
    let mut command = Command::new(path);
    command
        .env_clear()
        .env("LC_ALL", "C")
        .env("PATH", DEFAULT_PATH);
    for name in ENVIRONMENT {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    command
}

fn end_of(status: ExitStatus) -> End {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Code(code),
        (None, signal) => End::Signal(signal.unwrap_or(0)),
    }
}

/// The agent's process group. Dropping it kills what is left of it.
struct Group {
    leader: Pid,
    killed: bool,
}

impl Group {
    fn of(leader: Option<u32>) -> io::Result<Self> {
        let leader = leader.and_then(|number| i32::try_from(number).ok());
        Ok(Self {
            leader: Pid::from_raw(leader.ok_or(io::ErrorKind::NotFound)?),
            killed: false,
        })
    }

    /// Tells when the leader has ended; it is not collected by that.
    fn watched(&self) -> io::Result<Awaited<Pidfd>> {
        Awaited::new(Pidfd::open(self.leader)?)
    }

    fn kill(&mut self) {
        if !std::mem::replace(&mut self.killed, true) {
            // An error means that nobody is left whom this process may kill.
            let _ = killpg(self.leader, Signal::SIGKILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What is kept of a stream that may be endless.
struct Kept {
    bytes: Vec<u8>,
    limit: usize,
    from_end: bool,
}

impl Kept {
    const fn first(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
            from_end: false,
        }
    }

    const fn last(limit: usize) -> Self {
        Self {
            bytes: Vec::new(),
            limit,
            from_end: true,
        }
    }

    /// Reads to the end.
    async fn read(&mut self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else {
            return;
        };
        let mut piece = [0; 4096];
        while let Ok(len @ 1..) = stream.read(&mut piece).await {
            self.add(&piece[..len]);
        }
    }

    fn add(&mut self, piece: &[u8]) {
        let room = self.limit - self.bytes.len();
        if self.from_end {
            self.bytes.extend_from_slice(piece);
            let over = self.bytes.len().saturating_sub(self.limit);
            self.bytes.drain(..over);
        } else {
            self.bytes
                .extend_from_slice(&piece[..piece.len().min(room)]);
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Answer {
    /// What the answer to `action` means. An agent's word is its exit code; for `status`, 2 says
    /// that the target is off (FenceAgentAPI).
    #[must_use]
    pub fn result(&self, action: Action) -> CallResult {
        match self.end {
            End::TimedOut => CallResult::TimedOut,
            End::Code(0) => CallResult::Success {
                output: self.output.clone(),
            },
            End::Code(2) if action == Action::Status => CallResult::Success {
                output: self.output.clone(),
            },
            End::Code(code) => CallResult::Failed {
                reason: self.reason(&format!("exit code {code}")),
            },
            End::Signal(signal) => CallResult::Failed {
                reason: self.reason(&format!("signal {signal}")),
            },
        }
    }

    /// The last line of its complaints, or of what it printed.
    fn reason(&self, end: &str) -> String {
        let mut texts = [&self.errors, &self.output].into_iter();
        let last = texts.find_map(|text| text.lines().map(str::trim).rfind(|it| !it.is_empty()));
        match last {
            Some(line) => format!("{end}: {line}"),
            None => end.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_kept_to_their_limits() {
        let check = |mut kept: Kept, pieces: &[&str], expected: &str| {
            pieces.iter().for_each(|piece| kept.add(piece.as_bytes()));
            assert_eq!(kept.text(), expected);
        };
        check(Kept::first(4), &["abc"], "abc");
        check(Kept::first(4), &["abcd", "e"], "abcd");
        check(Kept::first(4), &["abc", "def", "g"], "abcd");
        check(Kept::last(4), &["abc"], "abc");
        check(Kept::last(4), &["abcd", "e"], "bcde");
        check(Kept::last(4), &["abcdefgh"], "efgh");
    }

    #[test]
    fn what_an_end_means() {
        let check = |end, errors: &str, action, expected: Result<(), &str>| {
            let answer = Answer {
                end,
                output: "said\n".to_owned(),
                errors: errors.to_owned(),
                took: Duration::ZERO,
            };
            let found = match answer.result(action) {
                CallResult::Success { .. } => Ok(()),
                CallResult::Failed { reason } => Err(reason),
                other => Err(format!("{other:?}")),
            };
            assert_eq!(found, expected.map_err(ToOwned::to_owned));
        };
        check(End::Code(0), "a warning", Action::Off, Ok(()));
        check(End::Code(2), "", Action::Status, Ok(()));
        check(End::Code(2), "", Action::Off, Err("exit code 2: said"));
        check(
            End::Code(1),
            "a\n b \n\n",
            Action::Off,
            Err("exit code 1: b"),
        );
        check(End::Signal(11), "", Action::Off, Err("signal 11: said"));
        check(End::TimedOut, "", Action::Off, Err("TimedOut"));
    }

    #[test]
    fn only_fence_agents_are_found() {
        for name in [
            "fence_no_such",
            "sh",
            "../bin/sh",
            "fence_/../sh",
            "fence_a b",
            "",
        ] {
            assert!(find(name).is_err(), "{name}");
        }
    }
}
