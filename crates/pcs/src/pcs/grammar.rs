//! The commands: their words, what follows them, and whether they work here.
//!
//! `docs/pcs-support.md` is made of this table.

use diagnostics::nearest;

use super::commands::commands;
use super::session::{Done, Session};

/// What a command does.
pub(crate) type Act = for<'a, 'b> fn(&'a mut Session<'b>, &'a [String]) -> Done;

/// What becomes of a command.
#[derive(Clone, Copy)]
pub(crate) enum Action {
    /// It reads or edits the CIB.
    Cib(Act),
    /// It looks at this machine.
    Machine(Act),
    /// It is not done, for a reason.
    Refused(&'static str),
}

/// A command.
pub(crate) struct Command {
    /// The words that make it.
    pub words: &'static str,
    /// What may follow: one form in each line.
    pub usage: &'static [&'static str],
    /// The options that it has, besides `-f`, `--force`, `--debug`.
    pub options: &'static [&'static str],
    /// What becomes of it.
    pub action: Action,
}

impl Command {
    /// How it is written, for people.
    pub fn usage_text(&self) -> String {
        let mut text = format!("\nUsage: pcs {}...\n", self.words);
        for form in self.usage {
            text.push_str(format!("    {} {form}", self.words).trim_end());
            text.push('\n');
        }
        if !self.options.is_empty() {
            text.push_str(&format!("  Options: {}\n", self.options.join(" ")));
        }
        text
    }
}

/// Why no command was found, or what was asked for instead of one.
pub(crate) struct NoCommand {
    pub text: String,
    pub is_help: bool,
}

/// The command that `words` begin with, and the words that follow.
pub(crate) fn find(words: &[String]) -> Result<(&'static Command, &[String]), NoCommand> {
    let mut best: Option<(&'static Command, usize)> = None;
    for command in commands() {
        let count = command.words.split(' ').count();
        let own = command.words.split(' ');
        let fits = words.len() >= count && own.zip(words).all(|(own, word)| own == word);
        if fits && best.is_none_or(|(_, most)| count > most) {
            best = Some((command, count));
        }
    }
    let is_help = words.is_empty() || words.last().is_some_and(|it| it == "help");
    let area = words.first().map_or("", String::as_str);
    let Some((command, count)) = best.filter(|_| !is_help) else {
        return Err(no_command(words, is_help));
    };
    // A word behind an area's own command that is no part of it is a command that is not known.
    let takes_nothing =
        command.words == area && command.usage.first().is_some_and(|it| it.starts_with('['));
    let next = words.get(count);
    let is_part = |next: &String| {
        let words = command
            .usage
            .iter()
            .flat_map(|it| it.split(['[', ']', ' ', '|']));
        words.into_iter().any(|it| it == next)
    };
    let is_unknown = takes_nothing && next.is_some_and(|next| !is_part(next));
    if is_unknown {
        return Err(no_command(words, false));
    }
    Ok((command, &words[count..]))
}

/// How the commands are called that begin as `words` do, and what was meant.
fn no_command(words: &[String], is_help: bool) -> NoCommand {
    let areas = commands().filter_map(|it| it.words.split(' ').next());
    let area = words.first().map(String::as_str).filter(|it| *it != "help");
    let known = area.filter(|area| areas.clone().any(|it| it == *area));
    let mut text = String::new();
    match (known, area) {
        (Some(area), _) => {
            if let Some(word) = words.get(1).filter(|_| !is_help) {
                text.push_str(&format!("Error: 'pcs {area}' has no command '{word}'"));
                let own = commands().filter(|it| it.words.starts_with(&format!("{area} ")));
                let own = own.filter_map(|it| it.words.split(' ').nth(1));
                if let Some(meant) = nearest(word, own) {
                    text.push_str(&format!(", did you mean 'pcs {area} {meant}'?"));
                }
                text.push('\n');
            }
            text.push_str(&format!("\nUsage: pcs {area} ...\n"));
            let of_area = |it: &&Command| it.words.split(' ').next() == Some(area);
            for command in commands().filter(of_area) {
                for form in command.usage {
                    text.push_str(format!("    {} {form}", command.words).trim_end());
                    text.push('\n');
                }
            }
        }
        (None, Some(area)) => {
            text.push_str(&format!("Error: pcs has no commands '{area} ...'"));
            if let Some(meant) = nearest(area, areas) {
                text.push_str(&format!(", did you mean 'pcs {meant}'?"));
            }
            text.push('\n');
        }
        (None, None) => {
            text.push_str("\nUsage: pcs [-f FILE] [--force] COMMAND...\n\nCommands:\n");
            let mut seen = Vec::new();
            for area in areas {
                if !seen.contains(&area) {
                    text.push_str(&format!("    {area}\n"));
                    seen.push(area);
                }
            }
        }
    }
    NoCommand {
        text,
        is_help: is_help && words.last().is_some_and(|it| it == "help"),
    }
}
