//! TLS on the client's side.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use crate::support::{DEFAULTS, Origin, PATIENCE, Proxy, Reply, body, ok};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, StreamOwned};

const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/tls/both.pem");

/// Trusts everybody: these tests are about the stream.
#[derive(Debug)]
struct TrustAll(Arc<CryptoProvider>);

impl ServerCertVerifier for TrustAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

type Secure = StreamOwned<ClientConnection, TcpStream>;

fn connect(proxy: &Proxy, version: &'static rustls::SupportedProtocolVersion) -> Secure {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .expect("the provider has every version")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(TrustAll(provider)))
        .with_no_client_auth();
    let name = ServerName::try_from("test.example").expect("a name");
    let session = ClientConnection::new(Arc::new(config), name).expect("a session");
    let stream = TcpStream::connect(proxy.address).expect("the balancer accepts");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a limit can be set");
    StreamOwned::new(session, stream)
}

fn proxy_to(origin: &Origin, mode: &str) -> Proxy {
    Proxy::start(&format!(
        "{DEFAULTS}  log 127.0.0.1:1 local0\nlisten test\n  mode {mode}\n  bind {{fe}} ssl crt {CERTIFICATE}\n  server s {}\n",
        origin.address
    ))
}

fn exchange(stream: &mut Secure, request: &str) -> String {
    stream.write_all(request.as_bytes()).expect("it is read");
    let mut received = Vec::new();
    let mut buffer = [0; 4_096];
    loop {
        let count = stream.read(&mut buffer).expect("a response");
        received.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&received).into_owned();
        let expected: Option<usize> =
            crate::support::header(&text, "content-length").and_then(|len| len.parse().ok());
        if text.contains("\r\n\r\n") && expected == Some(body(&text).len()) {
            return text;
        }
        assert!(count > 0, "ended after {text}");
    }
}

#[test]
fn requests_and_large_bodies_pass_in_both_versions() {
    let origin = Origin::start(|request| Reply::Send(ok(body(request))));
    let mut proxy = proxy_to(&origin, "http");
    let large = "0123456789".repeat(30_000);
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let mut client = connect(&proxy, version);
        for text in ["hello", &large, "again"] {
            let request = format!(
                "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{text}",
                text.len()
            );
            assert_eq!(body(&exchange(&mut client, &request)), text);
            assert!(proxy.record().tls);
        }
    }
    assert_eq!(
        proxy
            .balancer
            .snapshot
            .process
            .counters
            .total()
            .tls_connections_total,
        2
    );
}

#[test]
fn a_plaintext_client_gets_nothing() {
    let origin = Origin::saying("x");
    let proxy = proxy_to(&origin, "http");
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    assert!(!client.rest().contains("HTTP"));
    assert_eq!(origin.connections(), 0);
}

#[test]
fn tcp_mode_ends_tls_too() {
    let origin = Origin::start(|_| Reply::Echo("echo:".into()));
    let proxy = proxy_to(&origin, "tcp");
    let mut client = connect(&proxy, &rustls::version::TLS13);
    client.write_all(b"\r\n\r\n").expect("it is read");
    let mut start = [0; 5];
    client.read_exact(&mut start).expect("five bytes");
    assert_eq!(&start, b"echo:");
    client.write_all(b"hello").expect("it is read");
    client.read_exact(&mut start).expect("five bytes");
    assert_eq!(&start, b"hello");
    client.conn.send_close_notify();
    client.flush().expect("said");
    assert_eq!(client.read(&mut start).expect("a clean end"), 0);
}
