//! The processes of a node: started, logged, signalled and collected by its pid 1.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;

use crate::clock;
use crate::protocol::{Answer, CommandState, Output, Process, Target};

use super::view::PROGRAM_FOLDER;

/// The most that one command's log holds, in bytes; what comes after is dropped, with a note.
const MAX_LOG_BYTES: usize = 4 * 1024 * 1024;
/// The most that is kept of what a command run to its end writes, in bytes per stream.
const MAX_OUTPUT_BYTES: u64 = 1024 * 1024;
/// How long to sleep where there is no process to wait for.
const NOTHING_TO_COLLECT: Duration = Duration::from_millis(20);

/// What pid 1 knows of its children.
pub(super) struct Processes {
    logs: File,
    host_name: String,
    table: Arc<Table>,
}

#[derive(Default)]
struct Table {
    /// Held while a process is started, so that none is collected before it is known.
    children: Mutex<Children>,
    ended: Condvar,
}

#[derive(Default)]
struct Children {
    commands: Vec<(String, Pid)>,
    /// How each ended; only of the children that this process started itself.
    ends: HashMap<Pid, Option<WaitStatus>>,
}

impl Processes {
    /// `logs`: the folder that output goes to.
    pub(super) fn new(logs: File, host_name: &str) -> io::Result<Self> {
        let table = Arc::new(Table::default());
        let collected = Arc::clone(&table);
        thread::Builder::new()
            .name("collector".to_owned())
            .spawn(move || collected.collect_for_ever())?;
        Ok(Self {
            logs,
            host_name: host_name.to_owned(),
            table,
        })
    }

    pub(super) fn spawn(
        &self,
        command: &str,
        argv: &[String],
        environment: &BTreeMap<String, String>,
    ) -> io::Result<Answer> {
        let log = Arc::new(Mutex::new(Log::open(&self.log_path(command))?));
        let mut process = self.command(argv)?;
        process.envs(environment);
        let mut children = self.table.lock();
        let mut child = process.spawn().map_err(|error| not_started(argv, error))?;
        let pid = Pid::from_raw(child.id().cast_signed());
        children.ends.insert(pid, None);
        children.commands.retain(|(name, _)| name != command);
        children.commands.push((command.to_owned(), pid));
        drop(children);
        for stream in streams(&mut child) {
            let log = Arc::clone(&log);
            thread::spawn(move || Log::copy(&log, stream));
        }
        Ok(Answer::Pid(pid.as_raw()))
    }

    pub(super) fn run(&self, argv: &[String], limit: Duration) -> io::Result<Answer> {
        let mut process = self.command(argv)?;
        let mut children = self.table.lock();
        let mut child = process.spawn().map_err(|error| not_started(argv, error))?;
        let pid = Pid::from_raw(child.id().cast_signed());
        children.ends.insert(pid, None);
        drop(children);
        let readers = streams(&mut child).map(|stream| thread::spawn(move || read_all(stream)));
        let end = self.table.wait_for(pid, limit);
        if end.is_none() {
            let _ = kill(Pid::from_raw(-pid.as_raw()), Signal::SIGKILL);
        }
        let [stdout, stderr] = readers.map(|reader| {
            let text = reader.join().unwrap_or_default();
            String::from_utf8_lossy(&text).into_owned()
        });
        let code = match end {
            Some(WaitStatus::Exited(_, code)) => Some(code),
            _ => None,
        };
        Ok(Answer::Output(Output {
            code,
            stdout,
            stderr,
        }))
    }

    pub(super) fn signal(&self, target: &Target, signal: i32) -> io::Result<Answer> {
        let signal = Signal::try_from(signal)?;
        let pids = self.find(target)?;
        // A parent that sees its child die, or the other way round, may leave in an orderly way
        // before its own signal arrives; a power failure does not wait for that.
        if signal == Signal::SIGKILL && pids.len() > 1 {
            for pid in &pids {
                let _ = kill(*pid, Signal::SIGSTOP);
            }
        }
        let at = clock::now();
        let processes = pids
            .iter()
            .filter(|pid| kill(**pid, signal).is_ok())
            .count();
        Ok(Answer::Signalled { at, processes })
    }

    pub(super) fn commands(&self) -> Vec<CommandState> {
        let children = self.table.lock();
        children
            .commands
            .iter()
            .map(|(command, pid)| CommandState {
                command: command.clone(),
                pid: pid.as_raw(),
                ended: children.ends.get(pid).copied().flatten().map(describe),
            })
            .collect()
    }

