//! What a signal means to each personality.

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use crate::supervision::ExitStatus;
use crate::supervision::ending::Grace;

/// Under which name the supervisor runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personality {
    /// `keel run`.
    Keel,
    /// `keel haproxy`; as a master (`-W`, `-Ws`) its end is told by an exit code rather than by
    /// the signal.
    Haproxy {
        /// `-W` or `-Ws`.
        master: bool,
    },
    /// `keel keepalived`.
    Keepalived,
}

impl Personality {
    /// The process's name.
    pub fn process_name(self) -> &'static str {
        match self {
            Self::Keel => "keel",
            Self::Haproxy { .. } => "haproxy",
            Self::Keepalived => "keepalived",
        }
    }

    /// As `keel status` calls it.
    pub fn command(self) -> &'static str {
        match self {
            Self::Keel => "keel run",
            Self::Haproxy { .. } => "keel haproxy",
            Self::Keepalived => "keel keepalived",
        }
    }
}

/// What the operator asks for by a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// End.
    Stop {
        /// How patiently.
        grace: Grace,
        /// What our own end says.
        exit: ExitStatus,
    },
    /// Read the configuration again.
    Reload,
    /// Write the state to the log.
    Report,
    /// Nothing: the peer gives the signal a meaning that does not exist here.
    Ignore,
}

/// The signals that have a meaning.
const SIGNALS: [Signal; 9] = [
    Signal::SIGTERM,
    Signal::SIGINT,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGTTOU,
    Signal::SIGTTIN,
    Signal::SIGPIPE,
];

/// The table. HAProxy: management.txt, chapter 4; keepalived: keepalived(8), "Signals".
///
/// HAProxy's SIGTTOU and SIGTTIN (pause and resume listening, to hand ports over) are ignored: the
/// ports are shared with a successor instead.
pub fn meaning(personality: Personality, signal: Signal) -> Ask {
    use Personality::{Haproxy, Keel, Keepalived};
    let stop = |grace, exit| Ask::Stop { grace, exit };
    let clean = ExitStatus::Code(0);
    match (signal, personality) {
        (Signal::SIGTERM | Signal::SIGINT, Keel) => stop(Grace::Short, clean),
        (Signal::SIGTERM | Signal::SIGINT, Keepalived) => stop(Grace::None, clean),
        (Signal::SIGTERM | Signal::SIGINT, Haproxy { master: false }) => {
            stop(Grace::None, ExitStatus::Signal(signal as i32))
        }
        // The master ends with its worker's code; a terminated worker is no failure, an
        // interrupted one is.
        (Signal::SIGTERM, Haproxy { master: true }) => stop(Grace::None, clean),
        (Signal::SIGINT, Haproxy { master: true }) => {
            stop(Grace::None, ExitStatus::Code(128 + signal as i32))
        }
        (Signal::SIGUSR1, Keel | Haproxy { .. }) => stop(Grace::Unlimited, clean),
        (Signal::SIGUSR1 | Signal::SIGUSR2, Keepalived) => Ask::Report,
        (Signal::SIGUSR2, Keel | Haproxy { .. }) => Ask::Reload,
        (Signal::SIGHUP, Keel | Keepalived | Haproxy { master: true }) => Ask::Reload,
        (Signal::SIGHUP, Haproxy { master: false }) => Ask::Report,
        (Signal::SIGQUIT, _) => Ask::Report,
        _ => Ask::Ignore,
    }
}

/// Takes the signals from now on through a descriptor. Call before any thread is started: threads
/// inherit the mask.
///
/// # Errors
///
/// The kernel's word.
pub fn take() -> nix::Result<SignalFd> {
    let mut mask = SigSet::empty();
    for signal in SIGNALS {
        mask.add(signal);
    }
    mask.thread_block()?;
    SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
}

/// The signals that wait.
pub fn read(descriptor: &SignalFd) -> Vec<Signal> {
    let mut signals = Vec::new();
    while let Ok(Some(info)) = descriptor.read_signal() {
        let number = i32::try_from(info.ssi_signo).unwrap_or_default();
        signals.extend(Signal::try_from(number));
    }
    signals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_mean_what_they_mean_to_the_peers() {
        let single = Personality::Haproxy { master: false };
        let master = Personality::Haproxy { master: true };
        let stop = |grace, exit| Ask::Stop { grace, exit };
        let clean = ExitStatus::Code(0);
        for (personality, signal, expected) in [
            (
                Personality::Keel,
                Signal::SIGTERM,
                stop(Grace::Short, clean),
            ),
            (
                Personality::Keel,
                Signal::SIGUSR1,
                stop(Grace::Unlimited, clean),
            ),
            (Personality::Keel, Signal::SIGHUP, Ask::Reload),
            (
                single,
                Signal::SIGINT,
                stop(Grace::None, ExitStatus::Signal(2)),
            ),
            (
                single,
                Signal::SIGTERM,
                stop(Grace::None, ExitStatus::Signal(15)),
            ),
            (single, Signal::SIGHUP, Ask::Report),
            (single, Signal::SIGUSR2, Ask::Reload),
            (single, Signal::SIGTTOU, Ask::Ignore),
            (
                master,
                Signal::SIGINT,
                stop(Grace::None, ExitStatus::Code(130)),
            ),
            (master, Signal::SIGTERM, stop(Grace::None, clean)),
            (master, Signal::SIGHUP, Ask::Reload),
            (Personality::Keepalived, Signal::SIGHUP, Ask::Reload),
            (
                Personality::Keepalived,
                Signal::SIGTERM,
                stop(Grace::None, clean),
            ),
            (Personality::Keepalived, Signal::SIGUSR1, Ask::Report),
            (Personality::Keepalived, Signal::SIGPIPE, Ask::Ignore),
        ] {
            assert_eq!(
                meaning(personality, signal),
                expected,
                "{personality:?} {signal}"
            );
        }
    }
}
