//! Certificates that nobody should trust, and those who show them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use cluster::keys::{Authority, issue};
use cluster::transport::PROTOCOL;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{ClientConfig, Connection, ConnectionError, Endpoint};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};

use crate::support::{CLUSTER, PATIENCE};

/// A certificate and its key.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

/// How long a forged certificate is valid.
#[derive(Clone, Copy)]
pub enum Dates {
    Timeless,
    UntilYear(i32),
}

impl Identity {
    fn new(certificate_pem: &str, key_pem: &str) -> Self {
        Self {
            certificate: CertificateDer::from_pem_slice(certificate_pem.as_bytes()).unwrap(),
            key: PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).unwrap(),
        }
    }

    pub fn issued(authority: &Authority, cluster: &str, node: u32) -> Self {
        let issued = issue(authority, cluster, node, "host").unwrap();
        Self::new(&issued.certificate_pem, &issued.key_pem)
    }

    pub fn of_authority(authority: &Authority) -> Self {
        Self::new(&authority.certificates_pem, &authority.key_pem)
    }

    pub fn self_signed(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = parameters(&[name], Dates::Timeless).self_signed(&key);
        Self::new(&certificate.unwrap().pem(), &key.serialize_pem())
    }

    /// Issued by the cluster's authority, as somebody could who got hold of its key.
    pub fn forge(authority: &Authority, names: &[&str], dates: Dates) -> Self {
        let mut issuer = CertificateParams::new([]).unwrap();
        issuer.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        issuer.distinguished_name = rcgen::DistinguishedName::new();
        let name = &mut issuer.distinguished_name;
        name.push(DnType::OrganizationName, "Evenkeel");
        name.push(DnType::CommonName, format!("authority of {CLUSTER}"));
        let issuer = Issuer::new(issuer, KeyPair::from_pem(&authority.key_pem).unwrap());
        let key = KeyPair::generate().unwrap();
        let certificate = parameters(names, dates).signed_by(&key, &issuer).unwrap();
        Self::new(&certificate.pem(), &key.serialize_pem())
    }
}

fn parameters(names: &[&str], dates: Dates) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut parameters = CertificateParams::new(names).unwrap();
    parameters.not_before = date_time_ymd(1975, 1, 1);
    parameters.not_after = match dates {
        Dates::Timeless => date_time_ymd(9999, 12, 31),
        Dates::UntilYear(year) => date_time_ymd(year, 12, 31),
    };
    parameters
}

/// Somebody who speaks QUIC and trusts everybody.
pub struct Stranger {
    pub identity: Option<Identity>,
    pub from: IpAddr,
    pub protocol: &'static str,
}

impl Stranger {
    pub fn with(identity: Option<Identity>) -> Self {
        Self {
            identity,
            from: Ipv4Addr::LOCALHOST.into(),
            protocol: PROTOCOL,
        }
    }

    fn client(self) -> ClientConfig {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(TrustsEverybody));
        let mut tls = match self.identity {
            Some(identity) => builder
                .with_client_auth_cert(vec![identity.certificate], identity.key)
                .unwrap(),
            None => builder.with_no_client_auth(),
        };
        tls.alpn_protocols = vec![self.protocol.as_bytes().to_vec()];
        ClientConfig::new(Arc::new(QuicClientConfig::try_from(tls).unwrap()))
    }

    /// A connection to `address`, if the handshake ends well on this side.
    pub async fn connect(
        self,
        address: SocketAddr,
    ) -> Result<(Endpoint, Connection), ConnectionError> {
        let endpoint = Endpoint::client(SocketAddr::new(self.from, 0)).unwrap();
        let connection = endpoint
            .connect_with(self.client(), address, "anybody")
            .unwrap()
            .await?;
        Ok((endpoint, connection))
    }

    /// Why `address` ends the connection.
    pub async fn dial(self, address: SocketAddr) -> String {
        let heard = async {
            match self.connect(address).await {
                Ok((_endpoint, connection)) => connection.closed().await,
                Err(error) => error,
            }
        };
        match tokio::time::timeout(PATIENCE, heard).await {
            Ok(error) => error.to_string(),
            Err(_) => panic!("nobody has refused"),
        }
    }

    /// Accepts at `address`, whoever comes, for as long as the endpoint is kept.
    pub fn accept(self, address: SocketAddr) -> Endpoint {
        let identity = self.identity.expect("who accepts has a certificate");
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.certificate], identity.key)
            .unwrap();
        tls.alpn_protocols = vec![self.protocol.as_bytes().to_vec()];
        let tls = QuicServerConfig::try_from(tls).unwrap();
        let server = quinn::ServerConfig::with_crypto(Arc::new(tls));
        let endpoint = Endpoint::server(server, address).unwrap();
        let accepting = endpoint.clone();
        tokio::spawn(async move {
            while let Some(incoming) = accepting.accept().await {
                tokio::spawn(async move {
                    if let Ok(connection) = incoming.await {
                        let _ = tokio::time::timeout(Duration::from_secs(60), connection.closed())
                            .await;
                    }
                });
            }
        });
        endpoint
    }
}

#[derive(Debug)]
struct TrustsEverybody;

impl ServerCertVerifier for TrustsEverybody {
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

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
