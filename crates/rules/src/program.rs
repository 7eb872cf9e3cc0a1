//! Compiled programs, one a proxy, and their evaluation.

use std::collections::BTreeMap;
use std::sync::Arc;

use diagnostics::Diagnostics;
use haproxy_config::model::{Config, Proxy, RuleSet};
use http1::{Answer, RequestHead, ResponseHead};

use crate::acl::{Acls, Stage};
use crate::action::{self, Action, Compiled};
use crate::answer::challenge;
use crate::condition::Condition;
use crate::edit::Message;
use crate::format::Format;
use crate::scope::{Inputs, Scope};
use crate::session::{Answered, Facts, Request, Session};
use crate::verdict::{ConnectionVerdict, Verdict};

/// The programs of every proxy, in the order of `Config::proxies`.
#[derive(Debug, Clone, Default)]
pub struct Programs {
    /// One a proxy.
    pub proxies: Vec<ProxyProgram>,
}

/// The rules of one proxy, ready to run. Immutable: workers share it.
#[derive(Debug, Clone, Default)]
pub struct ProxyProgram {
    connection: Vec<Rule>,
    session: Vec<Rule>,
    content: Vec<Rule>,
    request: Vec<Rule>,
    response: Vec<Rule>,
    after_response: Vec<Rule>,
    use_backends: Vec<UseBackend>,
    admin: Vec<Condition>,
    backends: Arc<BTreeMap<String, usize>>,
}

#[derive(Debug, Clone)]
struct Rule {
    compiled: Compiled,
    condition: Option<Condition>,
}

#[derive(Debug, Clone)]
struct UseBackend {
    backend: Choice,
    condition: Option<Condition>,
}

#[derive(Debug, Clone)]
enum Choice {
    Index(usize),
    /// The name is computed for each request.
    Named(Format),
}

/// Compiles the rules of a whole configuration.
///
/// Every message goes to `diagnostics`; where any is an error the programs must not be used.
#[must_use]
pub fn compile(config: &Config, inputs: &Inputs<'_>, diagnostics: &mut Diagnostics) -> Programs {
    let backends: Arc<BTreeMap<String, usize>> = Arc::new(
        config
            .proxies
            .iter()
            .enumerate()
            .filter(|(_, proxy)| proxy.kind.is_backend())
            .map(|(index, proxy)| (proxy.name.value.clone(), index))
            .collect(),
    );
    let proxies = config
        .proxies
        .iter()
        .enumerate()
        .map(|(index, proxy)| {
            let scope = Scope {
                config,
                proxy,
                index,
                stage: Stage::Request,
                environment: inputs.environment,
                hostname: inputs.hostname,
                pattern_file: inputs.pattern_file,
            };
            ProxyProgram {
                backends: Arc::clone(&backends),
                ..ProxyProgram::compile(proxy, &scope, diagnostics)
            }
        })
        .collect();
    Programs { proxies }
}

impl ProxyProgram {
    fn compile(proxy: &Proxy, scope: &Scope<'_>, diagnostics: &mut Diagnostics) -> Self {
        let acls = Acls::compile(&proxy.acls, scope, diagnostics);
        let mut program = Self::default();
        for rule in &proxy.rules {
            let (place, stage) = match rule.set {
                RuleSet::TcpRequestConnection => (&mut program.connection, Stage::Connection),
                RuleSet::TcpRequestSession => (&mut program.session, Stage::Connection),
                RuleSet::TcpRequestContent => (&mut program.content, Stage::Request),
                RuleSet::HttpRequest => (&mut program.request, Stage::Request),
                RuleSet::HttpResponse => (&mut program.response, Stage::Response),
                RuleSet::HttpAfterResponse => (&mut program.after_response, Stage::Response),
                RuleSet::TcpResponseContent => {
                    let message = diagnostics::Diagnostic::error(
                        "'tcp-response content' rules are known but not built yet",
                    );
                    diagnostics.push(match rule.action.first() {
                        Some(word) => message.at(word.span),
                        None => message,
                    });
                    continue;
                }
            };
            let condition = rule
                .condition
                .as_ref()
                .map(|it| Condition::compile(it, stage, &acls, scope, diagnostics))
                .transpose();
            let compiled = action::compile(rule.set, &rule.action, &Scope { stage, ..*scope });
            match (compiled, condition) {
                (Ok(compiled), Ok(condition)) => place.push(Rule {
                    compiled,
                    condition,
                }),
                (action, condition) => {
                    let messages = [action.err(), condition.err()];
                    messages
                        .into_iter()
                        .flatten()
                        .for_each(|message| diagnostics.push(message));
                }
            }
        }
        program.compile_choices(proxy, &acls, scope, diagnostics);
        program
    }

    fn compile_choices(
        &mut self,
        proxy: &Proxy,
        acls: &Acls,
        scope: &Scope<'_>,
        diagnostics: &mut Diagnostics,
    ) {
        for line in &proxy.use_backends {
            let condition = line
                .condition
                .as_ref()
                .map(|it| Condition::compile(it, Stage::Request, acls, scope, diagnostics))
                .transpose();
            let backend = Format::compile(&line.backend, scope).and_then(|name| {
                if !name.is_literal() {
                    return Ok(Choice::Named(name));
                }
                let written = &line.backend;
                scope
                    .backend(Some(&written.value))
                    .map(Choice::Index)
                    .ok_or_else(|| {
                        let known = scope.config.proxies.iter();
                        diagnostics::Diagnostic::error(format!(
                            "there is no backend '{}'",
                            written.value
                        ))
                        .at(written.span)
                        .suggest(
                            &written.value,
                            known
                                .filter(|it| it.kind.is_backend())
                                .map(|it| it.name.value.as_str()),
                        )
                    })
            });
            match (backend, condition) {
                (Ok(backend), Ok(condition)) => {
                    self.use_backends.push(UseBackend { backend, condition })
                }
                (backend, condition) => {
                    let messages = [backend.err(), condition.err()];
                    messages
                        .into_iter()
                        .flatten()
                        .for_each(|message| diagnostics.push(message));
                }
            }
        }
        for condition in proxy.stats.iter().flat_map(|stats| &stats.admin) {
            match Condition::compile(condition, Stage::Request, acls, scope, diagnostics) {
                Ok(condition) => self.admin.push(condition),
                Err(message) => diagnostics.push(message),
            }
        }
    }

