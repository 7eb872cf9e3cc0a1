//! The table of all commands, by area.

mod cluster;
mod configuration;
mod constraint;
mod resource;
mod stonith;

use super::grammar::{Act, Action, Command};

/// All commands; of two that fit, the one with more words is meant.
pub(crate) fn commands() -> impl Iterator<Item = &'static Command> + Clone {
    const AREAS: [&[Command]; 5] = [
        configuration::COMMANDS,
        resource::COMMANDS,
        constraint::COMMANDS,
        stonith::COMMANDS,
        cluster::COMMANDS,
    ];
    AREAS.into_iter().flatten()
}

const fn cib(
    words: &'static str,
    usage: &'static [&'static str],
    options: &'static [&'static str],
    act: Act,
) -> Command {
    Command {
        words,
        usage,
        options,
        action: Action::Cib(act),
    }
}

const fn machine(
    words: &'static str,
    usage: &'static [&'static str],
    options: &'static [&'static str],
    act: Act,
) -> Command {
    Command {
        words,
        usage,
        options,
        action: Action::Machine(act),
    }
}

const fn refused(words: &'static str, reason: &'static str) -> Command {
    Command {
        words,
        usage: &[],
        options: &[
            "--all",
            "--name",
            "--start",
            "-u",
            "-p",
            "--full",
            "--wait",
            "--promoted",
            "--autodelete",
            "--expired",
        ],
        action: Action::Refused(reason),
    }
}

const NOT_BUILT: &str = "it is not built yet";
