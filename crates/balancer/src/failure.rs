//! What the client is told, and the log, when something went wrong on the way.

use std::ops::ControlFlow;

use http1::Method;

use crate::client::Client;
use crate::dispatch::{NoServer, Route, Slot};
use crate::exchange::Exchange;
use crate::forward::Forwarded;
use crate::lane::BackendLane;
use crate::log_record::{Cause, Phase};
use crate::response::Trouble;
use crate::server_connection::ConnectFailure;
use crate::stream::{ByteSink, ByteSource};
use crate::timeouts::Expiry;

impl<R: ByteSource, W: ByteSink> Client<R, W> {
    /// Answers with an error page; the connection goes on where the client and `persistent` allow.
    pub async fn fail(
        &mut self,
        exchange: &mut Exchange,
        status: u16,
        persistent: bool,
    ) -> ControlFlow<()> {
        let (version, head_only) = (
            self.request.version(),
            self.request.method() == Method::Head,
        );
        let persistent =
            persistent && self.may_continue() && self.error_file(exchange, status).is_none();
        let sent = self
            .answer_error(exchange, status, version, persistent, head_only)
            .await;
        if sent && persistent {
            return ControlFlow::Continue(());
        }
        self.lingers = true;
        ControlFlow::Break(())
    }

    pub fn client_gone(&mut self, exchange: &mut Exchange, phase: Phase) -> ControlFlow<()> {
        exchange.end(Cause::Client, phase);
        ControlFlow::Break(())
    }

    pub async fn no_server(
        &mut self,
        exchange: &mut Exchange,
        route: &Route,
        failure: NoServer,
        forwarded: &Forwarded,
    ) -> ControlFlow<()> {
        exchange.note_route(route);
        let (cause, phase) = match failure {
            NoServer::NoneUsable => (Cause::Server, Phase::Connect),
            NoServer::QueueTimedOut => (Cause::ServerTimeout, Phase::Queue),
            NoServer::QueueFull => (Cause::Server, Phase::Queue),
            NoServer::Connect(ConnectFailure::TimedOut) => (Cause::ServerTimeout, Phase::Connect),
            NoServer::Connect(ConnectFailure::Refused) => (Cause::Server, Phase::Connect),
            NoServer::Connect(ConnectFailure::OutOfResources) => (Cause::Resource, Phase::Connect),
        };
        exchange.end(cause, phase);
        self.fail(exchange, 503, forwarded.scanner.is_finished())
            .await
    }

    /// Says, as far as the client can still be told, what went wrong with the server.
    pub async fn troubled(
        &mut self,
        exchange: &mut Exchange,
        lane: &BackendLane,
        slot: &Slot,
        trouble: Trouble,
        forwarded: &Forwarded,
    ) -> ControlFlow<()> {
        let own = slot.lane.server.state.counters.of(self.worker.index);
        let backend = lane.backend.state.counters.of(self.worker.index);
        let waiting = if exchange.status.is_some() {
            Phase::Data
        } else {
            Phase::Headers
        };
        let response_error = || {
            own.response_errors.add(1);
            backend.response_errors.add(1);
        };
        let (cause, phase, status) = match trouble {
            Trouble::NoResponse {
                timed_out: true, ..
            } => {
                response_error();
                (Cause::ServerTimeout, Phase::Headers, Some(504))
            }
            Trouble::NoResponse {
                timed_out: false, ..
            } => {
                response_error();
                (Cause::Server, Phase::Headers, Some(502))
            }
            Trouble::BadResponse(_) => {
                response_error();
                (Cause::Proxy, Phase::Headers, Some(502))
            }
            Trouble::Denied { answer, is_page } => {
                own.denied_responses.add(1);
                backend.denied_responses.add(1);
                self.frontend
                    .state
                    .counters
                    .of(self.worker.index)
                    .denied_responses
                    .add(1);
                exchange.end(Cause::Proxy, Phase::Headers);
                // What is left of the request is as if answered.
                let persistent = forwarded.scanner.is_finished();
                if is_page && self.error_file(exchange, answer.status).is_some() {
                    return self.fail(exchange, answer.status, persistent).await;
                }
                return self.answer_anew(exchange, &answer, persistent).await;
            }
            Trouble::Rejected => (Cause::Proxy, Phase::Headers, None),
            Trouble::Broken { timed_out: true } => (Cause::ServerTimeout, Phase::Data, None),
            Trouble::Broken { timed_out: false } => (Cause::Server, Phase::Data, None),
            // In the middle of its own body, HAProxy calls it the data phase.
            Trouble::ClientGone if !forwarded.scanner.is_finished() => {
                (Cause::Client, Phase::Data, None)
            }
            Trouble::ClientGone => (Cause::Client, waiting, None),
            Trouble::ClientTimedOut if exchange.status.is_none() => {
                (Cause::ClientTimeout, waiting, Some(408))
            }
            Trouble::ClientTimedOut => (Cause::ClientTimeout, waiting, None),
            Trouble::BadRequestBody(refusal) => {
                self.frontend
                    .state
                    .counters
                    .of(self.worker.index)
                    .request_errors
                    .add(1);
                let status = refusal.status(http1::Fault::Client);
                (
                    Cause::Client,
                    waiting,
                    exchange.status.is_none().then_some(status),
                )
            }
        };
        exchange.end(cause, phase);
        match status {
            Some(status) => {
                self.fail(exchange, status, forwarded.scanner.is_finished())
                    .await
            }
            None => {
                if exchange.status.is_none() && phase != Phase::Data {
                    // Nobody is left to read it, but the log shows what HAProxy's would.
                    exchange.status = Some(400);
                }
                // The client must see that the response is cut short.
                self.peer.deadline.expire(Expiry::Both);
                ControlFlow::Break(())
            }
        }
    }
}
