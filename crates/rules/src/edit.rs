//! What actions change in a head.

use http1::{RequestHead, ResponseHead};
use regex::bytes::Regex;

use crate::converter::expand;
use crate::format::Format;
use crate::session::{Answered, Facts, Request, Response, Session};

/// A compiled change.
#[derive(Debug, Clone)]
pub(crate) enum Edit {
    AddHeader {
        name: Box<[u8]>,
        value: Format,
    },
    SetHeader {
        name: Box<[u8]>,
        value: Format,
    },
    DeleteHeader(NameTest),
    /// Whole values, or each comma-separated part of them.
    ReplaceHeader {
        name: Box<[u8]>,
        replace: Replace,
        parts: bool,
    },
    Set {
        part: Part,
        value: Format,
    },
    Replace {
        part: Part,
        replace: Replace,
    },
    SetStatus {
        status: u16,
        reason: Option<Box<[u8]>>,
    },
    /// Old `reqdel`: lines `NAME: VALUE`.
    DeleteLine(Regex),
    /// Old `reqrep`: lines `NAME: VALUE`, and the request line.
    ReplaceLine {
        regex: Regex,
        with: Box<[u8]>,
    },
}

/// A part of a request line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Method,
    Uri,
    Path,
    PathAndQuery,
    Query,
}

/// A regular expression and what a text that it matches becomes as a whole.
#[derive(Debug, Clone)]
pub(crate) struct Replace {
    pub(crate) regex: Regex,
    pub(crate) with: Format,
}

/// `del-header NAME [-m METHOD]`, on names in lower case.
#[derive(Debug, Clone)]
pub(crate) enum NameTest {
    Is(Box<[u8]>),
    Starts(Box<[u8]>),
    Ends(Box<[u8]>),
    Contains(Box<[u8]>),
    Matches(Regex),
}

/// A change that would break the head: HAProxy's `strict-mode on`, its default, answers 500 then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Impossible;

/// The head under change, with what the rules may ask.
pub(crate) enum Message<'a> {
    Request {
        head: &'a mut RequestHead,
        original: &'a [u8],
    },
    Response {
        head: &'a mut ResponseHead,
        original: &'a [u8],
        answered: Answered,
    },
}

