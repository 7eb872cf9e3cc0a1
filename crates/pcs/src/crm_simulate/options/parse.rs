//! Words to options.

use super::table::{GRAMMAR, Meaning};
use super::{CommandLine, Options, Request};
use crate::command_line;

/// Reads a command line, without the program's name.
#[must_use]
pub fn parse(arguments: &[String]) -> CommandLine {
    let mut notices = String::new();
    let request = parse_words(arguments, &mut notices);
    CommandLine { request, notices }
}

fn parse_words(arguments: &[String], notices: &mut String) -> Result<Request, String> {
    let mut options = Box::new(Options::default());
    let request = GRAMMAR.read(arguments, notices, |meaning, given, rest| {
        options.apply(meaning, given)?;
        if let (Meaning::Explain, Some(question)) = (meaning, &mut options.explain)
            && let Some(node) = rest.as_slice().first()
            && !node.starts_with('-')
        {
            question.node = rest.next().cloned();
        }
        Ok(())
    })?;
    Ok(match request {
        command_line::Request::Help(text) => Request::Help(text),
        command_line::Request::Run(common) => {
            options.common = common;
            Request::Run(options)
        }
    })
}
