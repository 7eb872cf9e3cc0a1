//! ACLs: a sample and what it is compared with (configuration.txt, 7.1 and 7.4).

use std::borrow::Cow;
use std::path::Path;

use diagnostics::{Diagnostic, Diagnostics, Span};
use haproxy_config::model::{self, Word};

use crate::expression::Expression;
use crate::fetch::{Fetch, Side};
use crate::pattern::{METHODS, Matcher, Method, Written};
use crate::scope::Scope;
use crate::session::Facts;

/// One `acl` line, or one anonymous `{ … }`.
#[derive(Debug, Clone)]
pub(crate) struct Test {
    expression: Expression,
    matcher: Matcher,
}

/// Every named ACL of one proxy: lines of one name are alternatives.
#[derive(Debug, Clone, Default)]
pub(crate) struct Acls {
    named: Vec<(String, Vec<Test>)>,
}

/// Where an ACL is evaluated, for messages about samples that are never there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// A bare connection.
    Connection,
    Request,
    Response,
}

impl Stage {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Connection => "a connection rule",
            Self::Request => "a request rule",
            Self::Response => "a response rule",
        }
    }

    /// Whether a sample is never there.
    pub(crate) fn never_has(self, fetch: &Fetch) -> bool {
        match self {
            Self::Connection => fetch.needs_message(),
            Self::Request => fetch.side() == Some(Side::Response),
            Self::Response => fetch.side() == Some(Side::Request),
        }
    }
}

impl Test {
    /// Compiles the words between `{` at `span` and `}`.
    pub(crate) fn anonymous(
        span: Span,
        words: &[Word],
        scope: &Scope<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, Diagnostic> {
        let (criterion, arguments) = words
            .split_first()
            .ok_or_else(|| Diagnostic::error("an anonymous ACL is empty").at(span))?;
        let test = Self::compile(criterion, arguments, scope)?;
        if test.lacks_patterns() {
            diagnostics.push(no_patterns(criterion));
        }
        Ok(test)
    }

    /// Whether any value of its sample matches.
    pub(crate) fn holds(&self, facts: &Facts<'_>) -> bool {
        self.expression
            .any(facts, |value| self.matcher.matches(value))
    }

    fn compile(
        criterion: &Word,
        arguments: &[Word],
        scope: &Scope<'_>,
    ) -> Result<Self, Diagnostic> {
        let expression = Expression::compile(&criterion.value, criterion.span, scope)?;
        let written = Arguments::read(arguments, scope)?;
        let method = match written.method {
            Some(method) => method,
            None => expression
                .method
                .or(Method::of(expression.kind))
                .ok_or_else(|| {
                    Diagnostic::error(format!(
                        "'{}' yields {} and needs a matching method",
                        criterion.value,
                        expression.kind.name()
                    ))
                    .at(criterion.span)
                    .help("say one with -m, such as -m str")
                })?,
        };
        if !method.accepts(expression.kind) {
            return Err(Diagnostic::error(format!(
                "'{}' yields {}, which this matching method does not take",
                criterion.value,
                expression.kind.name()
            ))
            .at(criterion.span));
        }
        let patterns: Vec<Written<'_>> = written
            .patterns
            .iter()
            .map(|pattern| Written {
                text: &pattern.text,
                any_case: pattern.any_case,
            })
            .collect();
        let matcher = Matcher::compile(method, &patterns).map_err(|(index, message)| {
            let span = written
                .patterns
                .get(index)
                .map_or(criterion.span, |pattern| pattern.span);
            Diagnostic::error(message).at(span)
        })?;
        Ok(Self {
            expression,
            matcher,
        })
    }

    /// Whether it compares with patterns and has none, so that it never holds.
    fn lacks_patterns(&self) -> bool {
        match &self.matcher {
            Matcher::Found | Matcher::Boolean => false,
            Matcher::Integer(ranges) | Matcher::Length(ranges) => ranges.is_empty(),
            Matcher::Address(networks) => networks.is_empty(),
            Matcher::Exact { words, any_case } => words.is_empty() && any_case.is_empty(),
            Matcher::Parts(_, patterns) => patterns.is_empty(),
            Matcher::Regex(set) => set.is_empty(),
        }
    }

    /// Whether its sample is never there at a stage.
    pub(crate) fn never_at(&self, stage: Stage) -> bool {
        stage.never_has(&self.expression.fetch)
    }
}

struct Pattern<'a> {
    text: Cow<'a, str>,
    any_case: bool,
    span: Span,
}

