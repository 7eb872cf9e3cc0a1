//! Format strings (configuration.txt, 8.2.6) as rules use them: text, `%[sample]` and aliases.

use std::borrow::Cow;

use diagnostics::{Diagnostic, Span};
use haproxy_config::model::Word;

use crate::acl::Stage;
use crate::expression::{Expression, refusal};
use crate::fetch::{Constant, Fetch};
use crate::fetch_names::Refused;
use crate::names;
use crate::scope::Scope;
use crate::session::Facts;

/// A compiled format string.
#[derive(Debug, Clone)]
pub(crate) struct Format {
    items: Vec<Item>,
}

#[derive(Debug, Clone)]
enum Item {
    Text(Box<[u8]>),
    Sample(Expression),
    Alias(Alias),
}

#[derive(Debug, Clone)]
enum Alias {
    Fetch(Fetch),
    /// `<NOSRV>` until there is one.
    Server,
    Version,
    QueryWithMark,
}

impl Format {
    /// Compiles a word.
    pub(crate) fn compile(word: &Word, scope: &Scope<'_>) -> Result<Self, Diagnostic> {
        let mut items = Vec::new();
        let mut rest = word.value.as_str();
        while let Some(at) = rest.find('%') {
            push_text(&mut items, &rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('%') {
                push_text(&mut items, "%");
                rest = after;
            } else if let Some(after) = rest.strip_prefix('[') {
                let end = closing(after)
                    .ok_or_else(|| Diagnostic::error("'%[' lacks its ']'").at(word.span))?;
                let expression = Expression::compile(&after[..end], word.span, scope)?;
                if scope.stage.never_has(&expression.fetch) {
                    return Err(never_there(&after[..end], word.span, scope));
                }
                items.push(Item::Sample(expression));
                rest = &after[end + 1..];
            } else if rest.starts_with(['{', '(']) {
                return Err(Diagnostic::error(
                    "flags and names of format items ('%{…}', '%(…)') \
                     are known but not built yet",
                )
                .at(word.span));
            } else {
                let end = rest
                    .find(|character: char| !character.is_ascii_alphanumeric())
                    .unwrap_or(rest.len());
                let alias = alias(&rest[..end], word.span, scope)?;
                if alias.is_never_at(scope.stage) {
                    return Err(never_there(&format!("%{}", &rest[..end]), word.span, scope));
                }
                items.push(Item::Alias(alias));
                rest = &rest[end..];
            }
        }
        push_text(&mut items, rest);
        Ok(Self { items })
    }

    /// A format that is the same text always.
    pub(crate) fn literal(text: &str) -> Self {
        let mut items = Vec::new();
        push_text(&mut items, text);
        Self { items }
    }

    /// Whether it is the same text always.
    pub(crate) fn is_literal(&self) -> bool {
        !self.items.iter().any(|item| !matches!(item, Item::Text(_)))
    }

    /// The text; samples that are not there are empty, and control characters in samples become
    /// `%XX`, so that no sample can end a header line.
    pub(crate) fn text(&self, facts: &Facts<'_>) -> Cow<'_, [u8]> {
        if let [Item::Text(text)] = &self.items[..] {
            return Cow::Borrowed(text);
        }
        let mut out = Vec::new();
        for item in &self.items {
            item.render(facts, &mut out);
        }
        Cow::Owned(out)
    }
}

impl Item {
    fn render(&self, facts: &Facts<'_>, out: &mut Vec<u8>) {
        let text = match self {
            Self::Text(text) => return out.extend_from_slice(text),
            Self::Sample(expression) => expression.sample(facts).map(|it| it.into_text()),
            Self::Alias(alias) => alias.render(facts),
        };
        for byte in text.iter().flat_map(|text| text.iter()) {
            if byte.is_ascii_control() && *byte != b'\t' {
                out.extend_from_slice(format!("%{byte:02X}").as_bytes());
            } else {
                out.push(*byte);
            }
        }
    }
}

/// The message for a sample that is never there, so that it would always be empty.
fn never_there(what: &str, span: Span, scope: &Scope<'_>) -> Diagnostic {
    let stage = scope.stage.name();
    Diagnostic::error(format!("'{what}' is never there in {stage}")).at(span)
}

impl Alias {
    fn is_never_at(&self, stage: Stage) -> bool {
        match self {
            Self::Fetch(fetch) => stage.never_has(fetch),
            Self::QueryWithMark => stage != Stage::Request,
            Self::Version => stage == Stage::Connection,
            Self::Server => false,
        }
    }

    fn render<'a>(&'a self, facts: &Facts<'a>) -> Option<Cow<'a, [u8]>> {
        match self {
            Self::Fetch(fetch) => fetch.sample(facts).map(|it| it.into_text()),
            Self::Server => {
                let name = facts.session.server.unwrap_or("<NOSRV>");
                Some(Cow::Borrowed(name.as_bytes()))
            }
            Self::Version => Some(Cow::Borrowed(facts.version()?.as_bytes())),
            Self::QueryWithMark => {
                let request = facts.request?;
                let query = request.head.query(request.original);
                (!query.is_empty()).then(|| Cow::Owned([b"?", query].concat()))
            }
        }
    }
}

fn push_text(items: &mut Vec<Item>, text: &str) {
    if text.is_empty() {
        return;
    }
    match items.last_mut() {
        Some(Item::Text(before)) => {
            *before = [&before[..], text.as_bytes()].concat().into();
        }
        _ => items.push(Item::Text(text.as_bytes().into())),
    }
}

/// The index of the `]` that ends an expression: not one inside its arguments.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') if depth > 0 => quote = Some(byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.saturating_sub(1),
            (None, b']') if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

fn alias(name: &str, span: Span, scope: &Scope<'_>) -> Result<Alias, Diagnostic> {
    Ok(match name {
        "ci" => Alias::Fetch(Fetch::Source),
        "cp" => Alias::Fetch(Fetch::SourcePort),
        "fi" => Alias::Fetch(Fetch::Destination),
        "fp" => Alias::Fetch(Fetch::DestinationPort),
        "f" => Alias::Fetch(Fetch::FrontendName),
        "b" => Alias::Fetch(Fetch::BackendName),
        "s" => Alias::Server,
        "ST" => Alias::Fetch(Fetch::Status),
        "HM" => Alias::Fetch(Fetch::Method),
        "HU" => Alias::Fetch(Fetch::Url),
        "HP" => Alias::Fetch(Fetch::Path),
        "HPO" => Alias::Fetch(Fetch::Path),
        "HQ" => Alias::QueryWithMark,
        "HV" => Alias::Version,
        "H" => {
            let hostname = scope.hostname.as_bytes().into();
            Alias::Fetch(Fetch::Constant(Constant::Text(hostname)))
        }
        "" => {
            return Err(Diagnostic::error(
                "'%' is followed by no alias; write '%%' for a percent \
                 sign",
            )
            .at(span));
        }
        _ => {
            let refused = if names::LOG_ALIASES.contains(&name) {
                Refused::NotBuilt
            } else {
                Refused::Unknown
            };
            let known = names::LOG_ALIASES.iter().copied();
            return Err(refusal("format alias", &format!("%{name}"), refused, known).at(span));
        }
    })
}