impl Message<'_> {
    pub(crate) fn facts<'b>(&'b self, session: &'b Session<'b>) -> Facts<'b> {
        match self {
            Self::Request { head, original } => Facts {
                session,
                request: Some(Request { head, original }),
                answered: None,
                response: None,
            },
            Self::Response {
                head,
                original,
                answered,
            } => Facts {
                session,
                request: None,
                answered: Some(*answered),
                response: Some(Response { head, original }),
            },
        }
    }

    fn headers(&mut self) -> (&mut http1::Headers, &[u8]) {
        match self {
            Self::Request { head, original } => (&mut head.headers, original),
            Self::Response { head, original, .. } => (&mut head.headers, original),
        }
    }

    /// Whether any line of the head matches: `NAME: VALUE`, and a request's first line.
    pub(crate) fn has_line(&mut self, regex: &Regex) -> bool {
        if let Self::Request { head, original } = self
            && regex.is_match(&request_line(head, original))
        {
            return true;
        }
        let (headers, original) = self.headers();
        headers
            .iter(original)
            .any(|(_, _, name, value)| regex.is_match(&line(name, value)))
    }

    pub(crate) fn apply(&mut self, edit: &Edit, session: &Session<'_>) -> Result<(), Impossible> {
        match edit {
            Edit::AddHeader { name, value } => {
                let value = value.text(&self.facts(session));
                possible(self.headers().0.add(name, &value))
            }
            Edit::SetHeader { name, value } => {
                let value = value.text(&self.facts(session));
                let (headers, original) = self.headers();
                possible(headers.set(original, name, &value))
            }
            Edit::DeleteHeader(test) => {
                let (headers, original) = self.headers();
                headers.retain(original, |name, _| !test.holds(name));
                Ok(())
            }
            Edit::ReplaceHeader {
                name,
                replace,
                parts,
            } => {
                let with = replace.with.text(&self.facts(session));
                self.replace_header(name, &replace.regex, &with, *parts)
            }
            Edit::Set { part, value } => {
                let value = value.text(&self.facts(session));
                self.set(*part, &value)
            }
            Edit::Replace { part, replace } => {
                let with = replace.with.text(&self.facts(session));
                let Self::Request { head, original } = self else {
                    return Ok(());
                };
                let text = part.of(head, original);
                let Some(found) = replace.regex.captures(text) else {
                    return Ok(());
                };
                let mut out = Vec::new();
                expand(&with, &found, &mut out);
                self.set(*part, &out)
            }
            Edit::SetStatus { status, reason } => {
                if let Self::Response { head, .. } = self {
                    head.set_status(*status, reason.as_deref().unwrap_or(b""));
                }
                Ok(())
            }
            Edit::DeleteLine(regex) => {
                let (headers, original) = self.headers();
                headers.retain(original, |name, value| !regex.is_match(&line(name, value)));
                Ok(())
            }
            Edit::ReplaceLine { regex, with } => self.replace_lines(regex, with),
        }
    }

    fn replace_header(
        &mut self,
        name: &[u8],
        regex: &Regex,
        with: &[u8],
        parts: bool,
    ) -> Result<(), Impossible> {
        let (headers, original) = self.headers();
        let replace = |text: &[u8]| {
            let found = regex.captures(text)?;
            let mut out = Vec::new();
            expand(with, &found, &mut out);
            Some(out)
        };
        let edits: Vec<_> = headers
            .named(original, name)
            .filter_map(|(index, value)| {
                if !parts {
                    return replace(value).map(|new| (index, new));
                }
                let mut changed = false;
                let values: Vec<Vec<u8>> = http1::tokens(value)
                    .map(|part| {
                        let new = replace(part);
                        changed |= new.is_some();
                        new.unwrap_or_else(|| part.to_vec())
                    })
                    .collect();
                changed.then(|| (index, values.join(&b", "[..])))
            })
            .collect();
        edits
            .into_iter()
            .try_for_each(|(index, value)| possible(headers.replace(index, &value)))
    }

    fn set(&mut self, part: Part, value: &[u8]) -> Result<(), Impossible> {
        let Self::Request { head, original } = self else {
            return Ok(());
        };
        match part {
            Part::Method => possible(head.set_method(value)),
            Part::Uri => {
                possible(head.set_target(value).is_ok())?;
                head.set_host_to_authority(original);
                Ok(())
            }
            Part::Path => possible(head.set_path(original, value).is_ok()),
            Part::Query => possible(head.set_query(original, value).is_ok()),
            Part::PathAndQuery => possible(head.set_path_and_query(original, value).is_ok()),
        }
    }

    fn replace_lines(&mut self, regex: &Regex, with: &[u8]) -> Result<(), Impossible> {
        let replace = |text: &[u8]| {
            let found = regex.captures(text)?;
            let whole = found.get(0)?;
            let mut out = text[..whole.start()].to_vec();
            expand(with, &found, &mut out);
            out.extend_from_slice(&text[whole.end()..]);
            Some(out)
        };
        if let Self::Request { head, original } = self
            && let Some(new) = replace(&request_line(head, original))
        {
            let mut words = new.split(|byte| *byte == b' ');
            let (Some(method), Some(target)) = (words.next(), words.next()) else {
                return Err(Impossible);
            };
            possible(head.set_method(method))?;
            possible(head.set_target(target).is_ok())?;
            head.set_host_to_authority(original);
        }
        let (headers, original) = self.headers();
        let edits: Vec<_> = headers
            .iter(original)
            .filter_map(|(index, _, name, value)| {
                let new = replace(&line(name, value))?;
                Some((index, name.to_vec(), new))
            })
            .collect();
        for (index, name, new) in edits {
            let colon = new
                .iter()
                .position(|byte| *byte == b':')
                .ok_or(Impossible)?;
            let (new_name, value) = (&new[..colon], new[colon + 1..].trim_ascii());
            if new_name == name {
                possible(headers.replace(index, value))?;
            } else {
                possible(headers.rename(index, new_name, value))?;
            }
        }
        Ok(())
    }
}

fn possible(done: bool) -> Result<(), Impossible> {
    if done { Ok(()) } else { Err(Impossible) }
}

fn line(name: &[u8], value: &[u8]) -> Vec<u8> {
    [name, b": ", value].concat()
}

fn request_line(head: &RequestHead, original: &[u8]) -> Vec<u8> {
    [
        head.method_text(original),
        b" ",
        head.target_text(original),
        b" ",
        head.version().as_bytes(),
    ]
    .concat()
}

impl Part {
    fn of<'a>(self, head: &'a RequestHead, original: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Method => head.method_text(original),
            Self::Uri => head.target_text(original),
            Self::Path => head.path(original),
            Self::PathAndQuery => crate::fetch::path_and_query(head, original),
            Self::Query => head.query(original),
        }
    }
}

impl NameTest {
    fn holds(&self, name: &[u8]) -> bool {
        let at = |name: &[u8], part: &[u8], start: usize| {
            name.get(start..start + part.len())
                .is_some_and(|text| text.eq_ignore_ascii_case(part))
        };
        match self {
            Self::Is(other) => name.eq_ignore_ascii_case(other),
            Self::Starts(part) => at(name, part, 0),
            Self::Ends(part) => name
                .len()
                .checked_sub(part.len())
                .is_some_and(|start| at(name, part, start)),
            Self::Contains(part) => (0..=name.len()).any(|start| at(name, part, start)),
            Self::Matches(regex) => regex.is_match(&name.to_ascii_lowercase()),
        }
    }
}
