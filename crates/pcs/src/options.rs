//! The command lines of Pacemaker's tools: what an option is, how words become options, and how the
//! help text lists them.
//!
//! Short options may be joined (`-sSQ`); one that takes an argument takes it from the next word, or
//! (deprecated, with a notice) from the rest of its own; long options take theirs after `=` or from
//! the next word. Words that are no options are ignored, and so is everything after `--`.

use std::fmt::Write as _;
use std::ops::ControlFlow;

/// An option: its names, its argument, what it does, and what the help text says of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<M, G> {
    pub long: &'static str,
    pub short: Option<char>,
    pub argument: Option<&'static str>,
    pub meaning: M,
    pub group: G,
    pub help: &'static str,
}

/// An option; `short` is a blank where there is none.
pub(crate) const fn entry<M: Copy, G: Copy>(
    group: G,
    long: &'static str,
    short: char,
    argument: Option<&'static str>,
    meaning: M,
    help: &'static str,
) -> Entry<M, G> {
    Entry {
        long,
        short: if short == ' ' { None } else { Some(short) },
        argument,
        meaning,
        group,
        help,
    }
}

/// Options without a line in the help text.
pub(crate) const HIDDEN: &str = "";

/// Words that have not been read yet.
pub(crate) type Words<'a> = std::slice::Iter<'a, String>;

/// Gives `take` each option with its argument (or nothing) and the words that follow, of which it may
/// take some, until it has what it wants. What there is to say about their form goes to `notices`.
///
/// # Errors
/// Options that there are not, arguments that are missing, and what `take` refuses.
pub(crate) fn read<M: Copy, G, R, E: From<String>>(
    arguments: &[String],
    entries: &[Entry<M, G>],
    notices: &mut String,
    mut take: impl FnMut(M, String, &mut Words<'_>) -> Result<ControlFlow<R>, E>,
) -> Result<Option<R>, E> {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        let given = if let Some(long) = word.strip_prefix("--") {
            vec![long_option(long, entries, &mut words)?]
        } else if let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) {
            short_options(letters, entries, &mut words, notices)?
        } else {
            continue;
        };
        for (meaning, argument) in given {
            if let ControlFlow::Break(result) = take(meaning, argument, &mut words)? {
                return Ok(Some(result));
            }
        }
    }
    Ok(None)
}

fn long_option<'w, M: Copy, G>(
    long: &str,
    entries: &[Entry<M, G>],
    words: &mut impl Iterator<Item = &'w String>,
) -> Result<(M, String), String> {
    let (name, attached) = match long.split_once('=') {
        Some((name, argument)) => (name, Some(argument)),
        None => (long, None),
    };
    let entry = entries
        .iter()
        .find(|entry| entry.long == name)
        .filter(|entry| attached.is_none() || entry.argument.is_some())
        .ok_or_else(|| format!("Unknown option --{long}"))?;
    let argument = match (entry.argument, attached) {
        (None, _) => String::new(),
        (Some(_), Some(argument)) => argument.to_owned(),
        (Some(_), None) => words
            .next()
            .ok_or_else(|| format!("Missing argument for --{name}"))?
            .clone(),
    };
    Ok((entry.meaning, argument))
}

fn short_options<'w, M: Copy, G>(
    letters: &str,
    entries: &[Entry<M, G>],
    words: &mut impl Iterator<Item = &'w String>,
    notices: &mut String,
) -> Result<Vec<(M, String)>, String> {
    let mut given = Vec::new();
    let mut rest = letters.chars();
    while let Some(letter) = rest.next() {
        // Both letters ask for help everywhere in Pacemaker.
        let wanted = if letter == '?' { 'h' } else { letter };
        let entry = entries
            .iter()
            .find(|entry| entry.short == Some(wanted))
            .ok_or_else(|| format!("Unknown option -{letter}"))?;
        if entry.argument.is_none() {
            given.push((entry.meaning, String::new()));
            continue;
        }
        let attached = rest.as_str();
        let argument = if attached.is_empty() {
            words
                .next()
                .ok_or_else(|| format!("Missing argument for -{letter}"))?
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
        given.push((entry.meaning, argument));
        break;
    }
    Ok(given)
}

/// Where the second column of the help text begins.
const HELP_COLUMN: usize = 35;

/// The lines of the help text about the options of one group, under its heading.
pub(crate) fn help_section<M, G: PartialEq>(
    heading: &str,
    entries: &[Entry<M, G>],
    group: &G,
) -> String {
    let mut text = format!("{heading}\n");
    for entry in entries {
        if entry.group == *group && entry.help != HIDDEN {
            help_line(&mut text, entry);
        }
    }
    text.push('\n');
    text
}

fn help_line<M, G>(text: &mut String, entry: &Entry<M, G>) {
    let mut names = String::from("  ");
    if let Some(letter) = entry.short {
        let _ = write!(names, "-{letter}, ");
    }
    let _ = write!(names, "--{}", entry.long);
    if let Some(argument) = entry.argument {
        let _ = write!(names, "={argument}");
    }
    let indent = " ".repeat(HELP_COLUMN);
    let explanation = entry.help.replace('\n', &format!("\n{indent}"));
    let _ = writeln!(text, "{names:<HELP_COLUMN$}{explanation}");
}
