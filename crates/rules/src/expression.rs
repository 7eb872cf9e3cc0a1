//! Sample expressions: a fetch and its converters.

use diagnostics::{Diagnostic, Span};

use crate::converter::{self, Converter};
use crate::fetch::Fetch;
use crate::fetch_names::{self, Refused, known_names};
use crate::names;
use crate::pattern::Method;
use crate::scope::Scope;
use crate::session::Facts;
use crate::value::{Type, Value};
use crate::words::calls;

/// A compiled sample expression.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    pub(crate) fetch: Fetch,
    converters: Vec<Converter>,
    /// The type of what it yields.
    pub(crate) kind: Type,
    /// The matching method that the fetch's name asks for (`path_beg`).
    pub(crate) method: Option<Method>,
}

impl Expression {
    /// Compiles the text of one expression, written at `span`.
    pub(crate) fn compile(text: &str, span: Span, scope: &Scope<'_>) -> Result<Self, Diagnostic> {
        let calls = calls(text).map_err(|message| Diagnostic::error(message).at(span))?;
        let Some((first, rest)) = calls.split_first() else {
            return Err(Diagnostic::error("a sample fetch is expected").at(span));
        };
        let (fetch, method) = fetch_names::compile(first, scope).map_err(|refused| {
            let names: Vec<String> = known_names().collect();
            refusal(
                "sample fetch",
                &first.name,
                refused,
                names.iter().map(String::as_str),
            )
            .at(span)
        })?;
        let mut kind = fetch.kind();
        let mut converters = Vec::with_capacity(rest.len());
        for call in rest {
            let (converter, yields) = converter::compile(call, kind).map_err(|refused| {
                let known = names::CONVERTERS.iter().copied();
                refusal("converter", &call.name, refused, known).at(span)
            })?;
            converters.push(converter);
            kind = yields;
        }
        Ok(Self {
            fetch,
            // With converters, only the type of their result counts (7.1).
            method: method.filter(|_| converters.is_empty()),
            converters,
            kind,
        })
    }

    /// Whether any of its values passes `test`.
    pub(crate) fn any(&self, facts: &Facts<'_>, test: impl Fn(&Value<'_>) -> bool) -> bool {
        self.fetch.each(facts, &mut |value| {
            self.convert(value).is_some_and(|it| test(&it))
        })
    }

    /// Its one value.
    pub(crate) fn sample<'a>(&'a self, facts: &Facts<'a>) -> Option<Value<'a>> {
        self.convert(self.fetch.sample(facts)?)
    }

    fn convert<'a>(&self, value: Value<'a>) -> Option<Value<'a>> {
        self.converters
            .iter()
            .try_fold(value, |value, converter| converter.apply(value))
    }
}

/// The message for a name that cannot be compiled.
pub(crate) fn refusal<'a>(
    what: &str,
    name: &str,
    refused: Refused,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    match refused {
        Refused::Unknown => Diagnostic::error(format!("unknown {what} '{name}'"))
            .label(format!("unknown {what}"))
            .suggest(name, known),
        Refused::NotBuilt => {
            Diagnostic::error(format!("{what} '{name}' is known but not built yet"))
                .label("not built yet")
        }
        Refused::Arguments(message) => Diagnostic::error(message),
    }
}
