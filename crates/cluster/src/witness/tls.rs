//! TLS between nodes and a witness: the name that is dialled chooses the cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::Error;
use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{PROTOCOL, WITNESS_NODE};
use crate::keys::{Keys, Untrusted, Usage, certificate_name};
use crate::transport::tls;

/// The clusters that a witness serves, by the name under which each dials it.
pub(super) type Clusters = BTreeMap<String, Arc<Keys>>;

/// What a node needs to dial its witness.
pub(super) fn client(keys: &Arc<Keys>) -> Result<QuicClientConfig, Error> {
    let mut config = tls::client_config(keys)?;
    config.alpn_protocols = vec![PROTOCOL.as_bytes().to_vec()];
    config.enable_sni = true;
    QuicClientConfig::try_from(config).map_err(|error| Error::General(error.to_string()))
}

/// The name under which a cluster's nodes dial its witness.
pub(super) fn dialled(cluster: &str) -> String {
    certificate_name(cluster, WITNESS_NODE)
}

/// What a witness needs to be dialled.
pub(super) fn server(clusters: &Arc<Clusters>) -> Result<QuicServerConfig, Error> {
    let provider = tls::provider();
    let mut certified = BTreeMap::new();
    for (name, keys) in clusters.iter() {
        let key = CertifiedKey::from_der(
            keys.certificates().to_vec(),
            keys.key().clone_key(),
            &provider,
        )?;
        certified.insert(name.clone(), Arc::new(key));
    }
    let all = clusters.clone();
    let verify = move |certificates: &[CertificateDer<'_>]| anyone(&all, certificates);
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(tls::verify_clients(verify))
        .with_cert_resolver(Arc::new(ByName(certified)));
    config.alpn_protocols = vec![PROTOCOL.as_bytes().to_vec()];
    config.send_tls13_tickets = 0;
    QuicServerConfig::try_from(config).map_err(|error| Error::General(error.to_string()))
}

/// Any node of any cluster passes the handshake; of which one it is, is looked at afterwards.
fn anyone(clusters: &Clusters, certificates: &[CertificateDer<'_>]) -> Result<(), Untrusted> {
    let mut why = Untrusted::UnknownAuthority;
    for keys in clusters.values() {
        match keys.verify(certificates, Usage::Dialling) {
            Ok(_node) => return Ok(()),
            Err(Untrusted::UnknownAuthority) => {}
            Err(untrusted) => why = untrusted,
        }
    }
    Err(why)
}

/// The certificate of the cluster that is dialled.
#[derive(Debug)]
struct ByName(BTreeMap<String, Arc<CertifiedKey>>);

impl ResolvesServerCert for ByName {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.get(hello.server_name()?).cloned()
    }
}
