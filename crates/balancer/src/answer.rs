//! What the proxy answers by itself: error pages, redirections, the monitor, the statistics page.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use http1::{Answer, Body, BodyScanner, KnownHeader, Method, Version};

use crate::client::Client;
use crate::exchange::Exchange;
use crate::log_record::{Cause, Phase};
use crate::stats_hook::StatsRequest;
use crate::stream::{ByteSink, ByteSource};
use crate::timeouts::Expiry;

/// The page that answers a `monitor-uri`.
const MONITOR_PAGE: &str = "<html><body><h1>200 OK</h1>\nService ready.\n</body></html>\n";

impl<R: ByteSource, W: ByteSink> Client<R, W> {
    /// Sends the page of a status: the `errorfile` of the backend or frontend, or the usual one.
    /// Returns whether it went out.
    pub async fn answer_error(
        &mut self,
        exchange: &mut Exchange,
        status: u16,
        version: Version,
        persistent: bool,
        head_only: bool,
    ) -> bool {
        let file = self.error_file(exchange, status);
        self.inbound.clear();
        match file {
            Some(file) => self.inbound.extend_from_slice(&file),
            None => {
                Answer::error(status).encode_into(&mut self.inbound, version, persistent, head_only)
            }
        }
        exchange.status = Some(status);
        self.send_inbound(exchange).await.is_ok()
    }

    /// The `errorfile` for a status: the backend's once there is one.
    pub fn error_file(&self, exchange: &Exchange, status: u16) -> Option<Arc<[u8]>> {
        let files = match &exchange.backend {
            Some(lane) => &lane.backend.error_files,
            None => &self.frontend.error_files,
        };
        files.get(&status).map(Arc::clone)
    }

    /// Answers the request in progress, whose head of that length is still in the input.
    pub async fn answer(
        &mut self,
        exchange: &mut Exchange,
        answer: &Answer,
        head_len: usize,
    ) -> ControlFlow<()> {
        let dropped = self.drop_request(head_len);
        self.answer_anew(exchange, answer, dropped).await
    }

    /// Answers a request that is used up already; the connection goes on where everybody lets it.
    pub async fn answer_anew(
        &mut self,
        exchange: &mut Exchange,
        answer: &Answer,
        persistent: bool,
    ) -> ControlFlow<()> {
        let (version, method) = (self.request.version(), self.request.method());
        let persistent = persistent && !answer.closes && self.may_continue();
        self.inbound.clear();
        answer.encode_into(
            &mut self.inbound,
            version,
            persistent,
            method == Method::Head,
        );
        exchange.status = Some(answer.status);
        let sent = self.send_inbound(exchange).await;
        if sent.is_ok() && persistent {
            return ControlFlow::Continue(());
        }
        self.lingers = true;
        ControlFlow::Break(())
    }

    /// Whether frontend and client let the connection live on.
    pub fn may_continue(&self) -> bool {
        self.request.is_persistent()
            && self.frontend.connection_mode != haproxy_config::model::ConnectionMode::Close
            && !self.worker.is_draining()
    }

    /// Drops the request in progress from the input; false where part of its body is still to
    /// come, and the connection cannot go on.
    pub fn drop_request(&mut self, head_len: usize) -> bool {
        let body = self.request.body();
        let input = self.peer.reader.input();
        input.consume(head_len);
        if body == Body::None {
            return true;
        }
        let mut scanner = BodyScanner::new(body);
        match scanner.scan(input.bytes()) {
            Ok(scanned) => {
                input.consume(scanned.len);
                scanned.finished
            }
            Err(_) => false,
        }
    }

    /// Sends what stands ready for the client.
    pub async fn send_inbound(&mut self, exchange: &mut Exchange) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.inbound);
        let len = bytes.len();
        self.peer
            .deadline
            .set(self.frontend.timeouts.inactivity, Expiry::Both);
        let (sent, bytes) = self.peer.writer.send(bytes, 0, len).await;
        self.inbound = bytes;
        match sent {
            Ok(()) => exchange.bytes_out += len as u64,
            Err(_) => {
                let cause = if self.peer.deadline.has_expired() {
                    Cause::ClientTimeout
                } else {
                    Cause::Client
                };
                exchange.end(cause, Phase::Data);
            }
        }
        sent
    }

    /// `monitor-uri`: the proxy is alive. Neither logged nor forwarded.
    pub async fn answer_monitor(
        &mut self,
        exchange: &mut Exchange,
        head_len: usize,
    ) -> ControlFlow<()> {
        exchange.texts = None;
        let mut answer = Answer::new(200);
        answer.add_header(b"Cache-Control", b"no-cache");
        answer.add_header(b"Content-Type", b"text/html");
        answer.body = MONITOR_PAGE.as_bytes().into();
        exchange.end(Cause::Local, Phase::Request);
        self.answer(exchange, &answer, head_len).await
    }

    /// The statistics page of a section; `admin` where its conditions allow changes.
    pub async fn answer_stats(
        &mut self,
        exchange: &mut Exchange,
        proxy: usize,
        head_len: usize,
        admin: bool,
    ) -> ControlFlow<()> {
        if self.collect_body(head_len).await.is_err() {
            exchange.end(Cause::Client, Phase::Request);
            return ControlFlow::Break(());
        }
        let answer = {
            let bytes = self.peer.reader.bytes();
            let text = |bytes| std::str::from_utf8(bytes).unwrap_or("");
            let original = &bytes[..head_len];
            let authorization = self
                .request
                .headers
                .first(original, KnownHeader::Authorization)
                .map(text);
            let response = (self.lanes.snapshot.stats)(&StatsRequest {
                snapshot: &self.lanes.snapshot,
                proxy,
                method: text(self.request.method_text(original)),
                target: text(self.request.target_text(original)),
                authorization,
                body: bytes.get(head_len..).unwrap_or(b""),
                admin,
                client: self.ends.source,
            });
            let mut answer = Answer::new(response.status);
            for line in &response.headers {
                if let Some((name, value)) = line.split_once(": ") {
                    answer.add_header(name.as_bytes(), value.as_bytes());
                }
            }
            answer.body = response.body.into();
            answer
        };
        exchange.from_stats = true;
        // The page is logged like a server that answers at once.
        let at_once = Some(0);
        exchange.timers.queue = at_once;
        exchange.timers.connect = at_once;
        exchange.timers.response = at_once;
        exchange.end(Cause::Local, Phase::Request);
        self.frontend
            .state
            .counters
            .of(self.worker.index)
            .intercepted
            .add(1);
        self.answer(exchange, &answer, head_len).await
    }

    /// Waits until the whole body is in the input, as far as one buffer holds it.
    async fn collect_body(&mut self, head_len: usize) -> io::Result<()> {
        let body = self.request.body();
        loop {
            let input = self.peer.reader.input();
            let mut scanner = BodyScanner::new(body);
            let scanned = scanner
                .scan(&input.bytes()[head_len..])
                .map_err(|refusal| io::Error::new(io::ErrorKind::InvalidData, refusal))?;
            if scanned.finished || input.is_full() {
                return Ok(());
            }
            self.peer
                .deadline
                .set(self.frontend.timeouts.request_head, Expiry::Read);
            if self.peer.reader.fill().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