/// The words after a criterion: flags first, then patterns.
struct Arguments<'a> {
    method: Option<Method>,
    patterns: Vec<Pattern<'a>>,
}

impl<'a> Arguments<'a> {
    fn read(words: &'a [Word], scope: &Scope<'_>) -> Result<Self, Diagnostic> {
        let mut read = Self {
            method: None,
            patterns: Vec::new(),
        };
        let mut any_case = false;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut next = |what: &str| {
                words.next().ok_or_else(|| {
                    Diagnostic::error(format!("'{}' takes {what}", word.value)).at(word.span)
                })
            };
            match word.value.as_str() {
                "-i" => any_case = true,
                "-n" => {}
                "--" => break,
                "-m" => read.method = Some(method(next("a matching method")?)?),
                "-u" => {
                    next("a number")?;
                }
                "-f" => {
                    let file = next("a file")?;
                    read.take_file(file, any_case, scope)?;
                }
                "-M" => {
                    return Err(Diagnostic::error("flag '-M' is known but not built yet")
                        .at(word.span)
                        .label("not built yet"));
                }
                // Only what looks like a flag and is none is refused: patterns may start with `-`.
                flag if is_unknown_flag(flag) => {
                    return Err(Diagnostic::error(format!("unknown flag '{flag}'"))
                        .at(word.span)
                        .help("expected -f, -i, -m, -n, -u or --; -- before a pattern that starts with -"));
                }
                _ => {
                    read.push(word, any_case);
                    break;
                }
            }
        }
        for word in words {
            read.push(word, any_case);
        }
        Ok(read)
    }

    fn push(&mut self, word: &'a Word, any_case: bool) {
        self.patterns.push(Pattern {
            text: Cow::Borrowed(&word.value),
            any_case,
            span: word.span,
        });
    }

    fn take_file(
        &mut self,
        file: &Word,
        any_case: bool,
        scope: &Scope<'_>,
    ) -> Result<(), Diagnostic> {
        let text = (scope.pattern_file)(Path::new(&file.value)).ok_or_else(|| {
            Diagnostic::error(format!("the pattern file '{}' cannot be read", file.value))
                .at(file.span)
        })?;
        let lines = text
            .lines()
            .map(|line| line.trim_end_matches('\r'))
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.trim_start_matches([' ', '\t']))
            .filter(|line| !line.is_empty());
        self.patterns.extend(lines.map(|text| Pattern {
            text: Cow::Owned(text.to_owned()),
            any_case,
            span: file.span,
        }));
        Ok(())
    }
}

fn is_unknown_flag(word: &str) -> bool {
    matches!(word.as_bytes(), [b'-', letter] if letter.is_ascii_alphabetic())
}

fn method(word: &Word) -> Result<Method, Diagnostic> {
    Method::named(&word.value).ok_or_else(|| {
        Diagnostic::error(format!("unknown matching method '{}'", word.value))
            .at(word.span)
            .suggest(&word.value, METHODS.iter().map(|(name, _)| *name))
    })
}

