//! The configuration, read from disk and checked against this machine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use diagnostics::{Diagnostic, Diagnostics, Severity, Sources, render, render_line};
use keepalived_config::{Configuration, Files, Inputs, load};
use system::netlink::Netlink;

use crate::command_line::Options;
use crate::network::Network;
use crate::plan::{Plan, plan};

/// Included files, at most: an include that includes itself ends here.
const MAX_FILES: usize = 1000;

/// What checking a configuration found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Messages in the order found: one line each, and under an error the place in the file.
    pub messages: Vec<String>,
    /// Whether the configuration cannot be used.
    pub refused: bool,
}

/// Reads the configuration and checks it against this machine: `-t`.
#[must_use]
pub fn check(options: &Options) -> Check {
    let network = Netlink::open()
        .and_then(|mut netlink| Network::list(&mut netlink))
        .ok();
    match read(options, network.as_ref(), Shape::Drawn) {
        Ok(accepted) => Check {
            messages: accepted.messages,
            refused: false,
        },
        Err(messages) => Check {
            messages,
            refused: true,
        },
    }
}

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// For a log.
    Line,
    /// For a terminal: with the words at fault under an error.
    Drawn,
}

impl Shape {
    fn write(self, sources: &Sources, message: &Diagnostic) -> String {
        let line = render_line(sources, message);
        let is_drawn = self == Self::Drawn && message.severity == Severity::Error;
        if is_drawn && message.span.is_some() {
            format!("{line}\n{}", render(sources, message, false).trim_end())
        } else {
            line
        }
    }
}

/// A configuration that can run here.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) configuration: Configuration,
    pub(crate) plan: Plan,
    pub(crate) messages: Vec<String>,
}

/// Reads the configuration; the error is every message. Without a `network` nothing is said about
/// interfaces.
pub(crate) fn read(
    options: &Options,
    network: Option<&Network>,
    shape: Shape,
) -> Result<Accepted, Vec<String>> {
    let mut sources = Sources::new();
    let path = options.configuration.to_string_lossy().into_owned();
    let inputs = inputs(options);
    let loaded = load(&path, &inputs, &mut Disk { read: 0 }, &mut sources);
    let mut diagnostics = loaded.diagnostics;
    let lines = |diagnostics: &Diagnostics| {
        let written = diagnostics
            .iter()
            .map(|message| shape.write(&sources, message));
        written.collect::<Vec<String>>()
    };
    let Some(configuration) = loaded.configuration else {
        return Err(lines(&diagnostics));
    };
    let (plan, more) = plan(&configuration, network);
    diagnostics.extend(more);
    let messages = lines(&diagnostics);
    if diagnostics.has_errors() {
        return Err(messages);
    }
    Ok(Accepted {
        configuration,
        plan,
        messages,
    })
}

fn inputs(options: &Options) -> Inputs {
    let machine = nix::unistd::gethostname()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let short = machine.split('.').next().unwrap_or_default().to_owned();
    let text = |value: std::ffi::OsString| value.into_string().ok();
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((text(name)?, text(value)?)))
        .collect();
    Inputs {
        config_id: options.config_id.clone().unwrap_or(short),
        environment,
        ..Inputs::default()
    }
}

/// Files of this machine.
struct Disk {
    read: usize,
}

impl Files for Disk {
    fn matching(&mut self, directory: &str, pattern: &str) -> Result<Vec<String>, String> {
        let pattern = Path::new(directory).join(pattern);
        let mut found = vec![PathBuf::from("/")];
        if pattern.is_relative() {
            found = vec![PathBuf::new()];
        }
        for part in pattern.components() {
            let part = part.as_os_str().to_string_lossy().into_owned();
            if part == "/" {
                continue;
            }
            if part.contains(['*', '?', '[']) {
                found = found
                    .iter()
                    .flat_map(|folder| entries(folder, &part))
                    .collect();
            } else {
                found.iter_mut().for_each(|path| path.push(&part));
                found.retain(|path| path.exists());
            }
        }
        let mut names: Vec<String> = found
            .iter()
            .map(|path| path.to_string_lossy().into_owned())
            .collect();
        names.sort();
        Ok(names)
    }

    fn read(&mut self, path: &str) -> Result<String, String> {
        self.read += 1;
        if self.read > MAX_FILES {
            return Err(format!("more than {MAX_FILES} files are included"));
        }
        if Path::new(path).is_dir() {
            return Err("is a folder".to_owned());
        }
        std::fs::read_to_string(path).map_err(|error| error.to_string())
    }
}

/// The entries of a folder whose names a wildcard pattern matches; hidden ones only where the
/// pattern begins with a dot, as glob(3) has it.
fn entries(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let listed = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let Ok(entries) = std::fs::read_dir(listed) else {
        return Vec::new();
    };
    let names = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok());
    names
        .filter(|name| name.starts_with('.') == pattern.starts_with('.'))
        .filter(|name| matches(pattern.as_bytes(), name.as_bytes()))
        .map(|name| folder.join(name))
        .collect()
}

fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=name.len()).any(|skip| matches(rest, &name[skip..])),
        (Some((b'?', rest)), Some((_, name))) => matches(rest, name),
        (Some((b'[', rest)), Some((letter, name))) => match bracket(rest, *letter) {
            Some((true, rest)) => matches(rest, name),
            _ => false,
        },
        (Some((expected, rest)), Some((letter, name))) => expected == letter && matches(rest, name),
        _ => false,
    }
}

/// Whether `letter` is in the set that `pattern` begins with, and what follows the set.
fn bracket(pattern: &[u8], letter: u8) -> Option<(bool, &[u8])> {
    let (negated, set) = match pattern {
        [b'!' | b'^', set @ ..] => (true, set),
        set => (false, set),
    };
    // A `]` at the first place is a member.
    let end = 1 + set.iter().skip(1).position(|byte| *byte == b']')?;
    let (members, rest) = (&set[..end], &set[end + 1..]);
    let mut found = false;
    let mut place = 0;
    while place < members.len() {
        if let [from, b'-', to, ..] = members[place..] {
            found |= (from..=to).contains(&letter);
            place += 3;
        } else {
            found |= members[place] == letter;
            place += 1;
        }
    }
    Some((found != negated, rest))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn wildcards_match_as_glob_does() {
        let check = |pattern: &str, name: &str, expected: bool| {
            assert_eq!(
                matches(pattern.as_bytes(), name.as_bytes()),
                expected,
                "{pattern} {name}"
            );
        };
        check("*.conf", "a.conf", true);
        check("*.conf", "a.confx", false);
        check("??.c*f", "ab.cf", true);
        check("a[b-d]", "ac", true);
        check("a[!b-d]", "ac", false);
        check("a[]x]", "a]", true);
        check("a[b", "ab", false);
        check("", "a", false);
    }
}
