//! `keel run`: both roles under one supervisor.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use balancer::command_line::{Options, Verb};

use super::launch::{self, Launch};
use crate::invocation::RunOptions;
use crate::shell::configurations::Origin;
use crate::shell::presence::Exclusive;
use crate::shell::signals::Personality;

/// Runs, or checks, what the options name. The `daemon` keyword of haproxy.cfg has no effect here:
/// `--daemon` says whether the whole goes to the background.
pub fn run(options: &RunOptions) -> ExitCode {
    let keeper = options.keepalived.as_deref().map(keeper_words);
    // The keeper's part first: checking it binds nothing.
    if let Some(words) = &keeper {
        match launch::keeper_messages(words) {
            Ok(messages) => eprint!("{messages}"),
            Err(messages) => return super::failure(&messages),
        }
    }
    if options.check {
        return check(options);
    }
    let mut balancer = None;
    if !options.haproxy.is_empty() {
        let Ok(loaded) = launch::load(origin(&options.haproxy, Verb::Run), false) else {
            return ExitCode::FAILURE;
        };
        balancer = Some(loaded);
    }
    Launch {
        personality: Personality::Keel,
        daemon: options.daemon,
        pidfile: options.pidfile.clone().map(|path| (path, Exclusive::Yes)),
        notify: true,
        replaces: Vec::new(),
        masters: Vec::new(),
        quiet: options.quiet,
        respawn: !options.dont_respawn,
        keeper,
        balancer,
    }
    .run()
}

fn check(options: &RunOptions) -> ExitCode {
    if options.haproxy.is_empty() {
        return ExitCode::SUCCESS;
    }
    let origin = origin(&options.haproxy, Verb::Check);
    let outcome = balancer::load::load(&origin.options, origin.environment, 0);
    eprint!("{}", outcome.report.text(std::process::id(), false));
    match outcome.prepared {
        Some(_) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    }
}

fn origin(files: &[PathBuf], verb: Verb) -> Origin {
    Origin {
        options: Options {
            verb,
            files: files.to_vec(),
            ..Options::default()
        },
        environment: std::env::vars().collect(),
    }
}

/// The keeper's command line: in the foreground, to the console, as the supervisor's child.
fn keeper_words(file: &Path) -> Vec<String> {
    let file = file.to_string_lossy().into_owned();
    ["-n", "-l", "-G", "-f"]
        .map(str::to_owned)
        .into_iter()
        .chain([file])
        .collect()
}