/// The ACLs that exist without being declared (7.4): name, criterion, patterns.
const PREDEFINED: [(&str, &str, &[&str]); 24] = [
    ("FALSE", "always_false", &[]),
    ("HTTP", "req.proto_http", &[]),
    ("HTTP_1.0", "req.ver", &["1.0"]),
    ("HTTP_1.1", "req.ver", &["1.1"]),
    ("HTTP_2.0", "req.ver", &["2.0"]),
    ("HTTP_3.0", "req.ver", &["3.0"]),
    ("HTTP_CONTENT", "req.hdr_val(content-length)", &["gt", "0"]),
    ("HTTP_URL_ABS", "url_reg", &["^[^/:]*://"]),
    ("HTTP_URL_SLASH", "url_beg", &["/"]),
    ("HTTP_URL_STAR", "url", &["*"]),
    ("LOCALHOST", "src", &["127.0.0.1/8", "::1"]),
    ("METH_CONNECT", "method", &["CONNECT"]),
    ("METH_DELETE", "method", &["DELETE"]),
    ("METH_GET", "method", &["GET", "HEAD"]),
    ("METH_HEAD", "method", &["HEAD"]),
    ("METH_OPTIONS", "method", &["OPTIONS"]),
    ("METH_POST", "method", &["POST"]),
    ("METH_PUT", "method", &["PUT"]),
    ("METH_TRACE", "method", &["TRACE"]),
    ("RDP_COOKIE", "req.rdp_cookie_cnt", &["gt", "0"]),
    ("REQ_CONTENT", "req.len", &["gt", "0"]),
    ("REQ_PROTO_HTTP", "req.proto_http", &[]),
    ("TRUE", "always_true", &[]),
    ("WAIT_END", "wait_end", &[]),
];

fn predefined(name: &Word, scope: &Scope<'_>) -> Option<Result<Test, Diagnostic>> {
    let (_, criterion, patterns) = PREDEFINED.iter().find(|(known, ..)| *known == name.value)?;
    let word = |text: &str| Word::new(text.to_owned(), name.span);
    let patterns: Vec<Word> = patterns.iter().map(|text| word(text)).collect();
    Some(Test::compile(&word(criterion), &patterns, scope))
}

impl Acls {
    /// Compiles the `acl` lines of a proxy.
    pub(crate) fn compile(
        lines: &[model::Acl],
        scope: &Scope<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut acls = Self::default();
        for line in lines {
            let name = &line.name.value;
            // A name with a line that does not compile exists all the same: one message is enough.
            let index = match acls.named.iter().position(|(other, _)| other == name) {
                Some(index) => index,
                None => {
                    acls.named.push((name.clone(), Vec::new()));
                    acls.named.len() - 1
                }
            };
            if matches!(
                name.as_str(),
                "or" | "||" | "!" | "{" | "}" | "if" | "unless"
            ) {
                diagnostics.push(
                    Diagnostic::error(format!("'{name}' cannot be the name of an ACL"))
                        .at(line.name.span),
                );
            }
            match Test::compile(&line.criterion, &line.arguments, scope) {
                Ok(test) => {
                    if test.lacks_patterns() {
                        diagnostics.push(no_patterns(&line.criterion));
                    }
                    acls.named[index].1.push(test);
                }
                Err(message) => diagnostics.push(message),
            }
        }
        acls
    }

    /// The alternatives that a name stands for: declared in the section, or predefined.
    pub(crate) fn tests(&self, word: &Word, scope: &Scope<'_>) -> Result<Vec<Test>, Diagnostic> {
        if let Some(tests) = self.find(&word.value) {
            return Ok(tests.to_vec());
        }
        if let Some(test) = predefined(word, scope) {
            return test.map(|test| vec![test]);
        }
        let declared = self.named.iter().map(|(name, _)| name.as_str());
        let known = declared.chain(PREDEFINED.iter().map(|(name, ..)| *name));
        Err(
            Diagnostic::error(format!("there is no ACL '{}'", word.value))
                .at(word.span)
                .label("not declared in this section")
                .suggest(&word.value, known),
        )
    }

    fn find(&self, name: &str) -> Option<&[Test]> {
        self.named
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, tests)| &tests[..])
    }
}

fn no_patterns(criterion: &Word) -> Diagnostic {
    Diagnostic::warning(format!(
        "'{}' has no pattern to match, so it never matches",
        criterion.value
    ))
    .at(criterion.span)
    .help("-m found asks whether it is there at all")
}
