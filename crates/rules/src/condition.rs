//! Conditions: ACLs combined after `if` and `unless` (configuration.txt, 7.2).

use diagnostics::{Diagnostic, Diagnostics};
use haproxy_config::model::{self, Word};

use crate::acl::{Acls, Stage, Test};
use crate::scope::Scope;
use crate::session::Facts;

/// A compiled condition: alternatives of terms that must all hold.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    unless: bool,
    alternatives: Vec<Vec<Term>>,
}

#[derive(Debug, Clone)]
struct Term {
    negated: bool,
    tests: Vec<Test>,
}

impl Condition {
    /// Compiles the words after `if` or `unless`.
    pub(crate) fn compile(
        condition: &model::Condition,
        stage: Stage,
        acls: &Acls,
        scope: &Scope<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, Diagnostic> {
        let mut alternatives = vec![Vec::new()];
        let mut negated = false;
        let words = &condition.words;
        let mut at = 0;
        while let Some(word) = words.get(at) {
            at += 1;
            let text = word.value.as_str();
            if matches!(text, "or" | "||") {
                if negated || alternatives.last().is_none_or(Vec::is_empty) {
                    return Err(Diagnostic::error(format!(
                        "nothing to choose from before '{text}'"
                    ))
                    .at(word.span));
                }
                alternatives.push(Vec::new());
                continue;
            }
            let name = text.trim_start_matches('!');
            negated ^= (text.len() - name.len()) % 2 == 1;
            if name.is_empty() {
                continue;
            }
            let tests = if name == "{" {
                let len = words[at..]
                    .iter()
                    .position(|word| word.value == "}")
                    .ok_or_else(|| {
                        Diagnostic::error("an anonymous ACL lacks its '}'").at(word.span)
                    })?;
                let inside = &words[at..at + len];
                at += len + 1;
                vec![Test::anonymous(word.span, inside, scope, diagnostics)?]
            } else {
                let word = Word::new(name.to_owned(), word.span);
                acls.tests(&word, scope)?
            };
            let never = tests.iter().any(|test| test.never_at(stage));
            if never && stage == Stage::Response {
                return Err(Diagnostic::error(
                    "this condition is about the request, which is gone in a response rule",
                )
                .at(word.span)
                .help("of a request, only its method and its version are still known there"));
            }
            if never {
                diagnostics.push(
                    Diagnostic::warning(format!(
                        "this condition is about something that is not there in {}, so it never \
                         matches",
                        stage.name()
                    ))
                    .at(word.span),
                );
            }
            if let Some(terms) = alternatives.last_mut() {
                terms.push(Term { negated, tests });
            }
            negated = false;
        }
        let last = words.last().map(|word| word.span);
        if negated || alternatives.last().is_none_or(Vec::is_empty) {
            let message = Diagnostic::error("a condition is expected");
            return Err(match last {
                Some(span) => message.at(span),
                None => message,
            });
        }
        Ok(Self {
            unless: condition.unless,
            alternatives,
        })
    }

    pub(crate) fn holds(&self, facts: &Facts<'_>) -> bool {
        let any = self.alternatives.iter().any(|terms| {
            terms
                .iter()
                .all(|term| term.negated != term.tests.iter().any(|test| test.holds(facts)))
        });
        any != self.unless
    }
}
