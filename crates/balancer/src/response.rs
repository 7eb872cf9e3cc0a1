//! A response's way: from the server's head, through persistence and rules, to the client.

use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use http1::{
    Answer, Body, BodyScanner, KnownHeader, Limits, Method, Parsed, Refusal, ResponseHead, Version,
    edit_response,
};

use rules::{Answered, Session, Verdict};

use crate::exchange::{Exchange, Place};
use crate::persistence::{self, Asked};
use crate::request::{capture_cookie, cut};
use crate::server_connection::ClientEnds;
use crate::snapshot::{Backend, Frontend, Server};
use crate::stream::{ByteSink, ByteSource, Reader};
use crate::timeouts::{Deadline, Expiry};
use crate::unchunk::Unchunk;
use crate::worker::context::Worker;

/// A response on its way to the client.
pub(crate) struct ResponsePath<'a, W> {
    /// The worker.
    pub worker: &'a Worker,
    /// Where the request came in.
    pub frontend: &'a Arc<Frontend>,
    /// The backend.
    pub backend: &'a Backend,
    /// The server.
    pub server: &'a Server,
    /// The client's addresses.
    pub ends: ClientEnds,
    /// What rules may ask about the connection.
    pub session: Session<'a>,
    /// What the client's cookie says.
    pub asked: Asked,
    /// The request's method.
    pub method: Method,
    /// The request's version.
    pub client_version: Version,
    /// Limits of the head.
    pub limits: Limits,
    /// The client's connection may go on if the response lets it.
    pub may_continue: bool,
    /// The head; reused.
    pub head: &'a mut ResponseHead,
    /// What goes to the client first; reused.
    pub inbound: &'a mut Vec<u8>,
    /// To the client.
    pub writer: &'a mut W,
    /// The client's deadline.
    pub client_deadline: &'a Deadline,
    /// From the server.
    pub reader: &'a mut Reader,
    /// The server's deadline.
    pub server_deadline: &'a Deadline,
    /// The exchange.
    pub exchange: &'a mut Exchange,
    /// Something was received from the server.
    pub began: bool,
}

/// A response that reached the client whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Relayed {
    /// The server's connection can be used again.
    pub server_continues: bool,
    /// The client's connection goes on.
    pub client_continues: bool,
    /// Both connections are a tunnel from now on.
    pub upgraded: bool,
}

/// What kept a response from reaching the client whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The server sent no head.
    NoResponse {
        /// It was silent for too long; else it closed.
        timed_out: bool,
        /// It sent part of one.
        began: bool,
    },
    /// What the server sent is no response.
    BadResponse(Refusal),
    /// A rule refused the response.
    Denied {
        /// What the client gets instead.
        answer: Box<Answer>,
        /// It is the status's own page: an `errorfile` replaces it.
        is_page: bool,
    },
    /// A rule closed the connection.
    Rejected,
    /// The server stopped in the middle of the body.
    Broken {
        /// It was silent for too long; else it closed.
        timed_out: bool,
    },
    /// The client closed.
    ClientGone,
    /// The client took or sent nothing for too long.
    ClientTimedOut,
    /// The client's body is no body.
    BadRequestBody(Refusal),
}

