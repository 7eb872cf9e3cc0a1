//! Making an authority, and certificates with it.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use super::{KeysError, Untrusted, Usage, certificate_name, trust_anchors, verify};
use crate::NodeId;

/// The longest common name in a certificate, in characters (RFC 5280, `ub-common-name`).
const MAX_COMMON_NAME: usize = 64;

/// A certificate authority: who holds its key can make nodes of the cluster.
pub struct Authority {
    /// Its certificate, PEM; every node has it. Others that are trusted, too, may stand in it.
    pub certificates_pem: String,
    /// Its key, PEM (PKCS #8). Kept where new nodes are made, and nowhere else.
    pub key_pem: String,
}

/// A node's certificate and key, as they go to that node.
pub struct Issued {
    /// The certificate, PEM.
    pub certificate_pem: String,
    /// Its key, PEM (PKCS #8).
    pub key_pem: String,
}

/// Makes a new authority for `cluster`, with a key of its own (ECDSA, P-256).
///
/// # Errors
///
/// Where the library refuses; it does not for any name of a cluster.
pub fn create_authority(cluster: &str) -> Result<Authority, KeysError> {
    let key = KeyPair::generate()?;
    let certificate = authority_parameters(cluster)?.self_signed(&key)?;
    Ok(Authority {
        certificates_pem: certificate.pem(),
        key_pem: key.serialize_pem(),
    })
}

/// Makes a certificate and key for `node` of `cluster`. `node_name` is for humans who look at it.
///
/// # Errors
///
/// [`KeysError::ForeignAuthority`] where the certificate could not be verified with the
/// authority's own; [`KeysError::NodeZero`]; [`KeysError::Text`] for a key that is none.
pub fn issue(
    authority: &Authority,
    cluster: &str,
    node: NodeId,
    node_name: &str,
) -> Result<Issued, KeysError> {
    if node == 0 {
        return Err(KeysError::NodeZero);
    }
    let authority_key = KeyPair::from_pem(&authority.key_pem).map_err(|error| KeysError::Text {
        file: super::AUTHORITY_KEY,
        why: error.to_string(),
    })?;
    let issuer = Issuer::new(authority_parameters(cluster)?, authority_key);

    let key = KeyPair::generate()?;
    let mut parameters = CertificateParams::new([certificate_name(cluster, node)])?;
    timeless(&mut parameters);
    name(
        &mut parameters,
        &format!("node {node} ({node_name}) of {cluster}"),
    );
    parameters.use_authority_key_identifier_extension = true;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    let issued = Issued {
        certificate_pem: parameters.signed_by(&key, &issuer)?.pem(),
        key_pem: key.serialize_pem(),
    };
    check(authority, cluster, &issued)?;
    Ok(issued)
}

/// What is issued is looked at with a peer's eyes before anybody gets it.
fn check(authority: &Authority, cluster: &str, issued: &Issued) -> Result<(), KeysError> {
    let authorities = trust_anchors(&authority.certificates_pem)?;
    let certificate = CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes())
        .map_err(|error| KeysError::pem(super::NODE_CERTIFICATE, &error))?;
    match verify::node(&authorities, cluster, &[certificate], Usage::Accepting) {
        Ok(_) => Ok(()),
        Err(Untrusted::UnknownAuthority) => Err(KeysError::ForeignAuthority),
        Err(why) => Err(KeysError::Own(why)),
    }
}

/// The same for the same cluster, so that the issuer's name needs not be read from its certificate.
fn authority_parameters(cluster: &str) -> Result<CertificateParams, KeysError> {
    let mut parameters = CertificateParams::new([])?;
    timeless(&mut parameters);
    name(&mut parameters, &format!("authority of {cluster}"));
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(parameters)
}

/// Valid before the clock of any machine, and without end (RFC 5280, 4.1.2.5).
fn timeless(parameters: &mut CertificateParams) {
    parameters.not_before = date_time_ymd(1975, 1, 1);
    parameters.not_after = date_time_ymd(9999, 12, 31);
}

fn name(parameters: &mut CertificateParams, common_name: &str) {
    let short: String = common_name.chars().take(MAX_COMMON_NAME).collect();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters
        .distinguished_name
        .push(DnType::OrganizationName, "Evenkeel");
    parameters
        .distinguished_name
        .push(DnType::CommonName, short);
}
