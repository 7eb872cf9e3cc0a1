//! From checked wishes to a running supervisor. Everything that can be refused is refused before
//! anything is started.

use std::collections::HashSet;
use std::path::PathBuf;
use std::process::ExitCode;

use system::process::{Daemonized, ReadySignal, Signal, daemonize};

use crate::invocation::{ROLE_BALANCER, ROLE_KEEPER};
use crate::shell::children::Start;
use crate::shell::configurations::{Configurations, Loaded, Origin};
use crate::shell::control_socket::ControlSocket;
use crate::shell::journal::{Journal, Style};
use crate::shell::master_socket::MasterSocket;
use crate::shell::presence::{Exclusive, NOTIFY_VARIABLE, Pidfile, Presence};
use crate::shell::signals::{self, Personality};
use crate::shell::{BalancerSide, KeeperSide, Setup, run};
use crate::supervision::{ExitStatus, Level};
use crate::wire;

/// Numbers the first configuration.
const FIRST_GENERATION: u64 = 1;

/// What a personality wants.
#[derive(Debug)]
pub struct Launch {
    /// Which one.
    pub personality: Personality,
    /// The balancer's configuration, read and its sockets bound.
    pub balancer: Option<(Origin, Loaded)>,
    /// The keeper's command line, checked.
    pub keeper: Option<Vec<String>>,
    /// Whether dead children get successors.
    pub respawn: bool,
    /// Whether to go to the background.
    pub daemon: bool,
    /// The pidfile, and whether a running instance forbids ours.
    pub pidfile: Option<(PathBuf, Exclusive)>,
    /// Whether systemd is told.
    pub notify: bool,
    /// Old processes to end, and the signal that does it.
    pub replaces: Vec<(i32, Signal)>,
    /// HAProxy's `-S`.
    pub masters: Vec<MasterSocket>,
    /// No notices.
    pub quiet: bool,
}

/// Reads a balancer's configuration and binds its sockets; prints the messages.
///
/// # Errors
///
/// It was refused; the messages are printed.
pub fn load(origin: Origin, takeover: bool) -> Result<(Origin, Loaded), ()> {
    match origin.load(FIRST_GENERATION, &HashSet::new(), takeover) {
        Ok((loaded, messages)) => {
            if !origin.options.quiet {
                eprint!("{messages}");
            }
            Ok((origin, loaded))
        }
        Err(messages) => {
            eprint!("{messages}");
            Err(())
        }
    }
}

/// Checks a keeper's configuration as `keepalived -t` does: its messages, which are a refusal in
/// the error. Also what a reload asks first.
///
/// # Errors
///
/// The messages.
pub fn check_keeper(words: &[String]) -> Result<(), String> {
    keeper_messages(words).map(drop)
}

/// The messages of an accepted configuration, one a line; or of a refused one.
///
/// # Errors
///
/// The messages.
pub fn keeper_messages(words: &[String]) -> Result<String, String> {
    use address_keeper::command_line::{Request, parse};
    let options = match parse(words.iter().cloned()) {
        Ok(Request::Run(options)) => options,
        Ok(_) => return Err("the command line does not ask to run".to_owned()),
        Err(error) => return Err(error.to_string()),
    };
    let check = address_keeper::configuration::check(&options);
    let mut text = check.messages.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    if check.refused { Err(text) } else { Ok(text) }
}

impl Launch {
    /// Supervises until the end.
    pub fn run(self) -> ExitCode {
        let name = self.personality.process_name();
        super::name_process(name);
        let starter = match self.daemon.then(daemonize) {
            None => None,
            Some(Ok(Daemonized::Parent(wait))) => return ExitCode::from(wait.wait()),
            Some(Ok(Daemonized::Daemon(starter))) => Some(starter),
            Some(Err(error)) => {
                return super::failure(&format!("{name}: cannot go to the background: {error}"));
            }
        };
        let setup = match self.setup(starter) {
            Ok(setup) => setup,
            Err(reason) => return super::failure(&format!("{name}: {reason}")),
        };
        match run(setup, FIRST_GENERATION) {
            Ok(status) => end(status),
            Err(error) => super::failure(&format!("{name}: {error}")),
        }
    }

    fn setup(self, starter: Option<ReadySignal>) -> Result<Setup, String> {
        let signals = signals::take().map_err(|error| format!("signals: {error}"))?;
        let style = match self.personality {
            Personality::Haproxy { .. } => Style::Haproxy,
            Personality::Keel | Personality::Keepalived => {
                Style::Plain(self.personality.process_name())
            }
        };
        let mut journal = Journal::new(style, self.quiet);
        let pidfile = match self.pidfile {
            None => None,
            Some((path, exclusive)) => {
                Some(Pidfile::write(&path, exclusive).map_err(|error| error.to_string())?)
            }
        };
        let notify = self.notify.then(|| std::env::var_os(NOTIFY_VARIABLE));
        let presence = Presence {
            _pidfile: pidfile,
            starter,
            notify: notify.flatten().map(PathBuf::from),
            replaces: self.replaces,
        };
        let control = open_control(self.personality, &mut journal);
        Ok(Setup {
            personality: self.personality,
            respawn: self.respawn,
            balancer: self.balancer.map(|(origin, loaded)| BalancerSide {
                origin,
                configurations: Configurations::new(loaded),
                start: Start {
                    name: "haproxy",
                    verb: ROLE_BALANCER,
                    words: Vec::new(),
                    inherits_streams: !self.daemon,
                },
            }),
            keeper: self.keeper.map(|words| KeeperSide {
                start: Start {
                    name: "keepalived",
                    verb: ROLE_KEEPER,
                    words,
                    inherits_streams: !self.daemon,
                },
                check: check_keeper,
            }),
            presence,
            journal,
            control,
            masters: self.masters,
            signals,
        })
    }
}

/// Without a control socket the roles still do their work.
fn open_control(personality: Personality, journal: &mut Journal) -> Option<ControlSocket> {
    let Some(folder) = wire::runtime_folder() else {
        let variable = wire::RUNTIME_VARIABLE;
        journal.write(
            Level::Notice,
            &format!("`keel status` cannot ask this process: neither {variable} nor XDG_RUNTIME_DIR is set"),
        );
        return None;
    };
    match ControlSocket::open(&folder, personality.process_name()) {
        Ok(control) => Some(control),
        Err(error) => {
            let folder = folder.display();
            journal.write(
                Level::Warning,
                &format!("`keel status` cannot ask this process: no socket in {folder}: {error}"),
            );
            None
        }
    }
}

fn end(status: ExitStatus) -> ExitCode {
    match status {
        ExitStatus::Code(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        ExitStatus::Signal(number) => {
            // Does not return, unless the signal was ignored from the start (nohup, `&` in a
            // script); then the shell's code for it says the same.
            let _ = system::process::die_by(number);
            ExitCode::from(u8::try_from(128 + number).unwrap_or(1))
        }
    }
}
