//! Is this a node of our cluster, and which one?

use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::name::{self, Named};
use crate::NodeId;

/// The instant with which the dates of certificates are compared, in seconds since 1970:
/// 1 January 2030, whatever the clock says.
pub const VALIDITY_CHECKED_AT_S: u64 = 1_893_456_000;

/// Which end of a connection presents a certificate (RFC 5280, 4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// The end that dialled: `clientAuth`.
    Dialling,
    /// The end that accepted: `serverAuth`.
    Accepting,
}

/// Why a certificate is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// None was presented.
    #[error("no certificate")]
    Missing,
    /// Not X.509 as RFC 5280 has it.
    #[error("a certificate that is not understood: {0}")]
    Unreadable(String),
    /// Not issued by an authority of this cluster.
    #[error("a certificate of an authority that this cluster does not trust")]
    UnknownAuthority,
    /// Not valid at [`VALIDITY_CHECKED_AT_S`].
    #[error(
        "a certificate whose dates do not cover 2030-01-01, with which they are compared in place \
         of the clock"
    )]
    Dates,
    /// Any other fault in the chain.
    #[error("a certificate that does not verify: {0}")]
    Invalid(String),
    /// Issued for another cluster.
    #[error("a certificate for another cluster: {0}")]
    OtherCluster(String),
    /// No name of a node in it.
    #[error("a certificate that names no node of a cluster")]
    Nameless,
    /// Issued for another node.
    #[error("the certificate of node {found} where node {expected} was expected")]
    OtherNode {
        /// The node whose keys these should be.
        expected: NodeId,
        /// The node in the certificate.
        found: NodeId,
    },
    /// The address of one node was dialled, and another one answered.
    #[error("the certificate of node {found}, which is not the one that was dialled")]
    NotDialled {
        /// The node in the certificate.
        found: NodeId,
    },
}

/// The node of `cluster` that presents `certificates`.
pub(super) fn node(
    authorities: &[TrustAnchor<'_>],
    cluster: &str,
    certificates: &[CertificateDer<'_>],
    usage: Usage,
) -> Result<NodeId, Untrusted> {
    let (own, intermediates) = certificates.split_first().ok_or(Untrusted::Missing)?;
    let own =
        EndEntityCert::try_from(own).map_err(|error| Untrusted::Unreadable(error.to_string()))?;
    own.verify_for_usage(
        aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .all,
        authorities,
        intermediates,
        UnixTime::since_unix_epoch(Duration::from_secs(VALIDITY_CHECKED_AT_S)),
        match usage {
            Usage::Dialling => KeyUsage::client_auth(),
            Usage::Accepting => KeyUsage::server_auth(),
        },
        None,
        None,
    )
    .map_err(|error| match error {
        webpki::Error::UnknownIssuer
        | webpki::Error::InvalidSignatureForPublicKey
        | webpki::Error::CaUsedAsEndEntity => Untrusted::UnknownAuthority,
        webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => {
            Untrusted::Dates
        }
        error => Untrusted::Invalid(error.to_string()),
    })?;
    named(&own, cluster)
}

/// One certificate, one node: with two names nobody could say who is speaking.
fn named(certificate: &EndEntityCert<'_>, cluster: &str) -> Result<NodeId, Untrusted> {
    let mut found = None;
    let mut foreign = None;
    for name in certificate.valid_dns_names() {
        match name::read(name, cluster) {
            Named::Node(node) if found.is_none() => found = Some(node),
            Named::Node(_) => {
                return Err(Untrusted::Invalid("it names two nodes".to_owned()));
            }
            Named::OtherCluster => foreign = Some(name),
            Named::Nothing => {}
        }
    }
    match (found, foreign) {
        (Some(node), _) => Ok(node),
        (None, Some(name)) => Err(Untrusted::OtherCluster(name.to_owned())),
        (None, None) => Err(Untrusted::Nameless),
    }
}
