//! A process that carries an operation out, with all that it starts.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use system::awaited::Awaited;
use system::process::{Child, Exit, RoleCommand, Signal, Stream};
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};

use crate::capture::Capture;

/// How long a group that ran out of time has between `SIGTERM` and `SIGKILL`.
pub const TERMINATION_GRACE: Duration = Duration::from_millis(500);

/// How long is waited for a process after `SIGKILL`: it works at once, except on one that is stuck
/// inside the kernel, such as on a dead NFS server.
pub const KILL_LIMIT: Duration = Duration::from_secs(2);

/// A script that is being written cannot be started; packages are installed in far less time.
const BUSY_RETRIES: u32 = 20;
const BUSY_PAUSE: Duration = Duration::from_millis(10);

/// How a process ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// By itself, or by a signal that is not ours.
    Exit(Exit),
    /// It ran out of time; whether it is gone for certain.
    TimedOut { gone: bool },
    /// It was never started, or cannot be watched.
    NotRun(io::Error),
}

/// What came of a process.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) ended: Ended,
    pub(crate) output: String,
    pub(crate) error_output: String,
    pub(crate) exit_reason: Option<String>,
}

/// Runs a program in a session of its own, with nothing but that environment and
/// no input. What it leaves behind when it ends in time lives on; when its time is over, and when
/// this future is dropped, the whole group is killed.
pub(crate) async fn run(
    program: &Path,
    arguments: &[&str],
    environment: &[(String, OsString)],
    limit: Duration,
) -> Run {
    match start(program, arguments, environment).await {
        Ok(started) => started.finish(limit).await,
        Err(error) => Run {
            ended: Ended::NotRun(error),
            output: String::new(),
            error_output: String::new(),
            exit_reason: None,
        },
    }
}

struct Started {
    group: Group,
    output: Capture,
    error: Capture,
}

async fn start(
    program: &Path,
    arguments: &[&str],
    environment: &[(String, OsString)],
) -> io::Result<Started> {
    let mut retries = 0;
    loop {
        match try_start(program, arguments, environment) {
            Err(error)
                if error.kind() == io::ErrorKind::ExecutableFileBusy && retries < BUSY_RETRIES =>
            {
                retries += 1;
                sleep(BUSY_PAUSE).await;
            }
            other => return other,
        }
    }
}

fn try_start(
    program: &Path,
    arguments: &[&str],
    environment: &[(String, OsString)],
) -> io::Result<Started> {
    let (output, output_end) = io::pipe()?;
    let (error, error_end) = io::pipe()?;
    let mut command = RoleCommand::program(program, program)
        .arguments(arguments)
        .clean_environment()
        .own_session()
        .streams(
            Stream::Null,
            Stream::Descriptor(output_end.into()),
            Stream::Descriptor(error_end.into()),
        );
    for (name, value) in environment {
        command = command.environment(name, value);
    }
    Ok(Started {
        group: Group::new(command.spawn()?)?,
        output: Capture::new(output.into())?,
        error: Capture::new(error.into())?,
    })
}

impl Started {
    async fn finish(mut self, limit: Duration) -> Run {
        let ended = match timeout(limit, self.exit()).await {
            Ok(Ok(exit)) => Ended::Exit(exit),
            Ok(Err(error)) => Ended::NotRun(error),
            Err(_elapsed) => self.kill().await,
        };
        self.output.drain();
        self.error.drain();
        let (output, _) = self.output.finish();
        let (error_output, exit_reason) = self.error.finish();
        Run {
            ended,
            output,
            error_output,
            exit_reason,
        }
    }

    /// Waits for the process itself, whoever else holds its streams open.
    async fn exit(&mut self) -> io::Result<Exit> {
        loop {
            tokio::select! {
                biased;
                exit = self.group.exit() => return exit,
                () = self.output.fill() => {}
                () = self.error.fill() => {}
            }
        }
    }

    async fn kill(&mut self) -> Ended {
        self.group.signal(Signal::SIGTERM);
        // Until the last of the group is killed its leader is not collected: its number is then
        // nobody else's.
        let _whether_in_time = timeout(TERMINATION_GRACE, self.group.ended()).await;
        self.group.signal(Signal::SIGKILL);
        let gone = timeout(KILL_LIMIT, self.group.exit()).await.is_ok();
        Ended::TimedOut { gone }
    }
}

/// A child that leads a group. Dropped while it runs: the group is killed, and collected when it is
/// gone.
struct Group {
    child: Option<Awaited<Child>>,
}

impl Group {
    fn new(child: Child) -> io::Result<Self> {
        Ok(Self {
            child: Some(Awaited::new(child)?),
        })
    }

    fn child(&self) -> &Awaited<Child> {
        self.child.as_ref().expect("it is taken in `drop` only")
    }

    /// Waits for the leader and collects it.
    async fn exit(&self) -> io::Result<Exit> {
        self.child().read(Child::exit).await
    }

    /// Waits for the leader without collecting it.
    async fn ended(&self) -> io::Result<()> {
        let has_ended = |child: &Child| {
            child
                .pidfd()
                .ended_within(Duration::ZERO)?
                .then_some(())
                .ok_or_else(|| io::ErrorKind::WouldBlock.into())
        };
        self.child().read(has_ended).await
    }

    fn signal(&self, signal: Signal) {
        // A group that is gone needs no signal.
        let _ = self.child().inner().signal(signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !matches!(self.child().inner().try_wait(), Ok(None)) {
            return;
        }
        self.signal(Signal::SIGKILL);
        if let (Ok(runtime), Some(child)) = (Handle::try_current(), self.child.take()) {
            runtime.spawn(async move { child.read(Child::exit).await });
        }
    }
}
