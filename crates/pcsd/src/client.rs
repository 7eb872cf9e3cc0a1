//! The other end: commands ask a host's pcsd, and wait for what it says.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pcsd_api::{
    Answer, Call, CallError, Destination, FrameError, KnownHost, MAX_FRAME_BYTES, Request, Secret,
    decode, encode, length,
};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
};
use sha2::{Digest, Sha256};
use socket2::{SockRef, TcpKeepalive};

use crate::Place;
use crate::tokens::hexadecimal;

/// A peer that is silent for so long is asked whether it is still there; what it does may take longer.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// Asks a host that is known. `limit`: for the connection, and for each silence while the request is
/// carried out, unless that is known to take long.
///
/// # Errors
/// Where it does not answer, or refuses.
pub fn ask_host(host: &KnownHost, request: &Request, limit: Duration) -> Result<Answer, CallError> {
    let call = Call {
        token: Some(host.token.clone()),
        request: request.clone(),
    };
    let pin = Arc::new(Pin::expecting(&host.certificate));
    exchange_with(&host.destinations, &call, &pin, limit)
}

/// Shows a host the password. Answers what is to be known of it from now on. `expected`: what it has
/// shown before, where it is to be the same.
///
/// # Errors
/// Where it does not answer, or refuses.
pub fn authenticate(
    destinations: &[Destination],
    user: &str,
    password: &Secret,
    expected: Option<&str>,
    limit: Duration,
) -> Result<KnownHost, CallError> {
    let call = Call {
        token: None,
        request: Request::Authenticate {
            user: user.to_owned(),
            password: password.clone(),
        },
    };
    let pin = Arc::new(expected.map_or_else(Pin::default, Pin::expecting));
    match exchange_with(destinations, &call, &pin, limit)? {
        Answer::Token(token) => Ok(KnownHost {
            destinations: destinations.to_vec(),
            token,
            certificate: pin.shown(),
        }),
        answer => Err(CallError::Odd(format!("{answer:?}"))),
    }
}

/// Asks the pcsd of this machine.
///
/// # Errors
/// Where it does not run, or refuses.
pub fn ask_local(place: &Place, request: &Request) -> Result<Answer, CallError> {
    let call = Call {
        token: None,
        request: request.clone(),
    };
    let mut stream = UnixStream::connect(&place.socket).map_err(unreachable)?;
    exchange(&mut stream, &call)
}

fn exchange_with(
    destinations: &[Destination],
    call: &Call,
    pin: &Arc<Pin>,
    limit: Duration,
) -> Result<Answer, CallError> {
    let stream = connect(destinations, limit)?;
    let name = ServerName::try_from("pcsd.keel").expect("it is a DNS name");
    let session = ClientConnection::new(Arc::new(config(pin)?), name).map_err(odd)?;
    // One that stops a daemon waits for it as long as it takes; keepalive tells of a dead peer.
    let waits_long = matches!(
        call.request,
        Request::Start { .. } | Request::Stop | Request::Destroy | Request::Commit { .. }
    );
    let mut stream = StreamOwned::new(session, stream);
    // The handshake is to be done within the limit in any case.
    while stream.conn.is_handshaking() {
        if let Err(error) = stream.conn.complete_io(&mut stream.sock) {
            return Err(if pin.is_other() {
                CallError::OtherCertificate
            } else {
                unreachable(error)
            });
        }
    }
    if waits_long {
        stream.sock.set_read_timeout(None).map_err(unreachable)?;
    }
    exchange(&mut stream, call)
}

fn connect(destinations: &[Destination], limit: Duration) -> Result<TcpStream, CallError> {
    let mut why = CallError::Unreachable("it has no address".to_owned());
    for destination in destinations {
        let host = &destination.address;
        let addresses = match (host.as_str(), destination.port).to_socket_addrs() {
            Ok(addresses) => addresses,
            Err(_) => {
                why = CallError::Unreachable(format!("Could not resolve host: {host}"));
                continue;
            }
        };
        for address in addresses {
            match TcpStream::connect_timeout(&address, limit).and_then(|it| prepare(it, limit)) {
                Ok(stream) => return Ok(stream),
                Err(error) => why = unreachable(error),
            }
        }
    }
    Err(why)
}

fn prepare(stream: TcpStream, limit: Duration) -> io::Result<TcpStream> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE)
        .with_retries(3);
    SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
    Ok(stream)
}

fn exchange(stream: &mut (impl Read + Write), call: &Call) -> Result<Answer, CallError> {
    let bytes = encode(call).map_err(odd)?;
    stream.write_all(&bytes).map_err(unreachable)?;
    stream.flush().map_err(unreachable)?;
    let mut header = [0; 4];
    stream.read_exact(&mut header).map_err(unreachable)?;
    let len = length(header, MAX_FRAME_BYTES).map_err(odd)?;
    let mut content = Vec::new();
    stream
        .take(len as u64)
        .read_to_end(&mut content)
        .map_err(unreachable)?;
    match decode(&content).map_err(|error: FrameError| odd(error))? {
        Answer::Refused(refusal) => Err(CallError::Refused(refusal)),
        answer => Ok(answer),
    }
}

fn odd(error: impl ToString) -> CallError {
    CallError::Odd(error.to_string())
}

fn unreachable(error: io::Error) -> CallError {
    let text = match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "Connection timed out".to_owned(),
        _ => error.to_string(),
    };
    let text = text.split(" (os error").next().unwrap_or_default();
    CallError::Unreachable(text.to_owned())
}

fn config(pin: &Arc<Pin>) -> Result<ClientConfig, CallError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(odd)?;
    let mut config = config
        .dangerous()
        .with_custom_certificate_verifier(pin.clone())
        .with_no_client_auth();
    config.enable_sni = false;
    Ok(config)
}

/// The certificate that a host must show, and the one that it shows.
#[derive(Debug)]
struct Pin {
    expected: Option<String>,
    shown: Mutex<String>,
    provider: CryptoProvider,
}

impl Default for Pin {
    fn default() -> Self {
        Self {
            expected: None,
            shown: Mutex::default(),
            provider: rustls::crypto::aws_lc_rs::default_provider(),
        }
    }
}

impl Pin {
    fn expecting(certificate: &str) -> Self {
        Self {
            expected: Some(certificate.to_owned()),
            ..Self::default()
        }
    }

    fn shown(&self) -> String {
        let shown = self.shown.lock();
        shown
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Whether somebody has shown a certificate, and it is not the right one.
    fn is_other(&self) -> bool {
        let shown = self.shown();
        let expected = self.expected.as_ref();
        !shown.is_empty() && expected.is_some_and(|expected| *expected != shown)
    }
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _dialled: &ServerName<'_>,
        _ocsp: &[u8],
        _clock: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = hexadecimal(&Sha256::digest(own));
        *self
            .shown
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = shown;
        if self.is_other() {
            return Err(Error::General(
                "not the certificate that is known".to_owned(),
            ));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 is not spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
