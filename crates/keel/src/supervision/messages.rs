//! What goes into the supervisor's decisions and what comes out.

use address_keeper::supervision::{FromKeeper, Testament, ToKeeper};
use balancer::supervision::{FromBalancer, ToBalancer};

use super::ending::Grace;
use super::life::Finding;

/// What a supervisor looks after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Whether there is a balancer.
    pub balancer: bool,
    /// Whether there is an address keeper.
    pub keeper: bool,
    /// Whether a child that died gets a successor (keepalived's `-R` says no).
    pub respawn: bool,
}

/// The two kinds of children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The data plane.
    Balancer,
    /// The owner of the virtual addresses.
    Keeper,
}

impl Role {
    /// As log lines call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Balancer => "balancer",
            Self::Keeper => "address keeper",
        }
    }
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// By itself, with that code.
    Code(i32),
    /// By that signal.
    Signal(i32),
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// `Spawn` succeeded.
    Spawned {
        /// Whose.
        role: Role,
        /// The process.
        pid: i32,
    },
    /// `Spawn` failed.
    SpawnFailed {
        /// Whose.
        role: Role,
        /// The system's word.
        reason: String,
    },
    /// A child ended.
    Exited {
        /// Whose.
        role: Role,
        /// How.
        status: ExitStatus,
    },
    /// The balancer said something.
    Balancer(FromBalancer),
    /// The keeper said something.
    Keeper(FromKeeper),
    /// The answer to `Examine`.
    Examined {
        /// Whose.
        role: Role,
        /// What the kernel knows.
        finding: Finding,
    },
    /// The operator asked for the configuration to be read again. The shell has read and checked
    /// it, and bound what it adds.
    Reload {
        /// Who is to be answered.
        ask: AskId,
        /// The balancer's new configuration, held by the shell under this number.
        generation: Option<u64>,
    },
    /// The operator asked for the end.
    Stop {
        /// How much patience requests in flight are worth.
        grace: Grace,
        /// What the supervisor's own end says.
        exit: ExitStatus,
    },
    /// The deadline came.
    Woken,
}

/// Names one who waits for an answer; the shell gives the number out.
pub type AskId = u64;

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Start a child; answered by `Spawned` or `SpawnFailed`.
    Spawn(Role),
    /// End a child with SIGKILL.
    Kill(Role),
    /// Look whether a silent child is stopped, starved or neither; answered by `Examined`.
    Examine(Role),
    /// Hand the balancer the listening sockets and the configuration of that generation.
    GiveBalancer(u64),
    /// The candidate of that generation is in force: it is the one for successors.
    Keep(u64),
    /// The candidate of that generation was refused.
    Discard(u64),
    /// Close the supervisor's own listening sockets: nobody shall accept any more.
    CloseListeners,
    /// Send the balancer a message.
    TellBalancer(ToBalancerWord),
    /// Send the keeper a message.
    TellKeeper(KeeperWord),
    /// Remove the addresses of a dead keeper, then send its farewells.
    Execute(Testament),
    /// Everything serves: tell whoever waits for it (pidfile, `READY=1`, the foreground process).
    Announce,
    /// Answer one who asked.
    Answer {
        /// Whom.
        ask: AskId,
        /// What.
        outcome: Result<String, String>,
    },
    /// Write a line.
    Log(Level, String),
    /// End the supervisor itself.
    Exit(ExitStatus),
}

/// How grave a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// An expected event.
    Notice,
    /// Something is not as it should be; it was coped with.
    Warning,
    /// The operator has to act.
    Error,
}

/// The messages to the balancer without payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToBalancerWord {
    /// [`ToBalancer::Drain`].
    Drain,
    /// [`ToBalancer::Stop`].
    Stop,
}

impl From<ToBalancerWord> for ToBalancer {
    fn from(word: ToBalancerWord) -> Self {
        match word {
            ToBalancerWord::Drain => Self::Drain,
            ToBalancerWord::Stop => Self::Stop,
        }
    }
}

/// The messages to the keeper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeeperWord {
    /// [`ToKeeper::Balancer`]: serving, or why not.
    Balancer(Result<(), String>),
    /// [`ToKeeper::Reload`].
    Reload,
    /// [`ToKeeper::Stop`].
    Stop,
}

impl From<KeeperWord> for ToKeeper {
    fn from(word: KeeperWord) -> Self {
        match word {
            KeeperWord::Balancer(verdict) => Self::Balancer {
                serving: verdict.is_ok(),
                reason: verdict.err().unwrap_or_default(),
            },
            KeeperWord::Reload => Self::Reload,
            KeeperWord::Stop => Self::Stop,
        }
    }
}

impl std::fmt::Display for ExitStatus {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(formatter, "ended with exit code {code}"),
            Self::Signal(number) => match nix::sys::signal::Signal::try_from(*number) {
                Ok(signal) => write!(formatter, "was killed by {signal}"),
                Err(_) => write!(formatter, "was killed by signal {number}"),
            },
        }
    }
}
