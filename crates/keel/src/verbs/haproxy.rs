//! `keel haproxy`: HAProxy's command line.

use std::process::ExitCode;

use balancer::command_line::{Options, Verb, parse, usage, version};
use balancer::load;
use haproxy_config::evaluate;
use system::process::Signal;

use super::launch::{self, Launch};
use crate::shell::configurations::Origin;
use crate::shell::master_socket::MasterSocket;
use crate::shell::presence::Exclusive;
use crate::shell::signals::Personality;

/// Runs HAProxy's command line.
pub fn haproxy(words: Vec<String>) -> ExitCode {
    let options = match parse(words) {
        Ok(options) => options,
        Err(error) => {
            eprint!("{error}\n\n{}", usage("haproxy"));
            return ExitCode::FAILURE;
        }
    };
    if let Some(folder) = &options.folder
        && let Err(error) = std::env::set_current_dir(folder)
    {
        let folder = folder.display();
        return super::failure(&format!("haproxy: cannot change to {folder}: {error}"));
    }
    match &options.verb {
        Verb::Run => run(options),
        Verb::Check => check(&options),
        Verb::EvaluateCondition(condition) => evaluate_condition(condition),
        Verb::Print(text) => {
            print!("{}", version(*text));
            ExitCode::SUCCESS
        }
        Verb::Usage => {
            print!("{}", usage("haproxy"));
            ExitCode::SUCCESS
        }
    }
}

fn check(options: &Options) -> ExitCode {
    let outcome = load::load(options, std::env::vars().collect(), 0);
    let refused = outcome.prepared.is_none();
    if refused || !options.quiet {
        eprint!("{}", outcome.report.text(std::process::id(), false));
    }
    if refused {
        return ExitCode::FAILURE;
    }
    if options.verbose {
        println!("Configuration file is valid");
    }
    ExitCode::SUCCESS
}

fn evaluate_condition(condition: &str) -> ExitCode {
    match evaluate(
        condition,
        &std::env::vars().collect(),
        &load::process_facts(),
    ) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(reason) => {
            eprintln!("haproxy: -cc: {reason}");
            ExitCode::from(2)
        }
    }
}

fn run(options: Options) -> ExitCode {
    if let Some(path) = &options.takeover_socket {
        let path = path.display();
        return super::failure(&format!(
            "haproxy: -x {path}: taking sockets over from another process is known but not built \
             yet; `keel reload` and SIGUSR2 keep them"
        ));
    }
    let old = options.old_processes.clone().unwrap_or_default();
    let origin = Origin {
        options: options.clone(),
        environment: std::env::vars().collect(),
    };
    let Ok((origin, loaded)) = launch::load(origin, !old.pids.is_empty()) else {
        return ExitCode::FAILURE;
    };
    let masters: Result<Vec<MasterSocket>, String> = options
        .master_sockets
        .iter()
        .map(|word| MasterSocket::open(word))
        .collect();
    let masters = match masters {
        Ok(masters) => masters,
        Err(reason) => return super::failure(&format!("haproxy: {reason}")),
    };
    let wants_background = options.daemon || loaded.daemon;
    let pidfile = options.pidfile.clone().or_else(|| loaded.pidfile.clone());
    let ending = if old.finish {
        Signal::SIGUSR1
    } else {
        Signal::SIGTERM
    };
    Launch {
        personality: Personality::Haproxy {
            master: options.master_worker,
        },
        daemon: wants_background && !options.foreground && !options.debug,
        pidfile: pidfile.map(|path| (path, Exclusive::No)),
        notify: options.systemd,
        replaces: old.pids.into_iter().map(|pid| (pid, ending)).collect(),
        masters,
        quiet: options.quiet,
        respawn: true,
        keeper: None,
        balancer: Some((origin, loaded)),
    }
    .run()
}
