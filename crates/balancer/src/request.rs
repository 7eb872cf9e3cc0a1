//! A request's way from its head to a backend.

use std::ops::ControlFlow;
use std::rc::Rc;

use http1::KnownHeader;

use crate::client::Client;
use crate::exchange::Exchange;
use crate::lane::BackendLane;
use crate::log_record::{Cause, Phase};
use crate::policy::Destination;
use crate::snapshot::Backend;
use crate::state::TrafficCounters;
use crate::stream::{ByteSink, ByteSource};

impl<R: ByteSource, W: ByteSink> Client<R, W> {
    /// Answers or forwards the request whose head of that length is in the input.
    pub async fn handle(&mut self, exchange: &mut Exchange, head_len: usize) -> ControlFlow<()> {
        self.note_texts(exchange);
        if let Some(uri) = &self.frontend.monitor_uri
            && asks_for(&self.request, self.peer.reader.bytes(), uri)
        {
            return self.answer_monitor(exchange, head_len).await;
        }
        match self.route(exchange, head_len).await {
            Destination::Backend(lane) => {
                let session = BackendSession::begin(lane, self.worker.index);
                self.forward(exchange, &session.lane, head_len).await
            }
            Destination::Stats(proxy, admin) => {
                self.answer_stats(exchange, proxy, head_len, admin).await
            }
            Destination::None => {
                exchange.end(Cause::Server, Phase::Connect);
                let persistent = self.drop_request(head_len);
                self.fail(exchange, 503, persistent).await
            }
            Destination::Decided(flow) => flow,
        }
    }

    /// Keeps what the log will show, where there is a log.
    fn note_texts(&mut self, exchange: &mut Exchange) {
        let Some(texts) = &mut exchange.texts else {
            return;
        };
        let original = self.peer.reader.bytes();
        // Empty lines before a request are skipped (RFC 9112 section 2.2).
        let mut lines = original.split(|byte| matches!(byte, b'\r' | b'\n'));
        let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
        texts.request_line = String::from_utf8_lossy(line).into_owned();
        let headers = &self.request.headers;
        texts.request_captures = self
            .frontend
            .log
            .request_captures
            .iter()
            .map(|(name, len)| {
                headers
                    .named(original, name.as_bytes())
                    .last()
                    .map(|(_, value)| cut(value, *len))
            })
            .collect();
        // Shown empty where no server answers.
        texts.response_captures = vec![None; self.frontend.log.response_captures.len()];
        if let Some((name, len)) = &self.frontend.log.cookie_capture {
            texts.request_cookie = headers
                .values(original, KnownHeader::Cookie)
                .flat_map(|(_, value)| http1::cookies(value))
                .find_map(|cookie| capture_cookie(cookie, name, *len));
        }
    }
}

/// `NAME=VALUE` of a cookie, cut, where it begins with `prefix`: a part of its name, or all of it
/// with the equals sign (`capture cookie`).
pub(crate) fn capture_cookie(
    (name, value): (&[u8], &[u8]),
    prefix: &str,
    len: usize,
) -> Option<String> {
    let pair = [name, b"=", value].concat();
    pair.starts_with(prefix.as_bytes()).then(|| cut(&pair, len))
}

/// Whether a request is for the `monitor-uri`, which is a whole target or, where it begins with a
/// slash, the path and query of any.
fn asks_for(request: &http1::RequestHead, original: &[u8], uri: &str) -> bool {
    let target = request.target_text(original);
    target == uri.as_bytes()
        || (uri.starts_with('/')
            && request.target().form == http1::TargetForm::Absolute
            && target[request.target().path.start..] == *uri.as_bytes())
}

/// The first `len` bytes of a header value, as text.
pub(crate) fn cut(value: &[u8], len: usize) -> String {
    String::from_utf8_lossy(&value[..value.len().min(len)]).into_owned()
}

/// An exchange counted at its backend.
struct BackendSession {
    lane: Rc<BackendLane>,
    worker: usize,
}

impl BackendSession {
    fn begin(lane: Rc<BackendLane>, worker: usize) -> Self {
        counters(&lane.backend, worker).session_begins();
        Self { lane, worker }
    }
}

impl Drop for BackendSession {
    fn drop(&mut self) {
        counters(&self.lane.backend, self.worker).session_ends();
    }
}

fn counters(backend: &Backend, worker: usize) -> &TrafficCounters {
    backend.state.counters.of(worker)
}
