//! From the words of a rule to its action (configuration.txt, 4.4).

use diagnostics::{Diagnostic, Span};
use haproxy_config::model::{RuleSet, Word};
use regex::bytes::Regex;

use crate::acl::Stage;
use crate::answer::{Payload, Redirect, RedirectKind, Reply};
use crate::edit::{Edit, NameTest, Part, Replace};
use crate::expression::refusal;
use crate::fetch_names::Refused;
use crate::format::Format;
use crate::names;
use crate::pattern::regex;
use crate::scope::Scope;

/// A compiled action.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// No further rule of the set is evaluated.
    Stop,
    /// The connection is closed.
    Reject,
    Deny(Reply),
    Tarpit(Reply),
    Return(Reply),
    Redirect(Redirect),
    /// The realm.
    Challenge(String),
    Edit(Edit),
}

/// An action and the line of the head that it waits for (old `reqdeny` and its like).
#[derive(Debug, Clone)]
pub(crate) struct Compiled {
    pub(crate) action: Action,
    pub(crate) line: Option<Regex>,
}

/// Compiles the words of one rule's action.
pub(crate) fn compile(
    set: RuleSet,
    words: &[Word],
    scope: &Scope<'_>,
) -> Result<Compiled, Diagnostic> {
    let Some((name, rest)) = words.split_first() else {
        return Err(Diagnostic::error("an action is expected"));
    };
    let mut arguments = Arguments {
        action: name,
        words: rest,
        scope,
    };
    let compiled = if name.value.ends_with("-header-line") {
        on_lines(set, &mut arguments)?
    } else {
        is_allowed(set, name)?;
        Compiled {
            action: plain(set, &mut arguments)?,
            line: None,
        }
    };
    match arguments.words.first() {
        None => Ok(compiled),
        Some(word) => Err(Diagnostic::error(format!(
            "unexpected '{}' after '{}'",
            word.value, name.value
        ))
        .at(word.span)
        .suggest(&word.value, ["if", "unless"])),
    }
}

fn is_allowed(set: RuleSet, name: &Word) -> Result<(), Diagnostic> {
    let (letter, set_name) = match set {
        RuleSet::TcpRequestConnection => ('c', "tcp-request connection"),
        RuleSet::TcpRequestSession => ('s', "tcp-request session"),
        RuleSet::TcpRequestContent => ('q', "tcp-request content"),
        RuleSet::TcpResponseContent => ('p', "tcp-response content"),
        RuleSet::HttpRequest => ('R', "http-request"),
        RuleSet::HttpResponse => ('S', "http-response"),
        RuleSet::HttpAfterResponse => ('A', "http-after-response"),
    };
    // Some names carry an argument: set-var(name), sc-inc-gpc0(1).
    let bare = name.value.split('(').next().unwrap_or("");
    let allowed = || {
        names::ACTIONS
            .iter()
            .filter(move |(_, sets)| sets.contains(letter))
            .map(|(name, _)| *name)
    };
    match names::ACTIONS.iter().find(|(known, _)| *known == bare) {
        Some((_, sets)) if sets.contains(letter) => Ok(()),
        Some(_) => Err(Diagnostic::error(format!(
            "action '{bare}' cannot be used in '{set_name}' rules"
        ))
        .at(name.span)),
        None => Err(refusal(
            &format!("'{set_name}' action"),
            bare,
            Refused::Unknown,
            allowed(),
        )
        .at(name.span)),
    }
}

