//! What the rules say of a request: whether it goes on, what changes in it, and which backend
//! takes it.

use std::ops::ControlFlow;
use std::rc::Rc;

use http1::Answer;
use rules::{ConnectionVerdict, Request, Session, Tls, Verdict};

use crate::client::Client;
use crate::exchange::Exchange;
use crate::lane::{BackendLane, Lanes};
use crate::log_record::{Cause, Phase};
use crate::server_connection::ClientEnds;
use crate::snapshot::{Backend, Frontend, Snapshot};
use crate::stream::{ByteSink, ByteSource};

/// What rules may ask about a connection.
pub(crate) fn session<'a>(
    snapshot: &'a Snapshot,
    frontend: &'a Frontend,
    backend: Option<&'a Backend>,
    ends: ClientEnds,
    tls: Option<&'a TlsFacts>,
) -> Session<'a> {
    Session {
        client: ends.source,
        local: ends.destination,
        tls: tls.map(|facts| Tls {
            server_name: facts.server_name.as_deref(),
            version: facts.version,
        }),
        frontend: &frontend.name,
        backend: backend.map(|backend| backend.name.as_str()),
        server: None,
        live: snapshot,
    }
}

/// What is known of a client's TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsFacts {
    /// The server name that it asked for.
    pub server_name: Option<String>,
    /// The protocol's version.
    pub version: &'static str,
}

/// Where a request goes.
pub(crate) enum Destination {
    /// To a backend.
    Backend(Rc<BackendLane>),
    /// The frontend's statistics page; the number is the section's, the flag whether changes are
    /// allowed.
    Stats(usize, bool),
    /// Nowhere: no backend takes it.
    None,
    /// It is answered, or not, and that is all.
    Decided(ControlFlow<()>),
}

impl<R: ByteSource, W: ByteSink> Client<R, W> {
    /// Runs the frontend's rules, chooses the backend and runs its rules.
    pub async fn route(&mut self, exchange: &mut Exchange, head_len: usize) -> Destination {
        let frontend = std::sync::Arc::clone(&self.frontend);
        let program = frontend.program();
        if let Some(flow) = self.judge(exchange, None, program, head_len).await {
            return Destination::Decided(flow);
        }
        if let Some(uri) = &frontend.stats_uri
            && self.is_under(uri)
        {
            return Destination::Stats(frontend.proxy, self.may_administer(program));
        }
        let lanes = Rc::clone(&self.lanes);
        let Some(lane) = self.choose(&lanes) else {
            return Destination::None;
        };
        exchange.backend = Some(Rc::clone(&lane));
        if lane.backend.proxy == frontend.proxy {
            return Destination::Backend(lane);
        }
        let program = lane.backend.program();
        if let Some(flow) = self
            .judge(exchange, Some(&lane.backend), program, head_len)
            .await
        {
            return Destination::Decided(flow);
        }
        match &lane.backend.stats_uri {
            Some(uri) if self.is_under(uri) => {
                Destination::Stats(lane.backend.proxy, self.may_administer(program))
            }
            _ => Destination::Backend(lane),
        }
    }

    fn is_under(&self, uri: &str) -> bool {
        let target = self.request.target_text(self.peer.reader.bytes());
        target.starts_with(uri.as_bytes())
    }

    fn may_administer(&self, program: &rules::ProxyProgram) -> bool {
        let session = session(
            &self.lanes.snapshot,
            &self.frontend,
            None,
            self.ends,
            self.tls.as_ref(),
        );
        let original = self.peer.reader.bytes();
        program.may_administer(
            &session,
            Request {
                head: &self.request,
                original,
            },
        )
    }

    /// The backend that `use_backend` or `default_backend` names.
    fn choose(&self, lanes: &Lanes) -> Option<Rc<BackendLane>> {
        let session = session(
            &self.lanes.snapshot,
            &self.frontend,
            None,
            self.ends,
            self.tls.as_ref(),
        );
        let original = self.peer.reader.bytes();
        let request = Request {
            head: &self.request,
            original,
        };
        let named = self.frontend.program().backend(&session, Some(request));
        let index = match named {
            Some(proxy) => lanes.snapshot.backend_of_proxy(proxy)?.index,
            None => self.frontend.default_backend?,
        };
        Some(Rc::clone(lanes.backend(index)))
    }

    /// Runs the rules of one section. `Some` where they decide.
    async fn judge(
        &mut self,
        exchange: &mut Exchange,
        backend: Option<&Backend>,
        program: &rules::ProxyProgram,
        head_len: usize,
    ) -> Option<ControlFlow<()>> {
        let session = session(
            &self.lanes.snapshot,
            &self.frontend,
            backend,
            self.ends,
            self.tls.as_ref(),
        );
        let original = self.peer.reader.bytes();
        let head = &mut self.request;
        let content = program.content(&session, Some(Request { head, original }));
        if content == ConnectionVerdict::Reject {
            return Some(self.reject(exchange));
        }
        if !program.has_request_rules() {
            return None;
        }
        let denied = match program.request(&session, head, original) {
            Verdict::Continue => return None,
            Verdict::Answer(answer) => {
                exchange.end(Cause::Local, Phase::Request);
                self.count_intercepted();
                return Some(self.answer(exchange, &answer, head_len).await);
            }
            Verdict::Reject => return Some(self.reject(exchange)),
            Verdict::Deny { answer, is_page } => {
                exchange.end(Cause::Proxy, Phase::Request);
                (answer, is_page)
            }
            Verdict::Tarpit { answer, is_page } => {
                self.peer.deadline.clear();
                if let Some(pause) = self.frontend.timeouts.tarpit {
                    compio::time::sleep(pause).await;
                    self.worker.timeouts.tick();
                }
                exchange.end(Cause::Proxy, Phase::Tarpit);
                (answer, is_page)
            }
        };
        self.count_denied(exchange);
        let (answer, is_page) = denied;
        Some(self.deny(exchange, &answer, is_page, head_len).await)
    }

    async fn deny(
        &mut self,
        exchange: &mut Exchange,
        answer: &Answer,
        is_page: bool,
        head_len: usize,
    ) -> ControlFlow<()> {
        if is_page && self.error_file(exchange, answer.status).is_some() {
            let persistent = self.drop_request(head_len);
            return self.fail(exchange, answer.status, persistent).await;
        }
        self.answer(exchange, answer, head_len).await
    }

    fn reject(&mut self, exchange: &mut Exchange) -> ControlFlow<()> {
        exchange.end(Cause::Proxy, Phase::Request);
        self.count_denied(exchange);
        ControlFlow::Break(())
    }

    fn count_denied(&self, exchange: &Exchange) {
        self.frontend
            .state
            .counters
            .of(self.worker.index)
            .denied_requests
            .add(1);
        if let Some(lane) = &exchange.backend {
            lane.backend
                .state
                .counters
                .of(self.worker.index)
                .denied_requests
                .add(1);
        }
    }

    fn count_intercepted(&self) {
        self.frontend
            .state
            .counters
            .of(self.worker.index)
            .intercepted
            .add(1);
    }
}
