//! What a program is evaluated against.

use std::net::SocketAddr;

use http1::{Method, RequestHead, ResponseHead, Version};

/// The facts of a connection that rules can ask for. Cheap to build for each evaluation.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// The client's address; none behind a unix socket.
    pub client: Option<SocketAddr>,
    /// The address that the client connected to; none behind a unix socket.
    pub local: Option<SocketAddr>,
    /// The client's side is TLS.
    pub tls: Option<Tls<'a>>,
    /// The frontend's name.
    pub frontend: &'a str,
    /// The backend's name, once there is one.
    pub backend: Option<&'a str>,
    /// The server's name, once there is one.
    pub server: Option<&'a str>,
    /// Figures that change while the proxy runs.
    pub live: &'a dyn Live,
}

/// What is known of the client's TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tls<'a> {
    /// The server name that the client asked for.
    pub server_name: Option<&'a str>,
    /// Such as `TLSv1.3`.
    pub version: &'a str,
}

/// Figures that change while the proxy runs; proxies are indices of `Config::proxies`.
pub trait Live {
    /// How many servers of a backend take traffic (`nbsrv`).
    fn servers_up(&self, backend: usize) -> u32;
    /// Connections a frontend has now (`fe_conn`).
    fn frontend_connections(&self, frontend: usize) -> u64;
    /// Connections a backend has now (`be_conn`).
    fn backend_connections(&self, backend: usize) -> u64;
    /// Requests that wait in a backend's queues now (`queue`).
    fn queued(&self, backend: usize) -> u64;
}

/// A request with the buffer that it was parsed from.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The head, as edited so far.
    pub head: &'a RequestHead,
    /// The buffer, unchanged since parsing.
    pub original: &'a [u8],
}

/// What is still known of a request once its response has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Its method.
    pub method: Method,
    /// Its version.
    pub version: Version,
}

/// A response with the buffer that it was parsed from.
#[derive(Clone, Copy)]
pub struct Response<'a> {
    /// The head, as edited so far.
    pub head: &'a ResponseHead,
    /// The buffer, unchanged since parsing.
    pub original: &'a [u8],
}

/// Everything that a sample can be fetched from. A response program has no request any more, only
/// what was kept of it; it is compiled so that it asks for no more.
#[derive(Clone, Copy)]
pub(crate) struct Facts<'a> {
    pub(crate) session: &'a Session<'a>,
    pub(crate) request: Option<Request<'a>>,
    pub(crate) answered: Option<Answered>,
    pub(crate) response: Option<Response<'a>>,
}

impl<'a> Facts<'a> {
    /// The request's method; none for one that is not known by name once the response has come.
    pub(crate) fn method(&self) -> Option<&'a [u8]> {
        match self.request {
            Some(request) => Some(request.head.method_text(request.original)),
            None => Some(self.answered?.method.name()?.as_bytes()),
        }
    }

    /// The request's version.
    pub(crate) fn version(&self) -> Option<Version> {
        match self.request {
            Some(request) => Some(request.head.version()),
            None => Some(self.answered?.version),
        }
    }
}