fn plain(set: RuleSet, arguments: &mut Arguments<'_, '_>) -> Result<Action, Diagnostic> {
    let set_part = |arguments: &mut Arguments<'_, '_>, part| {
        let value = arguments.format("a value")?;
        Ok(Action::Edit(Edit::Set { part, value }))
    };
    let replace_part = |arguments: &mut Arguments<'_, '_>, part| {
        let replace = arguments.replace()?;
        Ok(Action::Edit(Edit::Replace { part, replace }))
    };
    match arguments.action.value.as_str() {
        "accept" | "allow" => Ok(Action::Stop),
        "reject" => Ok(Action::Reject),
        "deny" => {
            let status = if set == RuleSet::HttpResponse {
                502
            } else {
                403
            };
            arguments.reply(status, Payload::Page).map(Action::Deny)
        }
        "tarpit" => arguments.reply(500, Payload::Page).map(Action::Tarpit),
        "return" => arguments.reply(200, Payload::Empty).map(Action::Return),
        "redirect" => arguments.redirect().map(Action::Redirect),
        "auth" => arguments.realm().map(Action::Challenge),
        "add-header" => {
            let (name, value) = (arguments.header_name()?, arguments.format("a value")?);
            Ok(Action::Edit(Edit::AddHeader { name, value }))
        }
        "set-header" => {
            let (name, value) = (arguments.header_name()?, arguments.format("a value")?);
            Ok(Action::Edit(Edit::SetHeader { name, value }))
        }
        "del-header" => arguments
            .name_test()
            .map(|test| Action::Edit(Edit::DeleteHeader(test))),
        "replace-header" | "replace-value" => {
            let parts = arguments.action.value == "replace-value";
            let (name, replace) = (arguments.header_name()?, arguments.replace()?);
            Ok(Action::Edit(Edit::ReplaceHeader {
                name,
                replace,
                parts,
            }))
        }
        "set-method" => set_part(arguments, Part::Method),
        "set-uri" => set_part(arguments, Part::Uri),
        "set-path" => set_part(arguments, Part::Path),
        "set-pathq" => set_part(arguments, Part::PathAndQuery),
        "set-query" => set_part(arguments, Part::Query),
        "replace-uri" => replace_part(arguments, Part::Uri),
        "replace-path" => replace_part(arguments, Part::Path),
        "replace-pathq" => replace_part(arguments, Part::PathAndQuery),
        "set-status" => arguments.status_and_reason().map(Action::Edit),
        name => Err(refusal("action", name, Refused::NotBuilt, []).at(arguments.action.span)),
    }
}

/// The actions that stand for old `req*` and `rsp*` lines.
fn on_lines(set: RuleSet, arguments: &mut Arguments<'_, '_>) -> Result<Compiled, Diagnostic> {
    let any_case = arguments.take("-i");
    let regex = arguments.regex(any_case)?;
    let refuse = |status| Reply {
        status,
        payload: Payload::Page,
        headers: Vec::new(),
    };
    let action = match arguments.action.value.as_str() {
        "del-header-line" => Action::Edit(Edit::DeleteLine(regex.clone())),
        "replace-header-line" => {
            let with = arguments.next("a replacement")?.value.as_bytes().into();
            Action::Edit(Edit::ReplaceLine {
                regex: regex.clone(),
                with,
            })
        }
        "allow-header-line" => Action::Stop,
        "deny-header-line" if set == RuleSet::HttpResponse => Action::Deny(refuse(502)),
        "deny-header-line" => Action::Deny(refuse(403)),
        "tarpit-header-line" => Action::Tarpit(refuse(500)),
        name => {
            return Err(refusal("action", name, Refused::Unknown, []).at(arguments.action.span));
        }
    };
    let line = match action {
        Action::Edit(_) => None,
        _ => Some(regex),
    };
    Ok(Compiled { action, line })
}

/// What is left of a rule's words.
struct Arguments<'a, 's> {
    action: &'a Word,
    words: &'a [Word],
    scope: &'a Scope<'s>,
}

