//! What every word of the language is called and where it belongs: names only, taken from the
//! manual. What a word means lives in the module that reads its section.

mod global;
mod options;
mod parameters;
mod proxy;

pub(crate) use global::GLOBAL;
pub(crate) use options::OPTIONS;
pub(crate) use parameters::{BIND, SERVER};
pub(crate) use proxy::PROXY;

use diagnostics::Diagnostic;

use crate::model::Word;
use crate::reading::Statement;

/// Every word that starts a section, sorted by name.
pub(crate) const SECTIONS: &[&str] = &[
    "acme",
    "backend",
    "cache",
    "crt-store",
    "defaults",
    "fcgi-app",
    "frontend",
    "global",
    "healthcheck",
    "http-errors",
    "listen",
    "log-forward",
    "log-profile",
    "mailers",
    "namespace_list",
    "peers",
    "program",
    "resolvers",
    "ring",
    "traces",
    "userlist",
];

/// A kind of section that holds proxy keywords.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    AnonymousDefaults,
    NamedDefaults,
    Frontend,
    Listen,
    Backend,
}

impl Place {
    /// The section's own word.
    pub fn word(self) -> &'static str {
        match self {
            Self::AnonymousDefaults | Self::NamedDefaults => "defaults",
            Self::Frontend => "frontend",
            Self::Listen => "listen",
            Self::Backend => "backend",
        }
    }

    pub fn is_defaults(self) -> bool {
        matches!(self, Self::AnonymousDefaults | Self::NamedDefaults)
    }

    fn is_among(self, sections: &str) -> bool {
        match self {
            Self::AnonymousDefaults => sections.contains('D'),
            Self::NamedDefaults => sections.contains(['D', 'd']),
            Self::Frontend => sections.contains('F'),
            Self::Listen => sections.contains('L'),
            Self::Backend => sections.contains('B'),
        }
    }
}

/// Keywords that HAProxy refuses in a section of the wrong kind; the others it ignores with a
/// warning, but for those in `defaults`, which it refuses all.
const REFUSED_ELSEWHERE: [&str; 7] = [
    "default-server",
    "server",
    "server-template",
    "tcp-request connection",
    "tcp-request session",
    "tcp-response content",
    "tcp-response inspect-delay",
];

/// Where a keyword stands relative to a section.
pub(crate) enum Belongs {
    /// It may be written here.
    Here,
    /// It has no effect here and is skipped with this message, which may be an error.
    Elsewhere(Diagnostic),
}

/// Whether a keyword of [`PROXY`] or [`OPTIONS`] belongs in a section; `name` as the operator knows
/// it, such as `option httplog`.
pub(crate) fn belongs(name: &str, sections: &str, place: Place, statement: &Statement) -> Belongs {
    if place.is_among(sections) {
        return Belongs::Here;
    }
    let words: Vec<String> = [
        (Place::NamedDefaults, "defaults"),
        (Place::Frontend, "frontend"),
        (Place::Listen, "listen"),
        (Place::Backend, "backend"),
    ]
    .into_iter()
    .filter(|(at, _)| at.is_among(sections))
    .map(|(at, word)| {
        let named = at == Place::NamedDefaults && !sections.contains('D');
        format!("{}'{word}'", if named { "named " } else { "" })
    })
    .collect();
    let help = format!("it belongs in {}", listed(&words));
    let word = place.word();
    let message = if place == Place::AnonymousDefaults && sections.contains('d') {
        Diagnostic::error(format!(
            "'{name}' is allowed in a named 'defaults' section only"
        ))
    } else if place.is_defaults() || REFUSED_ELSEWHERE.contains(&name) {
        Diagnostic::error(format!("'{name}' is not allowed in a '{word}' section"))
    } else {
        Diagnostic::warning(format!("'{name}' is ignored in a '{word}' section"))
    };
    Belongs::Elsewhere(message.at(statement.keyword().span).help(help))
}

