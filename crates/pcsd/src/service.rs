//! `keel pcsd start`, `keel cman start` and their like: the cluster as a service of this machine, where
//! there is no systemd, and behind links in `/etc/init.d`.
//!
//! | name | start | stop |
//! | --- | --- | --- |
//! | `pcsd` | pcsd in the background | ends pcsd; the cluster goes on |
//! | `cman`, `corosync`, `pacemaker` | pcsd where it does not run, then the cluster's daemon | the daemon leaves in order |
//!
//! One daemon does what CMAN or corosync and Pacemaker did, so that each of the names means all of it.

use std::io;
use std::os::unix::net::UnixStream;
use std::process::{Command, ExitCode};
use std::time::Duration;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use pcsd_api::{Answer, CallError, Request};
use system::process::{Pid, Pidfd, Signal};

use crate::{Place, ask_local};

/// How long pcsd may take to end.
const END_LIMIT: Duration = Duration::from_secs(10);
/// "program is not running", of the exit codes of init scripts (LSB core, 22.2).
const NOT_RUNNING: u8 = 3;
/// "invalid or excess argument(s)", of the same.
const USAGE: u8 = 2;

/// The names of services that mean the cluster's daemon.
pub const CLUSTER_SERVICES: [&str; 3] = ["cman", "corosync", "pacemaker"];

/// Runs the service `name` with the words of an init script.
#[must_use]
pub fn service(name: &str, words: &[String]) -> ExitCode {
    let place = Place::of_environment();
    let service = Service {
        name,
        place: &place,
    };
    let result = match words {
        [word] => match word.as_str() {
            "start" => service.start(),
            "stop" => service.stop(),
            "restart" | "force-reload" => service.stop().and_then(|()| service.start()),
            "condrestart" | "try-restart" => match service.is_running() {
                true => service.stop().and_then(|()| service.start()),
                false => Ok(()),
            },
            "status" => return service.status(),
            _ => return usage(name),
        },
        _ => return usage(name),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {}", error.trim_end());
            ExitCode::FAILURE
        }
    }
}

fn usage(name: &str) -> ExitCode {
    eprintln!("Usage: {name} {{start|stop|restart|condrestart|status}}");
    ExitCode::from(USAGE)
}

struct Service<'s> {
    name: &'s str,
    place: &'s Place,
}

impl Service<'_> {
    fn is_cluster(&self) -> bool {
        CLUSTER_SERVICES.contains(&self.name)
    }

    fn start(&self) -> Result<(), String> {
        if self.ask(&Request::Status).is_err() {
            start_pcsd()?;
        }
        if self.is_cluster() {
            println!("Starting Cluster...");
            let start = Request::Start {
                joined_within_ms: None,
            };
            self.ask(&start).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn stop(&self) -> Result<(), String> {
        if !self.is_cluster() {
            return end_pcsd(self.place).map_err(|error| error.to_string());
        }
        println!("Stopping Cluster...");
        match self.ask(&Request::Stop) {
            // Without pcsd, a daemon that runs was started by hand, and is stopped so.
            Err(CallError::Unreachable(_))
                if UnixStream::connect(&self.place.cluster_socket).is_err() =>
            {
                Ok(())
            }
            Err(error) => Err(error.to_string()),
            Ok(_) => Ok(()),
        }
    }

    fn is_running(&self) -> bool {
        match self.ask(&Request::Status) {
            Ok(Answer::Status(status)) => status.is_running || !self.is_cluster(),
            _ => self.is_cluster() && UnixStream::connect(&self.place.cluster_socket).is_ok(),
        }
    }

    fn status(&self) -> ExitCode {
        if self.is_running() {
            println!("{} is running...", self.name);
            ExitCode::SUCCESS
        } else {
            println!("{} is stopped", self.name);
            ExitCode::from(NOT_RUNNING)
        }
    }

    fn ask(&self, request: &Request) -> Result<Answer, CallError> {
        ask_local(self.place, request)
    }
}

/// This program again, as a daemon: it answers once it serves.
fn start_pcsd() -> Result<(), String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let status = Command::new(program)
        .args(["pcsd", "--background"])
        .status()
        .map_err(|error| format!("pcsd cannot be started: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err("pcsd did not start".to_owned())
    }
}

/// Who listens at pcsd's socket is told to end, and waited for.
fn end_pcsd(place: &Place) -> io::Result<()> {
    let Ok(connection) = UnixStream::connect(&place.socket) else {
        return Ok(());
    };
    let pid = getsockopt(&connection, PeerCredentials)?.pid();
    let ended = match Pidfd::open(Pid::from_raw(pid)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        opened => {
            let pidfd = opened?;
            pidfd.signal(Signal::SIGTERM)?;
            pidfd.ended_within(END_LIMIT)?
        }
    };
    if ended {
        Ok(())
    } else {
        Err(io::Error::other("pcsd does not end"))
    }
}