    fn find(&self, target: &Target) -> io::Result<Vec<Pid>> {
        match target {
            Target::Command(name) => {
                let children = self.table.lock();
                let running = |pid: &Pid| children.ends.get(pid) == Some(&None);
                Ok(children
                    .commands
                    .iter()
                    .filter(|(command, pid)| command == name && running(pid))
                    .map(|(_, pid)| *pid)
                    .collect())
            }
            Target::Process(name) => Ok(running()?
                .into_iter()
                .filter(|process| process.name == *name)
                .map(|process| Pid::from_raw(process.pid))
                .collect()),
            Target::Everything => Ok(running()?
                .into_iter()
                .map(|process| Pid::from_raw(process.pid))
                .collect()),
        }
    }

    fn command(&self, argv: &[String]) -> io::Result<Command> {
        let (program, arguments) = argv
            .split_first()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "an empty command"))?;
        // The program is looked up with the node's PATH: `Command` takes this process's own, which
        // the room set to the same.
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("PATH", search_path())
            .env("HOME", "/root")
            .env("LANG", "C.UTF-8")
            .env("HOSTNAME", &self.host_name)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        for kept in ["RUST_BACKTRACE", "RUST_LOG"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        Ok(command)
    }

    fn log_path(&self, command: &str) -> PathBuf {
        PathBuf::from(format!("/proc/self/fd/{}", self.logs.as_raw_fd()))
            .join(format!("{command}.log"))
    }
}

/// Where a node's commands are looked for: `keel` itself first.
pub(crate) fn search_path() -> String {
    format!("{PROGRAM_FOLDER}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
}

/// Every process of this process namespace but pid 1.
pub(super) fn running() -> io::Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let Ok(name) = fs::read_to_string(entry.path().join("comm")) else {
            continue;
        };
        if pid != 1 {
            found.push(Process {
                pid,
                name: name.trim_end().to_owned(),
            });
        }
    }
    found.sort_by_key(|process| process.pid);
    Ok(found)
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, Children> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn collect_for_ever(&self) {
        loop {
            // Waits without collecting, so that collecting happens under the lock.
            match waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
                Ok(_) => self.collect(),
                Err(Errno::EINTR) => {}
                Err(_) => thread::sleep(NOTHING_TO_COLLECT),
            }
        }
    }

    fn collect(&self) {
        let mut children = self.lock();
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            let Some(pid) = status.pid() else { break };
            if let Some(end) = children.ends.get_mut(&pid) {
                *end = Some(status);
            }
        }
        self.ended.notify_all();
    }

    fn wait_for(&self, pid: Pid, limit: Duration) -> Option<WaitStatus> {
        let deadline = Instant::now() + limit;
        let mut children = self.lock();
        loop {
            if let Some(Some(status)) = children.ends.get(&pid) {
                return Some(*status);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            children = self
                .ended
                .wait_timeout(children, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}

type Stream = Box<dyn Read + Send>;

fn streams(child: &mut std::process::Child) -> [Stream; 2] {
    let nothing = || Box::new(io::empty()) as Stream;
    [
        child
            .stdout
            .take()
            .map_or_else(nothing, |stream| Box::new(stream)),
        child
            .stderr
            .take()
            .map_or_else(nothing, |stream| Box::new(stream)),
    ]
}

fn read_all(stream: Stream) -> Vec<u8> {
    let mut text = Vec::new();
    let _ = stream.take(MAX_OUTPUT_BYTES).read_to_end(&mut text);
    text
}

fn not_started(argv: &[String], error: io::Error) -> io::Error {
    let program = argv.first().map_or("", String::as_str);
    io::Error::new(
        error.kind(),
        format!("{program} could not be started: {error}"),
    )
}

fn describe(status: WaitStatus) -> String {
    match status {
        WaitStatus::Exited(_, code) => format!("exit {code}"),
        WaitStatus::Signaled(_, signal, _) => format!("signal {}", signal as i32),
        other => format!("{other:?}"),
    }
}

/// A command's log, bounded.
struct Log {
    file: File,
    left: usize,
}

impl Log {
    fn open(path: &PathBuf) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        let used = usize::try_from(file.metadata()?.len()).unwrap_or(MAX_LOG_BYTES);
        Ok(Self {
            file,
            left: MAX_LOG_BYTES.saturating_sub(used),
        })
    }

    fn copy(log: &Mutex<Self>, mut stream: Stream) {
        let mut buffer = [0; 8192];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.write(&buffer[..count]);
        }
    }

    /// A log that cannot be written loses lines; the command is not disturbed.
    fn write(&mut self, text: &[u8]) {
        if self.left == 0 {
            return;
        }
        let kept = &text[..text.len().min(self.left)];
        let _ = self.file.write_all(kept);
        self.left -= kept.len();
        if self.left == 0 {
            let _ = self.file.write_all(b"\n(the log is full)\n");
        }
    }
}
