//! Words to options.

use std::fmt::Write as _;

use super::help::help;
use super::table::{ENTRIES, Entry, Group, Meaning};
use super::{CommandLine, Options, Refused, Request};

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
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        let given = if let Some(long) = word.strip_prefix("--") {
            vec![long_option(long, &mut words)?]
        } else if let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) {
            short_options(letters, &mut words, notices)?
        } else {
            continue;
        };
        for (entry, argument) in given {
            match entry.meaning {
                Meaning::Help => {
                    return Ok(Request::Help(help(&[Group::Help, Group::Application])));
                }
                Meaning::HelpAll => return Ok(Request::Help(help(&Group::ALL))),
                Meaning::HelpGroup(group) => return Ok(Request::Help(help(&[group]))),
                Meaning::Version => version = true,
                _ => options.apply(entry.meaning, argument)?,
            }
            if let (Meaning::Explain, Some(question)) = (entry.meaning, &mut options.explain)
                && let Some(node) = words.as_slice().first()
                && !node.starts_with('-')
            {
                question.node = words.next().cloned();
            }
        }
    }
    Ok(if version {
        Request::Version(options)
    } else {
        Request::Run(options)
    })
}

type Given = (&'static Entry, String);

fn long_option<'w>(
    long: &str,
    words: &mut impl Iterator<Item = &'w String>,
) -> Result<Given, Refused> {
    let (name, attached) = match long.split_once('=') {
        Some((name, argument)) => (name, Some(argument)),
        None => (long, None),
    };
    let entry = ENTRIES
        .iter()
        .find(|entry| entry.long == name)
        .filter(|entry| attached.is_none() || entry.argument.is_some())
        .ok_or_else(|| Refused::Usage(format!("Unknown option --{long}")))?;
    let argument = match (entry.argument, attached) {
        (None, _) => String::new(),
        (Some(_), Some(argument)) => argument.to_owned(),
        (Some(_), None) => words
            .next()
            .ok_or_else(|| Refused::Usage(format!("Missing argument for --{name}")))?
            .clone(),
    };
    Ok((entry, argument))
}

fn short_options<'w>(
    letters: &str,
    words: &mut impl Iterator<Item = &'w String>,
    notices: &mut String,
) -> Result<Vec<Given>, Refused> {
    let mut given = Vec::new();
    let mut rest = letters.chars();
    while let Some(letter) = rest.next() {
        // Both letters ask for help everywhere in Pacemaker.
        let wanted = if letter == '?' { 'h' } else { letter };
        let entry = ENTRIES
            .iter()
            .find(|entry| entry.short == Some(wanted))
            .ok_or_else(|| Refused::Usage(format!("Unknown option -{letter}")))?;
        if entry.argument.is_none() {
            given.push((entry, String::new()));
            continue;
        }
        let attached = rest.as_str();
        let argument = if attached.is_empty() {
            words
                .next()
                .ok_or_else(|| Refused::Usage(format!("Missing argument for -{letter}")))?
                .clone()
        } else {
            // Writing to a String cannot fail.
            let _ = write!(
                notices,
                "Deprecated argument format '-{letter}{attached}' used.\n\
                 Please use '-{letter} {attached}' instead.  \
                 Support will be removed in a future release.\n"
            );
            attached.to_owned()
        };
        given.push((entry, argument));
        break;
    }
    Ok(given)
}
