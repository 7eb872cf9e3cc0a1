//! Words to options.

use std::ops::ControlFlow;

use super::help::help;
use super::table::{ENTRIES, Group, Meaning};
use super::{CommandLine, Options, Refused, Request};
use crate::options::read;

/// Reads a command line, without the program's name.
#[must_use]
pub fn parse(arguments: &[String]) -> CommandLine {
    let mut notices = String::new();
    let request = parse_words(arguments, &mut notices);
    CommandLine { request, notices }
}

fn parse_words(arguments: &[String], notices: &mut String) -> Result<Request, Refused> {
    let mut options = Box::new(Options::default());
    let mut version = false;
    let help =
        read::<_, _, _, Refused>(arguments, ENTRIES, notices, |meaning, argument, words| {
            let groups: &[Group] = match meaning {
                Meaning::Help => &[Group::Help, Group::Application],
                Meaning::HelpAll => &Group::ALL,
                Meaning::HelpGroup(group) => &[group],
                Meaning::Version => {
                    version = true;
                    return Ok(ControlFlow::Continue(()));
                }
                _ => {
                    options.apply(meaning, argument)?;
                    if let (Meaning::Explain, Some(question)) = (meaning, &mut options.explain)
                        && let Some(node) = words.as_slice().first()
                        && !node.starts_with('-')
                    {
                        question.node = words.next().cloned();
                    }
                    return Ok(ControlFlow::Continue(()));
                }
            };
            Ok(ControlFlow::Break(help(groups)))
        })?;
    Ok(match help {
        Some(text) => Request::Help(text),
        None if version => Request::Version(options),
        None => Request::Run(options),
    })
}
