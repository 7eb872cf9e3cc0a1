//! Which certificate a client gets, by the name it asked for (SNI).

use std::collections::HashMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The certificates of one bind line by the names inside them. The first certificate is the default
/// one. A name has several where they differ in kind (RSA, ECDSA); the client's signature schemes
/// decide.
#[derive(Debug)]
pub(super) struct CertificateSelection {
    default: Vec<Arc<CertifiedKey>>,
    by_name: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// `strict-sni`: without a match there is no certificate, and the handshake fails.
    strict: bool,
}

impl CertificateSelection {
    pub(super) fn new(certificates: Vec<Arc<CertifiedKey>>, strict: bool) -> Self {
        let mut by_name: HashMap<String, Vec<Arc<CertifiedKey>>> = HashMap::new();
        for certificate in &certificates {
            for name in names(certificate) {
                by_name
                    .entry(name)
                    .or_default()
                    .push(Arc::clone(certificate));
            }
        }
        Self {
            default: certificates,
            by_name,
            strict,
        }
    }

    /// An exact name wins over a wildcard, which stands for one label.
    fn candidates(&self, server_name: Option<&str>) -> &[Arc<CertifiedKey>] {
        let found = server_name.and_then(|name| {
            let name = name.to_ascii_lowercase();
            self.by_name.get(&name).or_else(|| {
                let (_, parent) = name.split_once('.')?;
                self.by_name.get(&format!("*.{parent}"))
            })
        });
        match found {
            Some(certificates) => certificates,
            None if self.strict => &[],
            None => &self.default,
        }
    }
}

impl ResolvesServerCert for CertificateSelection {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let candidates = self.candidates(hello.server_name());
        candidates
            .iter()
            .find(|key| key.key.choose_scheme(hello.signature_schemes()).is_some())
            .or(candidates.first())
            .map(Arc::clone)
    }
}

/// The DNS names in a certificate's subjectAltName, in lower case. A certificate that only has a
/// common name serves as default certificate alone.
fn names(certificate: &CertifiedKey) -> Vec<String> {
    certificate
        .cert
        .first()
        .and_then(|der| webpki::EndEntityCert::try_from(der).ok())
        .map(|parsed| {
            parsed
                .valid_dns_names()
                .map(str::to_ascii_lowercase)
                .collect()
        })
        .unwrap_or_default()
}