impl<W: ByteSink> ResponsePath<'_, W> {
    /// Relays every interim response and the final one.
    pub async fn relay(&mut self) -> Result<Relayed, Trouble> {
        let waiting = self.exchange.now_ms();
        loop {
            let len = self.receive_head().await?;
            if self.head.is_interim() {
                self.send_interim(len).await?;
                continue;
            }
            self.exchange.timers.response = Some(self.exchange.since_ms(waiting));
            return self.send_final(len).await;
        }
    }

    /// Waits for a whole head; returns its length.
    async fn receive_head(&mut self) -> Result<usize, Trouble> {
        let limit = self.backend.timeouts.inactivity;
        loop {
            if !self.reader.input().is_empty() {
                self.began = true;
                let bytes = self.reader.bytes();
                match self.head.parse(bytes, self.method, &self.limits) {
                    Ok(Parsed::Complete { len }) => return Ok(len),
                    Ok(Parsed::Partial) => {}
                    Err(refusal) => return Err(Trouble::BadResponse(refusal)),
                }
            }
            self.server_deadline.set(limit, Expiry::Both);
            match self.reader.fill().await {
                Ok(1..) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => {
                    return Err(Trouble::NoResponse {
                        timed_out: self.server_deadline.has_expired(),
                        began: self.began,
                    });
                }
            }
        }
    }

    /// 100 and its like go to clients that know them.
    async fn send_interim(&mut self, len: usize) -> Result<(), Trouble> {
        self.inbound.clear();
        if self.client_version == Version::Http11 {
            self.head.encode_into(self.reader.bytes(), self.inbound);
        }
        self.reader.input().consume(len);
        self.send_inbound().await
    }

    async fn send_final(&mut self, len: usize) -> Result<Relayed, Trouble> {
        self.server_deadline.clear();
        let server_continues = self.head.is_persistent();
        self.judge()?;
        let original = self.reader.bytes();
        if let Some(texts) = &mut self.exchange.texts {
            let headers = &self.head.headers;
            texts.response_captures = self
                .frontend
                .log
                .response_captures
                .iter()
                .map(|(name, len)| {
                    headers
                        .named(original, name.as_bytes())
                        .last()
                        .map(|(_, value)| cut(value, *len))
                })
                .collect();
            if let Some((name, len)) = &self.frontend.log.cookie_capture {
                texts.response_cookie = headers
                    .values(original, KnownHeader::SetCookie)
                    .filter_map(|(_, value)| http1::set_cookie_pair(value))
                    .find_map(|cookie| capture_cookie(cookie, name, *len));
            }
        }
        if let Some(cookie) = &self.backend.cookie {
            self.exchange.termination.response_cookie = persistence::write_response(
                cookie,
                self.server,
                &self.asked,
                self.method,
                self.head,
                original,
                SystemTime::now(),
            );
        }
        let body = self.head.body();
        let upgraded = self.head.status() == 101
            || (self.method == Method::Connect && (200..300).contains(&self.head.status()));
        let client_continues = self.may_continue
            && !self.worker.is_draining()
            && !upgraded
            && body != Body::UntilClose;
        // HTTP/1.0 knows no chunks: such a body ends with the connection.
        let mut unchunk = (self.client_version == Version::Http10 && body == Body::Chunked)
            .then(Unchunk::default);
        let client_continues = client_continues && unchunk.is_none();
        if unchunk.is_some() {
            self.head
                .headers
                .remove_known(KnownHeader::TransferEncoding);
        }
        edit_response(
            self.head,
            original,
            self.client_version,
            client_continues || upgraded,
        );
        self.exchange.status = Some(self.head.status());
        self.inbound.clear();
        self.head.encode_into(original, self.inbound);
        if self.frontend.log.early {
            let place = Place {
                worker: self.worker,
                frontend: self.frontend,
                ends: self.ends,
                tls: self.session.tls.is_some(),
            };
            place.log_early(self.exchange, self.inbound.len() as u64);
        }
        let mut scanner = BodyScanner::new(body);
        let mut used = len;
        if !scanner.is_finished() {
            let available = &original[len..];
            let scanned = scanner.scan(available).map_err(Trouble::BadResponse)?;
            let bytes = &available[..scanned.len];
            match &mut unchunk {
                Some(unchunk) => unchunk.append_data(bytes, self.inbound),
                None => self.inbound.extend_from_slice(bytes),
            }
            used += scanned.len;
        }
        self.reader.input().consume(used);
        self.send_inbound().await?;
        if !scanner.is_finished() {
            self.send_body(&mut scanner, unchunk).await?;
        }
        Ok(Relayed {
            server_continues,
            client_continues,
            upgraded,
        })
    }

    /// Runs the backend's rules, then the frontend's.
    fn judge(&mut self) -> Result<(), Trouble> {
        let original = self.reader.bytes();
        let both = [self.backend.program(), self.frontend.program()];
        let count = if self.backend.proxy == self.frontend.proxy {
            1
        } else {
            2
        };
        let answered = Answered {
            method: self.method,
            version: self.client_version,
        };
        for program in &both[..count] {
            if !program.has_response_rules() {
                continue;
            }
            match program.response(&self.session, answered, self.head, original) {
                Verdict::Continue => {}
                Verdict::Deny { answer, is_page } | Verdict::Tarpit { answer, is_page } => {
                    return Err(Trouble::Denied {
                        answer: Box::new(answer),
                        is_page,
                    });
                }
                Verdict::Answer(answer) => {
                    return Err(Trouble::Denied {
                        answer: Box::new(answer),
                        is_page: false,
                    });
                }
                Verdict::Reject => return Err(Trouble::Rejected),
            }
        }
        Ok(())
    }

    /// The rest of the body, sent from the buffer that it was received in.
    async fn send_body(
        &mut self,
        scanner: &mut BodyScanner,
        mut unchunk: Option<Unchunk>,
    ) -> Result<(), Trouble> {
        let limit = self.backend.timeouts.inactivity;
        while !scanner.is_finished() {
            if self.reader.input().is_empty() {
                self.server_deadline.set(limit, Expiry::Both);
                match self.reader.fill().await {
                    Ok(1..) => {}
                    Ok(_)
                        if matches!(scanner, BodyScanner::UntilClose)
                            && !self.server_deadline.has_expired() =>
                    {
                        return Ok(());
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Ok(_) | Err(_) => {
                        let timed_out = self.server_deadline.has_expired();
                        return Err(Trouble::Broken { timed_out });
                    }
                }
                self.server_deadline.clear();
            }
            let scanned = scanner
                .scan(self.reader.bytes())
                .map_err(|_| Trouble::Broken { timed_out: false })?;
            if let Some(unchunk) = &mut unchunk {
                self.inbound.clear();
                unchunk.append_data(&self.reader.bytes()[..scanned.len], self.inbound);
                self.reader.input().consume(scanned.len);
                self.send_inbound().await?;
                continue;
            }
            let (bytes, start, end) = self.reader.input().take_front(scanned.len);
            self.client_deadline
                .set(self.frontend.timeouts.inactivity, Expiry::Both);
            let (sent, bytes) = self.writer.send(bytes, start, end).await;
            self.reader.input().give_back(bytes);
            self.reader.input().consume(scanned.len);
            sent.map_err(|_| self.client_trouble())?;
            self.exchange.bytes_out += scanned.len as u64;
        }
        Ok(())
    }

    async fn send_inbound(&mut self) -> Result<(), Trouble> {
        let bytes = std::mem::take(self.inbound);
        let len = bytes.len();
        self.client_deadline
            .set(self.frontend.timeouts.inactivity, Expiry::Both);
        let (sent, bytes) = self.writer.send(bytes, 0, len).await;
        *self.inbound = bytes;
        sent.map_err(|_| self.client_trouble())?;
        self.exchange.bytes_out += len as u64;
        Ok(())
    }

    fn client_trouble(&self) -> Trouble {
        if self.client_deadline.has_expired() {
            Trouble::ClientTimedOut
        } else {
            Trouble::ClientGone
        }
    }
}