impl<'a> Arguments<'a, '_> {
    fn next(&mut self, what: &str) -> Result<&'a Word, Diagnostic> {
        let (word, rest) = self.words.split_first().ok_or_else(|| {
            Diagnostic::error(format!("'{}' takes {what}", self.action.value)).at(self.action.span)
        })?;
        self.words = rest;
        Ok(word)
    }

    fn take(&mut self, word: &str) -> bool {
        let is_next = self.words.first().is_some_and(|next| next.value == word);
        if is_next {
            self.words = &self.words[1..];
        }
        is_next
    }

    fn format(&mut self, what: &str) -> Result<Format, Diagnostic> {
        let word = self.next(what)?;
        Format::compile(word, self.scope)
    }

    fn regex(&mut self, any_case: bool) -> Result<Regex, Diagnostic> {
        let word = self.next("a regular expression")?;
        regex(&word.value, any_case).map_err(|message| Diagnostic::error(message).at(word.span))
    }

    fn replace(&mut self) -> Result<Replace, Diagnostic> {
        Ok(Replace {
            regex: self.regex(false)?,
            with: self.format("a replacement")?,
        })
    }

    fn header_name(&mut self) -> Result<Box<[u8]>, Diagnostic> {
        let word = self.next("a header's name")?;
        let name = word.value.as_bytes();
        if http1::Headers::default().add(name, b"") {
            return Ok(name.into());
        }
        Err(Diagnostic::error(format!("'{}' cannot be a header's name", word.value)).at(word.span))
    }

    fn name_test(&mut self) -> Result<NameTest, Diagnostic> {
        let word = self.next("a header's name")?;
        let method = if self.take("-m") {
            Some(self.next("a matching method after -m")?)
        } else {
            None
        };
        let text = || word.value.as_bytes().into();
        match method.map(|method| (method, method.value.as_str())) {
            None | Some((_, "str")) => Ok(NameTest::Is(text())),
            Some((_, "beg")) => Ok(NameTest::Starts(text())),
            Some((_, "end")) => Ok(NameTest::Ends(text())),
            Some((_, "sub")) => Ok(NameTest::Contains(text())),
            Some((_, "reg")) => regex(&word.value, false)
                .map(NameTest::Matches)
                .map_err(|message| Diagnostic::error(message).at(word.span)),
            Some((method, name)) => Err(Diagnostic::error(format!(
                "'{name}' is not a matching method of del-header"
            ))
            .at(method.span)
            .help("expected str, beg, end, sub or reg")),
        }
    }

    fn realm(&mut self) -> Result<String, Diagnostic> {
        if self.take("realm") {
            return Ok(self.next("a realm")?.value.clone());
        }
        Ok(self.scope.proxy.name.value.clone())
    }

    fn status(&mut self, from: u16, to: u16) -> Result<(u16, Span), Diagnostic> {
        let word = self.next("a status")?;
        let status = word.value.parse().ok();
        let status = status
            .filter(|status| (from..=to).contains(status))
            .ok_or_else(|| {
                Diagnostic::error(format!(
                    "'{}' is not a status from {from} to {to}",
                    word.value
                ))
                .at(word.span)
            })?;
        Ok((status, word.span))
    }

    fn status_and_reason(&mut self) -> Result<Edit, Diagnostic> {
        let (status, _) = self.status(100, 999)?;
        let reason = match self.take("reason") {
            true => Some(self.next("a reason")?.value.as_bytes().into()),
            false => None,
        };
        Ok(Edit::SetStatus { status, reason })
    }

    fn reply(&mut self, status: u16, payload: Payload) -> Result<Reply, Diagnostic> {
        let mut reply = Reply {
            status,
            payload,
            headers: Vec::new(),
        };
        let mut at = self.action.span;
        let mut kind = None;
        while let Some(word) = self.words.first() {
            self.words = &self.words[1..];
            match word.value.as_str() {
                "status" => (reply.status, at) = self.status(200, 599)?,
                "deny_status" if self.action.value != "return" => {
                    (reply.status, at) = self.status(200, 599)?;
                }
                "content-type" => kind = Some(self.next("a content type")?),
                "default-errorfiles" => reply.payload = Payload::Page,
                "string" => {
                    let text = Format::literal(&self.next("a text")?.value);
                    reply.payload = self.text(kind, text, word.span)?;
                }
                "lf-string" => {
                    let text = self.format("a format")?;
                    reply.payload = self.text(kind, text, word.span)?;
                }
                "hdr" => {
                    let header = (self.header_name()?, self.format("a value")?);
                    reply.headers.push(header);
                }
                "errorfile" | "errorfiles" | "file" | "lf-file" => {
                    return Err(
                        refusal("argument", &word.value, Refused::NotBuilt, []).at(word.span)
                    );
                }
                other => {
                    let known = [
                        "status",
                        "deny_status",
                        "content-type",
                        "default-errorfiles",
                        "string",
                        "lf-string",
                        "hdr",
                        "errorfile",
                        "errorfiles",
                        "file",
                        "lf-file",
                    ];
                    let what = format!("argument of '{}'", self.action.value);
                    return Err(refusal(&what, other, Refused::Unknown, known).at(word.span));
                }
            }
        }
        if reply.is_page() && http1::error_page(reply.status).is_none() {
            return Err(
                Diagnostic::error(format!("there is no page for status {}", reply.status))
                    .at(at)
                    .help("give the answer's text, such as content-type text/plain string TEXT"),
            );
        }
        Ok(reply)
    }

    fn text(&self, kind: Option<&Word>, text: Format, span: Span) -> Result<Payload, Diagnostic> {
        let kind = kind
            .ok_or_else(|| Diagnostic::error("a text needs its content-type before it").at(span))?;
        Ok(Payload::Text {
            kind: kind.value.as_bytes().into(),
            text,
        })
    }

    fn redirect(&mut self) -> Result<Redirect, Diagnostic> {
        let word = self.next("location, prefix or scheme")?;
        let kind = match word.value.as_str() {
            "location" => RedirectKind::Location,
            "prefix" => RedirectKind::Prefix,
            "scheme" => RedirectKind::Scheme,
            other => {
                let known = ["location", "prefix", "scheme"];
                return Err(refusal("redirection", other, Refused::Unknown, known).at(word.span));
            }
        };
        let mut redirect = Redirect {
            kind,
            to: self.format("where to redirect to")?,
            status: 302,
            drop_query: false,
            append_slash: false,
            keep_query: false,
            ignore_empty: false,
            set_cookie: None,
        };
        while let Some(word) = self.words.first() {
            self.words = &self.words[1..];
            match word.value.as_str() {
                "code" => {
                    let (status, span) = self.status(301, 308)?;
                    if matches!(status, 304..=306) {
                        return Err(Diagnostic::error(format!("{status} is not a redirection"))
                            .at(span)
                            .help("expected 301, 302, 303, 307 or 308"));
                    }
                    redirect.status = status;
                }
                "drop-query" => redirect.drop_query = true,
                "append-slash" => redirect.append_slash = true,
                "keep-query" => redirect.keep_query = true,
                "ignore-empty" => redirect.ignore_empty = true,
                "set-cookie" => {
                    let cookie = &self.next("a cookie")?.value;
                    redirect.set_cookie = Some(Format::literal(&format!("{cookie}; path=/;")));
                }
                "set-cookie-fmt" => redirect.set_cookie = Some(self.format("a cookie")?),
                "clear-cookie" => {
                    let cookie = &self.next("a cookie")?.value;
                    let value = format!("{cookie}; path=/; Max-Age=0;");
                    redirect.set_cookie = Some(Format::literal(&value));
                }
                other => {
                    let known = [
                        "code",
                        "drop-query",
                        "append-slash",
                        "keep-query",
                        "ignore-empty",
                        "set-cookie",
                        "set-cookie-fmt",
                        "clear-cookie",
                    ];
                    return Err(
                        refusal("redirect option", other, Refused::Unknown, known).at(word.span)
                    );
                }
            }
        }
        let needs_request = redirect.kind != RedirectKind::Location || redirect.keep_query;
        if needs_request && self.scope.stage == Stage::Response {
            return Err(Diagnostic::error(
                "a response can only be redirected with 'location' and without 'keep-query'",
            )
            .at(self.action.span)
            .help("the request, which the rest is taken from, is gone by then"));
        }
        Ok(redirect)
    }
}
