//! TLS on both ends: 1.3 only, both show a certificate, and the cluster's rules decide on it.

use std::fmt;
use std::sync::Arc;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use super::PROTOCOL;
use crate::keys::{Keys, Untrusted, Usage, certificate_name};

/// What TLS needs on the end that dials.
pub(super) fn client(keys: &Arc<Keys>) -> Result<QuicClientConfig, Error> {
    let config = client_config(keys)?;
    QuicClientConfig::try_from(config).map_err(|error| Error::General(error.to_string()))
}

/// The same before it is QUIC's.
pub(crate) fn client_config(keys: &Arc<Keys>) -> Result<rustls::ClientConfig, Error> {
    let provider = provider();
    let mut config = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier::new(keys, &provider)))
        .with_client_auth_cert(keys.certificates().to_vec(), keys.key().clone_key())?;
    config.alpn_protocols = vec![PROTOCOL.as_bytes().to_vec()];
    // A resumed session would not show its certificate again, whatever has become of it.
    config.resumption = Resumption::disabled();
    // The server needs no name to choose a certificate, and others need not read it on the wire.
    config.enable_sni = false;
    Ok(config)
}

/// What TLS needs on the end that accepts.
pub(super) fn server(keys: &Arc<Keys>) -> Result<QuicServerConfig, Error> {
    let provider = provider();
    let trusted = keys.clone();
    let mut config = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verify_clients(move |certificates| {
            trusted.verify(certificates, Usage::Dialling).map(drop)
        }))
        .with_single_cert(keys.certificates().to_vec(), keys.key().clone_key())?;
    config.alpn_protocols = vec![PROTOCOL.as_bytes().to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    QuicServerConfig::try_from(config).map_err(|error| Error::General(error.to_string()))
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Asks [`Keys::verify`] on either end. The clock that rustls offers is left aside.
#[derive(Debug)]
struct Verifier {
    keys: Arc<Keys>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn new(keys: &Arc<Keys>, provider: &CryptoProvider) -> Self {
        Self {
            keys: keys.clone(),
            algorithms: provider.signature_verification_algorithms,
        }
    }

    fn verify(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        usage: Usage,
    ) -> Result<crate::NodeId, Untrusted> {
        let mut certificates = vec![own.clone()];
        certificates.extend_from_slice(intermediates);
        self.keys.verify(&certificates, usage)
    }
}

/// As words: the reason goes to the other end in the words in which this end logs it, and rustls'
/// own kinds of certificate errors have no room for them.
fn refuse(why: Untrusted) -> Error {
    Error::General(why.to_string())
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        dialled: &ServerName<'_>,
        _ocsp: &[u8],
        _clock: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = self
            .verify(own, intermediates, Usage::Accepting)
            .map_err(refuse)?;
        if certificate_name(self.keys.cluster(), found) == dialled.to_str() {
            return Ok(ServerCertVerified::assertion());
        }
        Err(refuse(Untrusted::NotDialled { found }))
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Lets those pass whose certificates (their own first) `verify` trusts.
pub(crate) fn verify_clients(
    verify: impl Fn(&[CertificateDer<'_>]) -> Result<(), Untrusted> + Send + Sync + 'static,
) -> Arc<dyn ClientCertVerifier> {
    Arc::new(Clients {
        verify: Box::new(verify),
        algorithms: provider().signature_verification_algorithms,
    })
}

type Verify = dyn Fn(&[CertificateDer<'_>]) -> Result<(), Untrusted> + Send + Sync;

/// The accepting end's view of those who dial.
struct Clients {
    verify: Box<Verify>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}

impl ClientCertVerifier for Clients {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _clock: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let mut certificates = vec![own.clone()];
        certificates.extend_from_slice(intermediates);
        (self.verify)(&certificates)
            .map(|()| ClientCertVerified::assertion())
            .map_err(refuse)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(no_tls12())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn no_tls12() -> Error {
    Error::General("TLS 1.2 is not spoken here".to_owned())
}