/// `a`, `a or b`, `a, b or c`.
pub(crate) fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The longest keyword of the table that the statement starts with.
pub(crate) fn find(statement: &Statement) -> Option<(&'static str, &'static str)> {
    let starts = |name: &str| {
        let mut words = statement.words.iter();
        name.split(' ')
            .all(|part| words.next().is_some_and(|word| head(&word.value) == part))
    };
    PROXY
        .iter()
        .filter(|(name, _)| starts(name))
        .max_by_key(|(name, _)| name.len())
        .copied()
}

/// The word before its own arguments: `set-var` of `set-var(txn.x)`.
pub(crate) fn head(word: &str) -> &str {
    word.split('(').next().unwrap_or(word)
}

/// A keyword that no table has, in a section of the given kind.
pub(crate) fn unknown_in_proxy(statement: &Statement, place: Place) -> Diagnostic {
    let first = statement.keyword();
    let section = place.word();
    let continuations = || {
        PROXY.iter().filter_map(|(name, _)| {
            let (head, rest) = name.split_once(' ')?;
            (head == first.value).then_some(rest)
        })
    };
    if continuations().next().is_some() {
        let words: Vec<String> = continuations().map(|word| format!("'{word}'")).collect();
        let expected = format!("'{}' expects {}", first.value, listed(&words));
        return match statement.words.get(1) {
            None => Diagnostic::error(expected).at(first.span),
            Some(second) => {
                let message = format!("unknown keyword '{} {}'", first.value, second.value);
                let near = diagnostics::nearest(&second.value, continuations());
                Diagnostic::error(message)
                    .at(second.span)
                    .help(near.map_or(expected, |word| format!("did you mean '{word}'?")))
            }
        };
    }
    if GLOBAL.contains(&first.value.as_str()) {
        return Diagnostic::error(format!(
            "'{}' is not allowed in a '{section}' section",
            first.value
        ))
        .at(first.span)
        .help("it belongs in 'global'");
    }
    let names = PROXY
        .iter()
        .filter(|(_, sections)| place.is_among(sections))
        .map(|(name, _)| name.split(' ').next().unwrap_or(name))
        .chain(["option"])
        .chain(SECTIONS.iter().copied());
    Diagnostic::error(format!(
        "unknown keyword '{}' in '{section}' section",
        first.value
    ))
    .at(first.span)
    .suggest(&first.value, names)
}

/// A word that is none of those that may stand here.
pub(crate) fn unknown_word<'a>(
    what: &str,
    word: &Word,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    Diagnostic::error(format!("unknown {what} '{}'", word.value))
        .at(word.span)
        .suggest(&word.value, known)
}

/// A word that the keyword `owner` cannot take.
pub(crate) fn unknown_argument<'a>(
    owner: &str,
    word: &Word,
    known: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    Diagnostic::error(format!("unknown argument '{}' for '{owner}'", word.value))
        .at(word.span)
        .suggest(&word.value, known)
}

/// A word of the language that this program has not learnt yet.
pub(crate) fn not_built(name: &str, word: &Word) -> Diagnostic {
    Diagnostic::error(format!("'{name}' is known but not built yet")).at(word.span)
}

/// A word that is accepted although it changes nothing, with the reason why that is right.
pub(crate) fn no_effect(name: &str, word: &Word, reason: &str) -> Diagnostic {
    Diagnostic::notice(format!("'{name}' changes nothing here: {reason}")).at(word.span)
}

/// An old form that is read as if today's had been written.
pub(crate) fn old_form(old: &str, today: &str, statement: &Statement) -> Diagnostic {
    Diagnostic::notice(format!("'{old}' is an old form"))
        .at(statement.keyword().span)
        .help(format!("today it is written '{today}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_and_hold_no_word_twice() {
        let first = |table: &[(&'static str, usize)]| table.iter().map(|row| row.0).collect();
        let tables: [Vec<&str>; 6] = [
            SECTIONS.to_vec(),
            GLOBAL.to_vec(),
            PROXY.iter().map(|row| row.0).collect(),
            OPTIONS.iter().map(|row| row.0).collect(),
            first(BIND),
            first(SERVER),
        ];
        for table in tables {
            assert!(table.is_sorted_by(|a, b| a < b), "{table:?}");
        }
    }
}