    /// Runs `tcp-request connection` and `tcp-request session` on a new connection.
    #[must_use]
    pub fn connection(&self, session: &Session<'_>) -> ConnectionVerdict {
        let facts = Facts {
            session,
            request: None,
            answered: None,
            response: None,
        };
        match accepts(&self.connection, &facts) && accepts(&self.session, &facts) {
            true => ConnectionVerdict::Accept,
            false => ConnectionVerdict::Reject,
        }
    }

    /// Runs `tcp-request content`, with the request in HTTP mode: before [`Self::request`].
    #[must_use]
    pub fn content(
        &self,
        session: &Session<'_>,
        request: Option<Request<'_>>,
    ) -> ConnectionVerdict {
        let facts = Facts {
            session,
            request,
            answered: None,
            response: None,
        };
        match accepts(&self.content, &facts) {
            true => ConnectionVerdict::Accept,
            false => ConnectionVerdict::Reject,
        }
    }

    /// Runs `http-request`: edits the head and decides. A frontend's program runs first, then the
    /// chosen backend's.
    #[must_use]
    pub fn request(
        &self,
        session: &Session<'_>,
        head: &mut RequestHead,
        original: &[u8],
    ) -> Verdict {
        run(
            &self.request,
            session,
            &mut Message::Request { head, original },
        )
    }

    /// Runs `http-response`, then `http-after-response`, on a server's response. A backend's
    /// program runs first, then the frontend's.
    #[must_use]
    pub fn response(
        &self,
        session: &Session<'_>,
        answered: Answered,
        head: &mut ResponseHead,
        original: &[u8],
    ) -> Verdict {
        let mut message = Message::Response {
            head,
            original,
            answered,
        };
        match run(&self.response, session, &mut message) {
            Verdict::Continue => run(&self.after_response, session, &mut message),
            decided => decided,
        }
    }

    /// The backend that the first matching `use_backend` line names, as an index into
    /// `Config::proxies`; none where `default_backend` decides. A computed name that no backend
    /// has goes on to `default_backend` at once, as with HAProxy.
    #[must_use]
    pub fn backend(&self, session: &Session<'_>, request: Option<Request<'_>>) -> Option<usize> {
        let facts = Facts {
            session,
            request,
            answered: None,
            response: None,
        };
        let line = self
            .use_backends
            .iter()
            .find(|line| line.condition.as_ref().is_none_or(|it| it.holds(&facts)))?;
        match &line.backend {
            Choice::Index(index) => Some(*index),
            Choice::Named(name) => {
                let name = name.text(&facts);
                let name = std::str::from_utf8(&name).ok()?;
                self.backends.get(name).copied()
            }
        }
    }

    /// Whether a `stats admin` line lets this request change servers.
    #[must_use]
    pub fn may_administer(&self, session: &Session<'_>, request: Request<'_>) -> bool {
        let facts = Facts {
            session,
            request: Some(request),
            answered: None,
            response: None,
        };
        self.admin.iter().any(|condition| condition.holds(&facts))
    }

    /// Whether requests can pass without [`Self::request`].
    #[must_use]
    pub fn has_request_rules(&self) -> bool {
        !self.request.is_empty()
    }

    /// Whether responses can pass without [`Self::response`].
    #[must_use]
    pub fn has_response_rules(&self) -> bool {
        !self.response.is_empty() || !self.after_response.is_empty()
    }
}

/// The first rule that matches decides; without one, everything is accepted.
fn accepts(rules: &[Rule], facts: &Facts<'_>) -> bool {
    rules
        .iter()
        .find(|rule| rule.condition.as_ref().is_none_or(|it| it.holds(facts)))
        .is_none_or(|rule| !matches!(rule.compiled.action, Action::Reject))
}

fn run(rules: &[Rule], session: &Session<'_>, message: &mut Message<'_>) -> Verdict {
    for rule in rules {
        let condition = rule.condition.as_ref();
        if !condition.is_none_or(|it| it.holds(&message.facts(session)))
            || !rule
                .compiled
                .line
                .as_ref()
                .is_none_or(|line| message.has_line(line))
        {
            continue;
        }
        match &rule.compiled.action {
            Action::Stop => return Verdict::Continue,
            Action::Reject => return Verdict::Reject,
            Action::Deny(reply) => {
                return Verdict::Deny {
                    answer: reply.answer(&message.facts(session)),
                    is_page: reply.is_page(),
                };
            }
            Action::Tarpit(reply) => {
                return Verdict::Tarpit {
                    answer: reply.answer(&message.facts(session)),
                    is_page: reply.is_page(),
                };
            }
            Action::Return(reply) => return Verdict::Answer(reply.answer(&message.facts(session))),
            Action::Challenge(realm) => return Verdict::Answer(challenge(realm)),
            Action::Redirect(redirect) => {
                if let Some(answer) = redirect.answer(&message.facts(session)) {
                    return Verdict::Answer(answer);
                }
            }
            Action::Edit(edit) => {
                if message.apply(edit, session).is_err() {
                    return Verdict::Deny {
                        answer: Answer::error(500),
                        is_page: true,
                    };
                }
            }
        }
    }
    Verdict::Continue
}
